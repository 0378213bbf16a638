"""The model as one writes it in PyTorch: around torch's own layer, and by a loop over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.models import E, Size, V
from charlm.model.cells import CELLS
from charlm.text.vocabulary import PAD
from charlm.train.loss import masked_cross_entropy

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class AroundLayer(nn.Module):
    """torch's own layer in the middle."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.layers = LAYERS[size.cell](E, size.hidden_size, size.layers)
        self.output = nn.Linear(size.hidden_size, V)

    def forward(self, ids_TB: Tensor) -> Tensor:
        h_TBH, _ = self.layers(self.embedding(ids_TB))
        return self.output(h_TBH)


def lstm_step(x_BG: Tensor, h_BH: Tensor, c_BH: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The new h and c."""
    i, f, g, o = (x_BG + h_BH @ weight).chunk(4, 1)
    c_BH = torch.sigmoid(f) * c_BH + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_BH), c_BH


def gru_step(x_BG: Tensor, h_BH: Tensor, c_BH: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The new h; c is no part of it. The reset stands before the product."""
    H = h_BH.shape[1]
    z, r = torch.sigmoid(x_BG[:, : 2 * H] + h_BH @ weight[:, : 2 * H]).chunk(2, 1)
    n = torch.tanh(x_BG[:, 2 * H :] + (r * h_BH) @ weight[:, 2 * H :])
    return h_BH + z * (n - h_BH), c_BH


STEPS = {"gru": gru_step, "lstm": lstm_step}


class Loop(nn.Module):
    """One layer by its equations, a time after another."""

    def __init__(self, size: Size, step: Callable[..., Any]) -> None:
        super().__init__()
        gates = len(CELLS[size.cell].gates) * size.hidden_size
        self.embedding, self.input = nn.Embedding(V, E), nn.Linear(E, gates)
        self.hidden_weight = nn.Parameter(torch.randn(size.hidden_size, gates) / 16)
        self.output, self.step = nn.Linear(size.hidden_size, V), step

    def forward(self, ids_TB: Tensor) -> Tensor:
        x_TBG, h_TBH = self.input(self.embedding(ids_TB)), []
        h_BH = c_BH = x_TBG.new_zeros(ids_TB.shape[1], len(self.hidden_weight))
        for x_BG in x_TBG:
            h_BH, c_BH = self.step(x_BG, h_BH, c_BH, self.hidden_weight)
            h_TBH.append(h_BH)
        return self.output(torch.stack(h_TBH))


def layer_update(size: Size, device: str = "cpu", **autocast: Any) -> Callable[[Tensor], None]:
    """Of the model around torch's layer, under autocast to bfloat16 unless `enabled` is False."""
    return _update(AroundLayer(size).to(device), device, **autocast)


def loop_update(size: Size) -> Callable[[Tensor], None]:
    """Of the model by a loop, one layer."""
    return _update(Loop(size, STEPS[size.cell]), enabled=False)


def compiled_update(size: Size, whole: bool) -> Callable[[Tensor], None]:
    """The same through `torch.compile`: the whole model, its loop unrolled, or the cell alone."""
    if whole:
        return _update(torch.compile(Loop(size, STEPS[size.cell])), enabled=False)
    return _update(Loop(size, torch.compile(STEPS[size.cell])), enabled=False)


def _update(model: Any, device: str = "cpu", **autocast: Any) -> Callable[[Tensor], None]:
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.001)

    def update(ids_TB: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, **autocast):
            loss = masked_cross_entropy(model(ids_TB[:-1]).float(), ids_TB[1:], PAD)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return update
