"""torch's own nn.LSTM or nn.GRU, fed one character at a time.

nn.GRU resets behind the product, another equation with as much work: its texts differ.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.peers import Ids, Peer, Writer
from benchmarks.peers.torch_eager import nucleus_draw
from charlm.model.cells import CELLS
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS

LAYERS = {"gru": nn.GRU, "lstm": nn.LSTM}
#: torch's order of the gates. The z of its GRU is our 1 - z, which is what minus makes of it.
ORDER = {"gru": (("r", 1), ("z", -1), ("n", 1)), "lstm": (("i", 1), ("f", 1), ("g", 1), ("o", 1))}


class LayerModel(nn.Module):
    """Embedding, torch's recurrent layers (batch first), linear map to logits."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        config, tensors = checkpoint.config, checkpoint.tensors
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(tensors["embedding"]))
        self.layers = LAYERS[config.cell](
            config.embedding_size, config.hidden_size, config.layers, config.bias, batch_first=True
        )
        self.output = nn.Linear(config.hidden_size, config.vocabulary_size)
        own = {}
        for i in range(config.layers):
            for kind in ("input", "hidden"):
                weight = tensors[f"layers.{i}.{kind}_weight"]
                own[f"weight_{kind[0]}h_l{i}"] = self._reordered(config.cell, weight)
            if config.bias:
                bias = self._reordered(config.cell, tensors[f"layers.{i}.bias"])
                own |= {f"bias_ih_l{i}": bias, f"bias_hh_l{i}": torch.zeros_like(bias)}
        self.layers.load_state_dict(own)
        output = {"weight": tensors["output_weight"], "bias": tensors["output_bias"]}
        self.output.load_state_dict({name: torch.from_numpy(t) for name, t in output.items()})

    @staticmethod
    def _reordered(cell: str, stacked: np.ndarray) -> torch.Tensor:
        parts = dict(
            zip(CELLS[cell].letters, np.split(stacked, len(CELLS[cell].letters)), strict=True)
        )
        return torch.from_numpy(np.concatenate([sign * parts[g] for g, sign in ORDER[cell]]))

    def forward(self, ids_BT: torch.Tensor, state: object) -> tuple[torch.Tensor, object]:
        """logits [B, V] after the last id, and the state there."""
        h_BTH, state = self.layers(self.embedding(ids_BT), state)
        return self.output(h_BTH[:, -1]), state


class TorchLayer(Peer):
    name = "torch's layer"

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer:
        model = LayerModel(checkpoint)

        @torch.inference_mode()
        def write(positions: int) -> Ids:
            ids, state, written = torch.full((rows,), EOS), None, []
            for _ in range(positions):
                logits, state = model(ids[:, None], state)
                ids = nucleus_draw(logits, top_p)
                written.append(ids.tolist())
            return np.array(written)

        return write


PEERS = [TorchLayer()]
