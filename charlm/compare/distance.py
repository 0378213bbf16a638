"""Gradient over distance: how much of what time t wants to change reaches what was k before it.

The share at distance k is the mean over t of |dL_t/dh_{t-k}| / |dL_t/dh_t|, with L_t the loss of
one character and h the output of the last layer; for an LSTM the same of its cell state c too. It
is measured on examples that the model has not learned from, each read from its beginning.

Beside it stands the plain account of why an RNN forgets: a linear recurrence h_t = W h_{t-1} keeps
of a state, squared and summed, sum_i |lambda_i|^{2k}, with lambda the eigenvalues of W (Hochreiter
et al. 2001). That leaves out what tanh takes away at each step.

Shapes: T times, B rows (the longest examples first), H units, K the largest distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nlargest
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.model.cells import CELLS, Arrays, State, product_with
from charlm.run.checkpoint import Checkpoint
from charlm.text.cutting import Example
from charlm.text.vocabulary import EOS, Vocabulary

_TORCH = Arrays.of(torch)
Shares = NDArray[np.float64]  # [K + 1], 1 at distance 0

_FARTHEST = 100
_FEWEST_ROWS = 8  # that are longer than the largest distance
_MOST_ROWS = 256


def held_out_rows(examples: Sequence[Example], vocabulary: Vocabulary) -> list[list[int]]:
    """List the ids to predict of the longest examples, longest first; a stream is cut in pieces."""
    return nlargest(_MOST_ROWS, _rows(examples, vocabulary), key=len)


def _rows(examples: Sequence[Example], vocabulary: Vocabulary) -> Iterator[list[int]]:
    for text, ends in examples:
        size = len(text) if ends else 4 * _FARTHEST
        for begin in range(0, len(text), size):
            yield vocabulary.string2code(text[begin : begin + size]) + [EOS] * ends


def farthest(rows: Sequence[Sequence[int]]) -> int:
    """The largest distance that several rows are longer than; 0 if there is none."""
    return min(_FARTHEST, len(rows[min(_FEWEST_ROWS, len(rows)) - 1]) - 1)


def gradient_shares(
    checkpoint: Checkpoint, rows: Sequence[Sequence[int]], distance: int
) -> dict[str, Shares]:
    """The shares of every state of the cell, by letter. `rows`: ids to predict, longest first."""
    model = _Model(checkpoint)
    found: dict[str, list[NDArray[np.float64]]] = {}
    state, read = model.start(len(rows)), 0
    for t in range(distance, len(rows[0]), max(1, distance // 2)):
        state = _first(state, sum(len(row) > t for row in rows))
        with torch.no_grad():
            for before in range(read, t - distance):
                state = model.step(rows, before, state)
        read = t - distance
        for name, shares in _shares_at(model, rows, t, distance, state).items():
            found.setdefault(name, []).append(shares)
    return {name: np.concatenate(parts, axis=1).mean(axis=1) for name, parts in found.items()}


def eigenvalue_shares(checkpoint: Checkpoint, distance: int) -> Shares:
    """Compute sum_i |lambda_i|^{2k} / H of the recurrent weights of an RNN's last layer."""
    name = f"layers.{checkpoint.config.layers - 1}.hidden_weight"
    sizes = np.abs(np.linalg.eigvals(checkpoint.tensors[name].astype(np.float64)))
    powers: Shares = (sizes ** (2 * np.arange(distance + 1)[:, None])).mean(axis=1)
    return powers


def _shares_at(
    model: _Model, rows: Any, t: int, distance: int, state: list[State]
) -> dict[str, NDArray[np.float64]]:
    """Compute the shares [K + 1, B] of the loss at time t, from the state before time t - K."""
    state = [tuple(tensor.requires_grad_() for tensor in layer) for layer in state]
    passed = []  # the states of the last layer after t - K, ..., t
    for now in range(t - distance, t + 1):
        state = model.step(rows, now, state)
        passed.append(state[-1])
    loss = model.loss(rows, t, passed[-1][0])
    shares = {}
    for index, letter in enumerate(model.letters):
        gradients = torch.autograd.grad(loss, [at[index] for at in passed], retain_graph=True)
        norms_KB = torch.stack(gradients[::-1]).norm(dim=2)
        heard = norms_KB[0] > 0  # a character that was certain asks for nothing
        shares[letter] = (norms_KB[:, heard] / norms_KB[0, heard]).numpy()
    return shares


class _Model:
    """A checkpoint's equations, one time at a time, in double."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._config, self._start = checkpoint.config, checkpoint.text.start_id
        self._cell = CELLS[self._config.cell]
        self.letters = [state.letter for state in self._cell.states]
        tensors = checkpoint.tensors.items()
        self._weights = {name: torch.from_numpy(t).double() for name, t in tensors}

    def start(self, count: int) -> list[State]:
        """Make the state of each layer before any text."""
        layers, states, size = self._config.state_shape
        return [(self._weights["output_bias"].new_zeros(count, size),) * states] * layers

    def step(self, rows: Any, t: int, state: list[State]) -> list[State]:
        """Compute the state of each layer after the input at time t, for the first rows."""
        ids = [row[t - 1] if t else self._start for row in rows[: len(state[0][0])]]
        x_BI, after = self._weights["embedding"][ids], []
        for layer, before in enumerate(state):
            weight, bias = self._weights[f"layers.{layer}.input_weight"], self._of(layer, "bias")
            x_BG = torch.nn.functional.linear(x_BI, weight, bias)
            product = product_with(self._of(layer, "hidden_weight"))
            after.append(self._cell.step(_TORCH, x_BG, before, product))
            x_BI = after[-1][0]
        return after

    def loss(self, rows: Any, t: int, h_BH: Tensor) -> Tensor:
        """Add up over rows -log p of the target at time t."""
        weight, bias = self._weights["output_weight"], self._weights["output_bias"]
        targets = torch.tensor([row[t] for row in rows[: len(h_BH)]])
        logits_BV = torch.nn.functional.linear(h_BH, weight, bias)
        return torch.nn.functional.cross_entropy(logits_BV, targets, reduction="sum")

    def _of(self, layer: int, name: str) -> Tensor | None:
        return self._weights.get(f"layers.{layer}.{name}")


def _first(state: list[State], count: int) -> list[State]:
    return [tuple(tensor[:count].detach() for tensor in layer) for layer in state]
