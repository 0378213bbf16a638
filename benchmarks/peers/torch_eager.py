"""The equations written out in torch operations, stepped by a Python loop."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers import BeamWriter, Ids, Peer, Writer
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS

State = list[tuple[Tensor, ...]]  # of every layer: (h,), and c for an LSTM, [rows, H]


def nucleus_draw(logits_BV: Tensor, top_p: float) -> Tensor:
    """One id per row from the nucleus: sort, cumulate, cut, draw."""
    p_BV, order_BV = torch.softmax(logits_BV, -1).sort(-1, descending=True)
    p_BV[p_BV.cumsum(-1) - p_BV >= top_p] = 0
    return order_BV.gather(-1, torch.multinomial(p_BV, 1)).squeeze(-1)


class EagerModel:
    """One product of [x, h] for all gates, as one writes it for speed (the GRU needs two)."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config = checkpoint.config
        weights = {name: torch.from_numpy(t) for name, t in checkpoint.tensors.items()}
        self.embedding = weights["embedding"]
        self.output = weights["output_weight"].T.contiguous(), weights["output_bias"]
        self.layers = []
        for i in range(self.config.layers):
            layer = f"layers.{i}."
            both = torch.cat([weights[layer + "input_weight"], weights[layer + "hidden_weight"]], 1)
            bias = weights.get(layer + "bias", torch.zeros(len(both)))
            self.layers.append((both.T.contiguous(), bias))

    def zero_state(self, rows: int) -> State:
        parts = 2 if self.config.cell == "lstm" else 1
        zeros = torch.zeros(rows, self.config.hidden_size)
        return [(zeros,) * parts for _ in self.layers]

    def step(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """ids [rows] -> logits [rows, V] and the state after them."""
        cell = self._lstm if self.config.cell == "lstm" else self._gru
        x, after = self.embedding[ids], []
        for (weight, bias), before in zip(self.layers, state, strict=True):
            after.append(cell(weight, bias, x, *before))
            x = after[-1][0]
        weight, bias = self.output
        return torch.addmm(bias, x, weight), after

    def _lstm(
        self, weight: Tensor, bias: Tensor, x: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, ...]:
        i, f, g, o = torch.addmm(bias, torch.cat([x, h], 1), weight).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def _gru(self, weight: Tensor, bias: Tensor, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        gates = 2 * self.config.hidden_size
        zr = torch.addmm(bias[:gates], torch.cat([x, h], 1), weight[:, :gates])
        z, r = torch.sigmoid(zr).chunk(2, 1)
        n = torch.tanh(torch.addmm(bias[gates:], torch.cat([x, r * h], 1), weight[:, gates:]))
        return (h + z * (n - h),)


class TorchEager(Peer):
    name = "torch, written out"

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer:
        model = EagerModel(checkpoint)

        @torch.inference_mode()
        def write(positions: int) -> Ids:
            ids, state, written = torch.full((rows,), EOS), model.zero_state(rows), []
            for _ in range(positions):
                logits, state = model.step(ids, state)
                ids = nucleus_draw(logits, top_p)
                written.append(ids.tolist())  # a user wants to see each character
            return np.array(written)

        return write

    def beam_writer(self, checkpoint: Checkpoint) -> BeamWriter:
        model = EagerModel(checkpoint)

        @torch.inference_mode()
        def write(prompts: Ids, width: int, positions: int) -> Ids:
            P, K = len(prompts), width
            state = model.zero_state(P)
            for ids in torch.from_numpy(prompts).T:
                logits, state = model.step(ids, state)
            scores, ids = torch.log_softmax(logits, -1).topk(K)
            state = [tuple(part.repeat_interleave(K, 0) for part in layer) for layer in state]
            texts = ids.reshape(P * K, 1)
            first = torch.arange(P)[:, None] * K
            for _ in range(positions - 1):
                logits, state = model.step(texts[:, -1], state)
                all_scores = scores[..., None] + torch.log_softmax(logits, -1).view(P, K, -1)
                scores, best = all_scores.view(P, -1).topk(K)
                parents = (best // logits.shape[1] + first).view(-1)
                texts = torch.cat([texts[parents], (best % logits.shape[1]).view(-1, 1)], 1)
                state = [tuple(part[parents] for part in layer) for layer in state]
            return texts.view(P, K, positions)[:, 0].numpy()

        return write


PEERS = [TorchEager()]
