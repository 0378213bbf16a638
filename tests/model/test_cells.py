"""The cells against torch's own, against their equations, and the fast path against the loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from charlm.model.cells import CELLS, Arrays, State, product_with
from charlm.train.sequence import run_cell, run_cell_plainly

TORCH = Arrays.of(torch)
RUNS = [run_cell, run_cell_plainly]
T, B, E, H = 6, 3, 5, 4
#: With the mask of recurrent dropout and without: cells that have a candidate to mask.
MASKED = [(name, False) for name in CELLS] + [(c.name, True) for c in CELLS.values() if c.candidate]


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


def leaves(cell: str, times: int = T) -> tuple[Tensor, State, Tensor]:
    """x_TBG, a state that is not zero, and the hidden weight."""
    torch.manual_seed(3)
    rows = len(CELLS[cell].gates) * H
    state = tuple(random(B, H) for _ in CELLS[cell].states)
    return random(times, B, rows), state, random(rows, H)


def mask(times: int) -> Tensor:
    """keep_TBH: 0 for about half, 2 for the others."""
    torch.manual_seed(4)
    return 2.0 * (torch.rand(times, B, H, dtype=torch.float64) < 0.5)


def weighed(tensors: list[Tensor]) -> Tensor:
    """A scalar to which every element contributes differently."""
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    return (flat * torch.arange(1, len(flat) + 1, dtype=flat.dtype).sin()).sum()


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_one_step(cell: str) -> None:
    x_TBG, state, weight = leaves(cell, 1)

    def step(x_BG: Tensor, weight: Tensor, *state: Tensor) -> State:
        return CELLS[cell].step(TORCH, x_BG, state, product_with(weight))

    assert torch.autograd.gradcheck(step, (x_TBG[0].detach().requires_grad_(), weight, *state))


@pytest.mark.parametrize(("cell", "masked"), MASKED)
def test_gradient_of_the_fast_path(cell: str, masked: bool) -> None:
    x_TBG, state, weight = leaves(cell, 3)
    keep_TBH = mask(3) if masked else None

    def run(x_TBG: Tensor, weight: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        h_TBH, last = run_cell(CELLS[cell], x_TBG, state, weight, keep_TBH)
        return (h_TBH, *last)

    assert torch.autograd.gradcheck(run, (x_TBG, weight, *state))


@pytest.mark.parametrize("times", [1, 2, 7])
@pytest.mark.parametrize(("cell", "masked"), MASKED)
def test_fast_path_equals_the_loop(cell: str, masked: bool, times: int) -> None:
    x_TBG, state, weight = leaves(cell, times)
    keep_TBH = mask(times) if masked else None
    results = []
    for run in RUNS:
        h_TBH, last = run(CELLS[cell], x_TBG, state, weight, keep_TBH)
        inputs = [x_TBG, *state, *([weight] if CELLS[cell].recurrent else [])]
        gradients = torch.autograd.grad(weighed([h_TBH, *last]), inputs)
        results.append([h_TBH, *last, *gradients])
    for fast, plain in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_equals_torch(cell: str, run: Callable[..., tuple[Tensor, State]]) -> None:
    torch.manual_seed(5)
    theirs = (nn.RNN if cell == "rnn" else nn.LSTM)(E, H, dtype=torch.float64)
    nn.init.zeros_(theirs.bias_hh_l0)
    input_weight, weight, bias = (
        p.detach().clone().requires_grad_()
        for p in (theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0)
    )
    x_TBE, state = random(T, B, E), leaves(cell)[1]

    x_TBG = nn.functional.linear(x_TBE, input_weight, bias)
    h_TBH, last = run(CELLS[cell], x_TBG, state, weight)
    ours = [h_TBH, *last]
    ours += torch.autograd.grad(weighed(ours), [x_TBE, *state, input_weight, weight, bias])

    before = tuple(s.unsqueeze(0) for s in state)
    h_TBH, after = theirs(x_TBE, before if cell == "lstm" else before[0])
    expected = [h_TBH, *(s.squeeze(0) for s in (after if cell == "lstm" else [after]))]
    expected += torch.autograd.grad(
        weighed(expected),
        [x_TBE, *state, theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0],
    )
    for mine, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_gru_equals_its_equation() -> None:
    torch.manual_seed(7)
    x_BE, h_BH = torch.randn(B, E).double(), torch.randn(B, H).double()
    weights = {gate: torch.randn(H, H + E).double() for gate in "zrn"}  # of [h, x]

    def both(first: Tensor) -> Tensor:
        return torch.cat([first, x_BE], dim=1)

    z = torch.sigmoid(both(h_BH) @ weights["z"].T)
    r = torch.sigmoid(both(h_BH) @ weights["r"].T)
    expected = (1 - z) * h_BH + z * torch.tanh(both(r * h_BH) @ weights["n"].T)

    stacked = torch.cat([weights[gate] for gate in CELLS["gru"].letters])
    product = product_with(stacked[:, :H])
    (h_new,) = CELLS["gru"].step(TORCH, x_BE @ stacked[:, H:].T, (h_BH,), product)
    torch.testing.assert_close(h_new, expected, rtol=0, atol=1e-12)


def positive(a: Tensor) -> Tensor:
    """The candidate of Feng et al. 2024: a + 1/2, or sigmoid(a) below 0."""
    return torch.clamp(a, min=0) + torch.sigmoid(torch.clamp(a, max=0))


def test_mingru_equals_its_equation() -> None:
    x_BG, (h_BH,), _ = leaves("mingru")
    z, a = torch.sigmoid(x_BG[0, :, :H]), x_BG[0, :, H:]
    (h_new,) = CELLS["mingru"].step(TORCH, x_BG[0], (h_BH,), product_with(None))
    torch.testing.assert_close(h_new, h_BH + z * (positive(a) - h_BH), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, -60.0, 60.0])
def test_minlstm_equals_its_equation(shift: float) -> None:
    """f / (f + i) is the softmax of log f and log i, wherever the two lie."""
    x_BG, (h_BH,), _ = leaves("minlstm")
    f, i, a = (x_BG[0] + torch.tensor([shift] * 2 * H + [0.0] * H)).split(H, dim=1)
    logs = torch.stack([nn.functional.logsigmoid(f), nn.functional.logsigmoid(i)])
    keeps, enters = torch.softmax(logs, 0)
    x_BG = torch.cat([f, i, a], dim=1)
    (h_new,) = CELLS["minlstm"].step(TORCH, x_BG, (h_BH,), product_with(None))
    expected = keeps * h_BH + enters * positive(a)
    torch.testing.assert_close(h_new, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("value", [-1e4, -200.0, 0.0, 200.0, 1e4])
@pytest.mark.parametrize("cell", ["mingru", "minlstm"])
def test_gates_of_any_size_keep_a_state_finite(cell: str, value: float) -> None:
    x_BG = torch.full((1, len(CELLS[cell].gates) * H), value)
    (h_BH,) = CELLS[cell].step(TORCH, x_BG, (torch.ones(1, H),), product_with(None))
    assert h_BH.isfinite().all() and (h_BH >= 0).all()
