"""What every unit did at every character of a text: gates and states, for people to look at.

After Karpathy, Johnson and Li 2016, "Visualizing and Understanding Recurrent Networks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.reference.model import ReferenceModel

#: "layers.0.i" -> float32 [T, H]: every gate and state of every layer.
Trace = dict[str, NDArray[np.float32]]


def parts_of(config: ModelConfig) -> tuple[str, ...]:
    """The letters of a layer's gates and states, in the order to show them."""
    return tuple(CELLS[config.cell].parts)


def trace(
    model: ReferenceModel,
    start_id: int,
    ids: Sequence[int],
    goes_on: Callable[[int], bool] = lambda position: True,
) -> Trace:
    """Feed a text of T characters from the zero state; row t is what ids[t] left behind.

    The start id is fed first and has no row. goes_on: asked before each position; False ends
    the trace, whose later rows then stay zero.
    """
    config, states = model.config, CELLS[model.config.cell].states
    found: Trace = {
        f"layers.{layer}.{part}": np.zeros((len(ids), config.hidden_size), np.float32)
        for layer in range(config.layers)
        for part in parts_of(config)
    }
    _, state = model.look(model.initial_state(), start_id)
    for position, id in enumerate(ids):
        if not goes_on(position):
            break
        gates, state = model.look(state, id)
        for layer, (values, after) in enumerate(zip(gates, state, strict=True)):
            named = {part.letter: array for part, array in zip(states, after, strict=True)}
            for letter, value in (values | named).items():
                found[f"layers.{layer}.{letter}"][position] = value
    return found
