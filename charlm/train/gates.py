"""What the gates do: their values for every time, without a loop over time.

Once the states h of all times are known, the gates of all times are one product.
"""

from __future__ import annotations

import torch
from torch import Tensor

from charlm.model.cells import State
from charlm.model.config import GATES
from charlm.train.model import CharModel, Layer, ModelState
from charlm.train.sequence import run_cell


@torch.no_grad()
def gates_of(model: CharModel, ids_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
    """The gates of every layer on a batch, [T, B, H] each, as "layers.0.i".

    Nothing is hidden by dropout. Their ranges: `bounds_of`.
    """
    x_TBI, cell = model.embedding(ids_TB), model.config.cell
    found: dict[str, Tensor] = {}
    for number, (layer, before) in enumerate(zip(model.layers, state, strict=True)):
        assert isinstance(layer, Layer)
        x_TBG = torch.nn.functional.linear(x_TBI, layer.input_weight, layer.bias)
        x_TBI, _ = run_cell(cell, x_TBG, before, layer.hidden_weight)
        gates = _gates(cell, x_TBG, x_TBI, before, layer.hidden_weight)
        found |= {f"layers.{number}.{name}": gates[name] for name in GATES[cell]}
    return found


def bounds_of(name: str) -> tuple[float, float]:
    """The ends of a gate's range: i f o z r go from 0 to 1, g n h from -1 to 1."""
    return (0.0, 1.0) if name[-1] in "ifozr" else (-1.0, 1.0)


def _gates(
    cell: str, x_TBG: Tensor, h_TBH: Tensor, state: State, weight: Tensor
) -> dict[str, Tensor]:
    if cell == "rnn":
        return {"h": h_TBH}
    before_TBH = torch.cat([state[0].unsqueeze(0), h_TBH[:-1]])
    if cell == "lstm":
        i, f, g, o = (x_TBG + before_TBH @ weight.T).chunk(4, dim=2)
        return {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
    size = h_TBH.shape[2]
    z, r = (x_TBG[..., : 2 * size] + before_TBH @ weight[: 2 * size].T).sigmoid().chunk(2, dim=2)
    n = (x_TBG[..., 2 * size :] + (r * before_TBH) @ weight[2 * size :].T).tanh()
    return {"z": z, "r": r, "n": n}
