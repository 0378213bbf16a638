"""The cells in plain NumPy, from the practical's equations.

V vocabulary, E embedding, H hidden
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import Checkpoint
from charlm.config import Precision
from charlm.reference.int8 import rounded_state, rounded_weights
from charlm.reference.margin import Margin

Vector = NDArray[np.float64]
State = list[dict[str, Vector]]  # one per layer: h [H], and for an LSTM c [H]


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def log_softmax(logits: Vector) -> Vector:
    """log(exp(logits) / sum exp(logits)), [V]."""
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


class ReferenceModel:
    """The cells of a checkpoint, from the practical's equations. A state is a plain value.

    margin: at int8, how near any state so far came to being rounded to another 127th.
    """

    def __init__(self, checkpoint: Checkpoint, precision: Precision = "float32") -> None:
        self.config = checkpoint.config
        self.margin = Margin()
        self._rounds = precision == "int8"
        if self._rounds:
            self.weights = rounded_weights(checkpoint.tensors, self.config.layers)
        else:
            self.weights = {name: t.astype(np.float64) for name, t in checkpoint.tensors.items()}

    def initial_state(self) -> State:
        """All zero."""
        names = ("h", "c") if self.config.cell == "lstm" else ("h",)
        zero = np.zeros(self.config.hidden_size)
        return [dict.fromkeys(names, zero) for _ in range(self.config.layers)]

    def step(self, state: State, id: int) -> tuple[State, Vector]:
        """Feed one character: the new state, and the logits [V] of what follows."""
        x = self.weights["embedding"][id]
        cell = {"rnn": self._rnn, "gru": self._gru, "lstm": self._lstm}[self.config.cell]
        new: State = []
        for layer, old in enumerate(state):
            new.append(cell(layer, x, old))
            x = self._operand(new[-1]["h"])
        return new, self.weights["output_weight"] @ x + self.weights["output_bias"]

    def feed(self, state: State, ids: Sequence[int]) -> tuple[State, Vector]:
        """Feed several characters; at least one."""
        for id in ids:
            state, logits = self.step(state, id)
        return state, logits

    def _operand(self, h: Vector) -> Vector:
        """What of a hidden state meets the weights."""
        return rounded_state(h, self.margin) if self._rounds else h

    def _products(self, layer: int, x: Vector, h: Vector) -> tuple[Vector, Vector]:
        """W_x x + b and W_h h, each with a row for every gate: [G, H]."""
        w, name = self.weights, f"layers.{layer}"
        from_x = w[f"{name}.input_weight"] @ x + w.get(f"{name}.bias", 0.0)
        from_h = w[f"{name}.hidden_weight"] @ self._operand(h)
        shape = (len(self.config.gates), self.config.hidden_size)
        return from_x.reshape(shape), from_h.reshape(shape)

    def _rnn(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, old["h"])
        return {"h": np.tanh(from_x[0] + from_h[0])}

    def _gru(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        h = old["h"]
        from_x, from_h = self._products(layer, x, h)
        z = sigmoid(from_x[0] + from_h[0])
        r = sigmoid(from_x[1] + from_h[1])
        # The reset acts before the product, as in Cho et al. 2014 and the practical.
        n = np.tanh(from_x[2] + self._products(layer, x, r * h)[1][2])
        return {"h": (1 - z) * h + z * n}

    def _lstm(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, old["h"])
        i, f, g, o = from_x + from_h
        c = sigmoid(f) * old["c"] + sigmoid(i) * np.tanh(g)
        return {"h": sigmoid(o) * np.tanh(c), "c": c}
