"""A model in plain NumPy: the equations of its cell on one row, in double precision.

V vocabulary, E embedding, H hidden
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charlm.errors import InputError
from charlm.model.cells import CELLS, GateValues, Product, State, product_with
from charlm.model.config import Precision
from charlm.reference.arrays import NUMPY, Vector
from charlm.reference.int8 import rounded_state, rounded_weights
from charlm.reference.margin import Margin
from charlm.run.checkpoint import Checkpoint

ModelState = list[State]  # one per layer, each array [H]
Gates = list[GateValues]  # one per layer, each array [H]


class ReferenceModel:
    """A checkpoint's model. A state is a plain value. Raises InputError for an impossible int8.

    margin: at int8, how near any state so far came to being rounded to another 127th.
    """

    def __init__(self, checkpoint: Checkpoint, precision: Precision = "float32") -> None:
        self.config = checkpoint.config
        self.margin = Margin()
        self._cell = CELLS[self.config.cell]
        self._rounds = precision == "int8"
        if self._rounds and not self._cell.bounded:
            raise InputError(
                f"precision int8 is not for cell {self._cell.name}: its state is unbounded"
            )
        if self._rounds:
            self.weights = rounded_weights(checkpoint.tensors, self.config.layers)
        else:
            self.weights = {name: t.astype(np.float64) for name, t in checkpoint.tensors.items()}

    def initial_state(self) -> ModelState:
        """The state before any text: all zero."""
        layers, states, size = self.config.state_shape
        zero = np.zeros(size)
        return [(zero,) * states] * layers

    def step(self, state: ModelState, id: int) -> tuple[ModelState, Vector]:
        """Feed one character: the new state, and the logits [V] of what follows."""
        _, new = self.look(state, id)
        x = self._operand(new[-1][0])
        return new, self.weights["output_weight"] @ x + self.weights["output_bias"]

    def look(self, state: ModelState, id: int) -> tuple[Gates, ModelState]:
        """Feed one character: the gates of every layer, and the new state."""
        weights, x = self.weights, self.weights["embedding"][id]
        gates: Gates = []
        new: ModelState = []
        for layer, old in enumerate(state):
            name = f"layers.{layer}"
            x_G = weights[f"{name}.input_weight"] @ x + weights.get(f"{name}.bias", 0.0)
            gates.append(self._cell.gate_values(NUMPY, x_G, old[0], self._product(name)))
            new.append(self._cell.next_state(NUMPY, gates[-1], old))
            x = self._operand(new[-1][0])
        return gates, new

    def feed(self, state: ModelState, ids: Sequence[int]) -> tuple[ModelState, Vector]:
        """Feed several characters; at least one."""
        for id in ids:
            state, logits = self.step(state, id)
        return state, logits

    def _operand(self, h: Vector) -> Vector:
        """A hidden state as it enters a product: rounded at int8."""
        return rounded_state(h, self.margin) if self._rounds else h

    def _product(self, layer: str) -> Product:
        """The product with a layer's hidden weight, if it has one."""
        product = product_with(self.weights.get(f"{layer}.hidden_weight"))
        return lambda h, rows=slice(None): product(self._operand(h), rows)
