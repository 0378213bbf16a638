"""What the gates do: their values for every time, without a loop over time.

Once the states h of all times are known, the gates of all times are one product.
"""

from __future__ import annotations

import torch
from torch import Tensor

from charlm.model.cells import CELLS, Arrays, product_with
from charlm.model.config import ModelConfig
from charlm.train.model import CharModel, Layer, ModelState
from charlm.train.sequence import run_cell

_TORCH = Arrays.of(torch)


@torch.no_grad()
def gates_of(model: CharModel, ids_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
    """The gates of every layer on a batch, [T, B, H] each, as "layers.0.i".

    Nothing is hidden by dropout. Their ranges: `ranges_of`.
    """
    x_TBI, cell = model.embedding(ids_TB), CELLS[model.config.cell]
    found: dict[str, Tensor] = {}
    for number, (layer, before) in enumerate(zip(model.layers, state, strict=True)):
        assert isinstance(layer, Layer)
        x_TBG = torch.nn.functional.linear(x_TBI, layer.input_weight, layer.bias)
        x_TBI, _ = run_cell(cell, x_TBG, before, layer.hidden_weight)
        before_TBH = torch.cat([before[0].unsqueeze(0), x_TBI[:-1]])
        gates = cell.gate_values(_TORCH, x_TBG, before_TBH, product_with(layer.hidden_weight))
        found |= {f"layers.{number}.{letter}": gate_TBH for letter, gate_TBH in gates.items()}
    return found


def ranges_of(config: ModelConfig) -> dict[str, tuple[float, float]]:
    """Between which values the gates of every layer lie, by the names that `gates_of` gives."""
    gates = CELLS[config.cell].gates
    return {
        f"layers.{layer}.{gate.letter}": gate.range
        for layer in range(config.layers)
        for gate in gates
    }
