"""The cells in plain NumPy, from the practical's equations.

V vocabulary, E embedding, H hidden
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.model.config import Precision
from charlm.reference.int8 import rounded_state, rounded_weights
from charlm.reference.margin import Margin
from charlm.run.checkpoint import Checkpoint

Vector = NDArray[np.float64]
State = list[dict[str, Vector]]  # one per layer: h [H], and for an LSTM c [H]
Gates = list[dict[str, Vector]]  # one per layer: [H] by the names of config.GATES


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
        _, new = self.look(state, id)
        x = self._operand(new[-1]["h"])
        return new, self.weights["output_weight"] @ x + self.weights["output_bias"]

    def look(self, state: State, id: int) -> tuple[Gates, State]:
        """Feed one character: the gates of every layer, and the new state."""
        x = self.weights["embedding"][id]
        gates_of, state_after = {
            "rnn": (self._rnn_gates, _rnn),
            "gru": (self._gru_gates, _gru),
            "lstm": (self._lstm_gates, _lstm),
        }[self.config.cell]
        gates: Gates = []
        new: State = []
        for layer, old in enumerate(state):
            gates.append(gates_of(layer, x, old["h"]))
            new.append(state_after(gates[-1], old))
            x = self._operand(new[-1]["h"])
        return gates, new

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

    def _rnn_gates(self, layer: int, x: Vector, h: Vector) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, h)
        return {"h": np.tanh(from_x[0] + from_h[0])}

    def _gru_gates(self, layer: int, x: Vector, h: Vector) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, h)
        z = sigmoid(from_x[0] + from_h[0])
        r = sigmoid(from_x[1] + from_h[1])
        # The reset acts before the product, as in Cho et al. 2014 and the practical.
        n = np.tanh(from_x[2] + self._products(layer, x, r * h)[1][2])
        return {"z": z, "r": r, "n": n}

    def _lstm_gates(self, layer: int, x: Vector, h: Vector) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, h)
        i, f, g, o = from_x + from_h
        return {"i": sigmoid(i), "f": sigmoid(f), "g": np.tanh(g), "o": sigmoid(o)}


def _rnn(gates: dict[str, Vector], old: dict[str, Vector]) -> dict[str, Vector]:
    return {"h": gates["h"]}


def _gru(gates: dict[str, Vector], old: dict[str, Vector]) -> dict[str, Vector]:
    z, n = gates["z"], gates["n"]
    return {"h": (1 - z) * old["h"] + z * n}


def _lstm(gates: dict[str, Vector], old: dict[str, Vector]) -> dict[str, Vector]:
    c = gates["f"] * old["c"] + gates["i"] * gates["g"]
    return {"h": gates["o"] * np.tanh(c), "c": c}
