"""Gradient over distance and the eigenvalues beside it, against what is written out here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from models import random_checkpoint

from charlm.compare.distance import (
    eigenvalue_shares,
    farthest,
    gradient_shares,
    held_out_rows,
)
from charlm.model.cells import CELLS, Arrays, product_with
from charlm.run.checkpoint import Checkpoint
from charlm.text.cutting import Example
from charlm.text.vocabulary import EOS

TORCH = Arrays.of(torch)
States = list[tuple[torch.Tensor, ...]]


def written_out(checkpoint: Checkpoint, row: Sequence[int], t: int, k: int, part: int) -> float:
    """|dL_t/dh_{t-k}| (part 0) or of c: read to t - k, then go on from one that is a variable."""
    config = checkpoint.config
    weights = {n: torch.tensor(w, dtype=torch.float64) for n, w in checkpoint.tensors.items()}
    inputs = [checkpoint.text.start_id, *row]

    def step(id: int, states: States) -> States:
        x, after = weights["embedding"][id][None], []
        for layer, state in enumerate(states):
            of = f"layers.{layer}."
            x = x @ weights[of + "input_weight"].T + weights.get(of + "bias", 0)
            product = product_with(weights.get(of + "hidden_weight"))
            after.append(CELLS[config.cell].step(TORCH, x, state, product))
            x = after[-1][0]
        return after

    zero = torch.zeros(1, config.hidden_size, dtype=torch.float64)
    states: States = [(zero,) * len(CELLS[config.cell].states)] * config.layers
    for place in range(t - k + 1):
        states = step(inputs[place], states)
    variable = states[-1][part].requires_grad_()
    if part == 1:  # h = o tanh(c) hangs on it
        h, c = states[-1]
        states[-1] = (h / torch.tanh(c.detach()) * torch.tanh(variable), variable)
    for place in range(t - k + 1, t + 1):
        states = step(inputs[place], states)
    logits = states[-1][0] @ weights["output_weight"].T + weights["output_bias"]
    loss = -torch.log_softmax(logits, dim=1)[0, row[t]]
    (gradient,) = torch.autograd.grad(loss, [variable])
    return float(gradient.norm())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_shares_are_those_of_a_loop_written_out(cell: str, layers: int) -> None:
    checkpoint = random_checkpoint(cell, "line", hidden_size=5, layers=layers)
    random = np.random.default_rng(4)
    rows = [random.integers(2, 20, length).tolist() for length in (17, 12, 9)]
    distance = 6
    found = gradient_shares(checkpoint, rows, distance)
    assert list(found) == [state.letter for state in CELLS[cell].states]
    for part, shares in enumerate(found.values()):
        expected = np.mean(
            [
                [written_out(checkpoint, row, t, k, part) for k in range(distance + 1)]
                / np.float64(written_out(checkpoint, row, t, 0, part))
                for t in range(distance, 17, distance // 2)
                for row in rows
                if t < len(row)
            ],
            axis=0,
        )
        np.testing.assert_allclose(shares, expected, rtol=1e-9)
        assert shares[0] == 1


def test_eigenvalues_of_a_rotation_and_of_a_diagonal() -> None:
    checkpoint = random_checkpoint("rnn", hidden_size=3)
    angle = 0.3
    turn = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    weight = np.zeros((3, 3), np.float32)
    weight[:2, :2], weight[2, 2] = turn, -0.5
    checkpoint.tensors["layers.0.hidden_weight"][:] = weight
    k = np.arange(8)
    expected = (2 * 0.9 ** (2 * k) + 0.5 ** (2 * k)) / 3
    np.testing.assert_allclose(eigenvalue_shares(checkpoint, 7), expected, rtol=1e-6)


def test_examples_are_read_whole_and_continuous_text_in_pieces() -> None:
    vocabulary = random_checkpoint().vocabulary
    rows = held_out_rows([Example("abc", True), Example("a" * 10, True)], vocabulary)
    assert [len(row) for row in rows] == [11, 4]
    assert rows[1] == [*vocabulary.string2code("abc"), EOS]
    assert farthest(rows) == 3
    pieces = held_out_rows([Example("ab" * 2500, False)], vocabulary)
    assert [len(row) for row in pieces] == [400] * 12 + [200]
    assert farthest(pieces) == 100
