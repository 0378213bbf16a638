"""torch's own layers against our loops: the same numbers from the same weights, there and back.

`pytest --device cuda` compares cuDNN's.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.options.train_config import TrainConfig
from charlm.train.model import CharModel
from charlm.train.place import Place
from charlm.train.regularise import Regularisers
from charlm.train.sequence import run_cell_plainly
from charlm.train.torch_layer import has_layer, run_layer

T, B, E, H = 7, 3, 5, 6
WITH_LAYER = ("rnn", "lstm")


@pytest.fixture(autouse=True)
def float32_is_float32() -> None:
    """As a training has it: cuDNN rounds nothing to TF32."""
    Place(TrainConfig()).begin(1)


def where(device: str) -> str:
    return device.removeprefix("torch-")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", WITH_LAYER)
def test_a_layer_is_the_loop(name: str, bias: bool, device: str) -> None:
    """Outputs, states, and the gradients of all that goes in."""
    cell, place, kind = CELLS[name], where(device), torch.float64
    rows = len(cell.gates) * H
    random = torch.Generator().manual_seed(5)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=kind, generator=random).to(place).requires_grad_()

    x_TBE, weights = drawn(T, B, E), [drawn(rows, E), drawn(rows, H)] + [drawn(rows)] * bias
    state = tuple(drawn(B, H) for _ in cell.states)
    weighed = [drawn(T, B, H).detach()] + [drawn(B, H).detach() for _ in cell.states]

    def by_layer() -> tuple[Tensor, tuple[Tensor, ...]]:
        return run_layer(cell, x_TBE, state, weights[0], weights[1], weights[2] if bias else None)

    def by_loop() -> tuple[Tensor, tuple[Tensor, ...]]:
        x_TBG = torch.nn.functional.linear(x_TBE, weights[0], weights[2] if bias else None)
        return run_cell_plainly(cell, x_TBG, state, weights[1])

    found = []
    for run in (by_layer, by_loop):
        h_TBH, after = run()
        total = sum((w * v).sum() for w, v in zip(weighed, (h_TBH, *after), strict=True))
        gradients = torch.autograd.grad(total, [x_TBE, *weights, *state])
        found.append([h_TBH, *after, *gradients])
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("times", [1, 2, 33])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", WITH_LAYER)
def test_a_model_of_layers_is_one_of_loops(name: str, layers: int, times: int, device: str) -> None:
    """In float32, with dropout between the layers and hidden recurrent weights off and on."""
    config = ModelConfig(name, 11, E, H, layers)  # type: ignore[arg-type]
    ids_TB = torch.randint(1, 11, (times, B), generator=torch.Generator().manual_seed(2))
    for regularisers in (Regularisers(), Regularisers(dropout=0.4, weight_dropout=0.3)):
        found = []
        for by_layers in (True, False):
            model = CharModel(config, regularisers, by_layers=by_layers).to(where(device))
            torch.manual_seed(3)
            result = model.forward_pass(ids_TB.to(model.device), model.zero_state(B))
            result.logits_TBV.square().sum().backward()
            gradients = [weight.grad for weight in model.parameters()]
            found.append([*result[:1], *result.state, *result[2:], *gradients])
        torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


def taken(name: str, monkeypatch: pytest.MonkeyPatch, learns: bool, **options: float) -> bool:
    """Whether a model of a cell asks torch's layer."""
    asked = []

    def spy(*given: object) -> object:
        asked.append(given)
        return run_layer(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("charlm.train.model.run_layer", spy)
    config = ModelConfig(name, 11, E, H)  # type: ignore[arg-type]
    model = CharModel(config, Regularisers(**options), by_layers=True)  # type: ignore[arg-type]
    model.train(learns)(torch.ones(2, B, dtype=torch.int64), model.zero_state(B))
    return bool(asked)


def test_it_is_taken_where_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CELLS:
        assert taken(name, monkeypatch, True) == (name in WITH_LAYER)
        assert has_layer(CELLS[name], 0.0) == (name in WITH_LAYER)
    hiding = {"dropout": 0.5, "weight_dropout": 0.5, "embedding_dropout": 0.5}
    assert taken("lstm", monkeypatch, True, **hiding)
    assert not taken("lstm", monkeypatch, True, recurrent_dropout=0.1)
    assert taken("lstm", monkeypatch, False, recurrent_dropout=0.1)  # nothing is hidden then


def test_the_gru_of_torch_is_another_equation() -> None:
    """So that nobody takes it for ours: the reset gate stands behind the product there."""
    cell, random = CELLS["gru"], torch.Generator().manual_seed(5)
    x_TBE, h_BH = (torch.randn(*shape, generator=random) for shape in ((T, B, E), (B, H)))
    weights = [torch.randn(3 * H, size, generator=random) for size in (E, H)]
    x_TBG = torch.nn.functional.linear(x_TBE, weights[0])
    ours, _ = run_cell_plainly(cell, x_TBG, (h_BH,), weights[1])
    # torch stacks r, z, n and keeps a share z of the old, where ours takes a share z of the new.
    z, r, n = (slice(i * H, (i + 1) * H) for i in range(3))
    turned = [torch.cat([weight[r], -weight[z], weight[n]]) for weight in weights]
    theirs, _ = torch._VF.gru(x_TBE, h_BH.unsqueeze(0), turned, False, 1, 0.0, False, False, False)
    assert (ours[0] - theirs[0]).abs().max() > 0.01
    open_reset = [weight.clone() for weight in turned]
    for weight in open_reset:
        weight[:H] = 0
    theirs, _ = torch._VF.gru(
        x_TBE[:1], h_BH.unsqueeze(0), open_reset, False, 1, 0.0, False, False, False
    )
    halved = weights[1].clone()
    halved[r] = 0  # r is one half for both: then it does not matter where it stands
    x_BG = x_TBG[:1].clone()
    x_BG[..., r] = 0
    ours, _ = run_cell_plainly(cell, x_BG, (h_BH,), halved)
    torch.testing.assert_close(ours, theirs)
