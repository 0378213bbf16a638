"""The native pass is its readable twin, with the same bits everywhere; it takes nothing wrong."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from root import ROOT
from torch import Tensor

from charlm import _engine, _training
from charlm.model.cells import CELLS
from charlm.options.train_config import TrainConfig
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel, ModelState
from charlm.train.native import NativeAdamW, NativePass, NativeSGD, approach, clip
from charlm.train.passes import Learned, ModelPass
from charlm.train.regularise import Regularisers

V, T, B, STEP, NUMBER = 11, 9, 5, 7, 2
INPUT, OUTPUT, CANDIDATE, WEIGHT, CHARACTERS = range(5)


def options_of(**options: Any) -> TrainConfig:
    return TrainConfig(dropout=options.pop("dropout", 0.0), seed=3, **options)


def model_of(options: TrainConfig, characters: int = V) -> CharModel:
    return CharModel(options.model(characters), Regularisers.of(options), options.seed)


def batch_of(times: int = T, rows: int = B, characters: int = V) -> Batch:
    """Random ids; some rows end early."""
    random = np.random.default_rng(1)
    ids_TB = torch.from_numpy(random.integers(2, characters, (times + 1, rows)))
    targets_TB = ids_TB[1:].clone()
    for row in range(rows // 2):
        targets_TB[times - 2 * row :, row] = PAD
    return Batch(ids_TB[:-1].clone(), targets_TB, False)


def state_of(model: CharModel, rows: int = B) -> ModelState:
    random = torch.Generator().manual_seed(4)
    zero = model.zero_state(rows)
    return tuple(tuple(torch.rand(s.shape, generator=random) for s in layer) for layer in zero)


class Masks:
    """What the native pass hides, given to the loop in the place of torch's masks, in turn."""

    def __init__(self, options: TrainConfig) -> None:
        self._key = options.seed, STEP, NUMBER << 16
        self._locked = options.locked_dropout
        self._left = self._places(options)

    @staticmethod
    def _places(options: TrainConfig) -> Iterator[tuple[int, int]]:
        if options.embedding_dropout:
            yield CHARACTERS, 0
        yield INPUT, 0
        for layer in range(options.layers):
            if options.weight_dropout:
                yield WEIGHT, layer
            if options.recurrent_dropout:
                yield CANDIDATE, layer
            yield OUTPUT, layer

    def dropout(self, x: Tensor, p: float, training: bool = True) -> Tensor:
        place, layer = next(self._left)
        if not p:
            return x

        def row(time: int, row: int, size: int) -> np.ndarray:
            named = {"key": self._key, "place": place, "layer": layer, "share": p}
            return _training.mask(time=time, row=row, size=size, **named)

        if place == CHARACTERS:
            mask = row(0, 0, len(x))[:, None]
        elif x.dim() == 2:  # a weight, or a mask that is locked
            mask = np.stack([row(0, r, x.shape[1]) for r in range(len(x))])
        else:
            times, rows, size = x.shape
            mask = np.array([[row(t, b, size) for b in range(rows)] for t in range(times)])
        return x * torch.from_numpy(mask)


def learned(passes: ModelPass, model: CharModel, batch: Batch) -> tuple[Learned, dict[str, Tensor]]:
    """What a pass learns from a batch, and its gradients."""
    state = state_of(model, batch.inputs_TB.shape[1])
    result = passes.learn(model, batch, state, STEP, NUMBER)
    result.total.backward()
    found = {name: weight.grad for name, weight in model.named_parameters()}
    return result, {name: grad for name, grad in found.items() if grad is not None}


def native(options: TrainConfig) -> NativePass:
    return NativePass(options.model(V), options)


REGULARISED = [
    {},
    {"dropout": 0.3},
    {"dropout": 0.3, "locked_dropout": True},
    {"embedding_dropout": 0.4},
    {"weight_dropout": 0.4},
    {"recurrent_dropout": 0.4},
    {"activation_penalty": 2.0, "slowness_penalty": 1.0},
    {"tied": True, "embedding": 20},
    {
        "dropout": 0.2,
        "embedding_dropout": 0.1,
        "weight_dropout": 0.2,
        "recurrent_dropout": 0.3,
        "activation_penalty": 2.0,
        "slowness_penalty": 1.0,
        "tied": True,
        "embedding": 20,
    },
]


def allowed(cell: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options that the cell takes."""
    refused = set()
    if not CELLS[cell].candidate:
        refused.add("recurrent_dropout")
    if not CELLS[cell].recurrent:
        refused.add("weight_dropout")
    return {name: value for name, value in options.items() if name not in refused}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("regularised", REGULARISED, ids=str)
def test_gradients_are_those_of_the_loop(
    cell: str, layers: int, regularised: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = options_of(cell=cell, hidden=20, layers=layers, **allowed(cell, regularised))
    result, found = learned(native(options), model_of(options), batch_of())
    monkeypatch.setattr(torch.nn.functional, "dropout", Masks(options).dropout)
    expected, gradients = learned(LoopPass(options), model_of(options), batch_of())
    assert result.loss == pytest.approx(expected.loss, rel=1e-6)
    assert result.total.item() == pytest.approx(expected.total.item(), rel=1e-6)
    for mine, theirs in zip(result.state, expected.state, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    assert found.keys() == gradients.keys()
    for name, gradient in gradients.items():
        error, largest = (found[name] - gradient).abs().max(), gradient.abs().max()
        assert error <= 1e-6 * largest + 1e-10, (name, float(error / largest))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradients_of_many_rows_and_characters(
    cell: str, dropout: float, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than are added up together, and more logits than a group of blocks."""
    options = options_of(cell=cell, hidden=40, dropout=dropout, threads=threads)
    batch, characters = batch_of(30, 20, 90), 90
    passes = NativePass(options.model(characters), options)
    result, found = learned(passes, model_of(options, characters), batch)
    monkeypatch.setattr(torch.nn.functional, "dropout", Masks(options).dropout)
    expected, gradients = learned(LoopPass(options), model_of(options, characters), batch)
    assert result.loss == pytest.approx(expected.loss, rel=1e-6)
    for name, gradient in gradients.items():
        error, largest = (found[name] - gradient).abs().max(), gradient.abs().max()
        assert error <= 2e-6 * largest, (name, float(error / largest))


def test_what_a_minlstm_holds_closed_has_no_gradient() -> None:
    options = options_of(cell="minlstm", hidden=20)
    for bias in (-70.0, -100.0):
        biases = []
        for passes in (native(options), LoopPass(options)):
            model = model_of(options)
            with torch.no_grad():
                model.layers[0].bias[:40] = bias  # type: ignore[index]
            biases.append(learned(passes, model, batch_of())[1]["layers.0.bias"])
        torch.testing.assert_close(*biases, rtol=0, atol=1e-6 * float(biases[1].abs().max()))
        assert bool(biases[0][:40].any()) == (bias == -70)


@pytest.mark.parametrize("cell", CELLS)
def test_a_loss_without_a_way_back_is_the_same(cell: str) -> None:
    options = options_of(cell=cell, hidden=20, layers=2)
    model, batch = model_of(options), batch_of()
    passes = native(options), LoopPass(options)
    found, expected = (
        each.measure(model, batch.inputs_TB, batch.targets_TB, state_of(model)) for each in passes
    )
    assert found[0] == pytest.approx(expected[0], rel=1e-6)
    nothing = native(options).measure(model, batch.inputs_TB, None, state_of(model))
    assert nothing[0] == 0
    for a, b, c in zip(*(itertools.chain(*e[1]) for e in (found, expected, nothing)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
        assert torch.equal(a, c)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_updates_are_those_of_torch(decay: float) -> None:
    random = torch.Generator().manual_seed(2)
    for mine, theirs in (
        (
            lambda w: NativeAdamW(w, lr=0.01, betas=(0.9, 0.99), weight_decay=decay),
            lambda w: torch.optim.AdamW(w, lr=0.01, betas=(0.9, 0.99), weight_decay=decay),
        ),
        (
            lambda w: NativeSGD(w, lr=0.1, momentum=0.9, weight_decay=decay),
            lambda w: torch.optim.SGD(w, 0.1, 0.9, weight_decay=decay, nesterov=True),
        ),
    ):
        weights = [torch.nn.Parameter(torch.rand(7, 5, generator=random)) for _ in range(2)]
        weights[1].data.copy_(weights[0].data)
        both = mine([weights[0]]), theirs([weights[1]])
        for _ in range(20):
            gradient = torch.rand(7, 5, generator=random) - 0.5
            for weight, optimiser in zip(weights, both, strict=True):
                weight.grad = gradient.clone()
                optimiser.step()
        torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=2e-6)
        names = [set(o.state_dict()["state"][0]) for o in both]
        assert names[0] == names[1]


def test_a_gradient_is_cut_to_its_longest() -> None:
    weights = [torch.nn.Parameter(torch.zeros(5, 7)), torch.nn.Parameter(torch.zeros(3))]
    for longest in (0.1, 100.0):
        gradients = [torch.rand(w.shape) for w in weights]
        norm = torch.cat([g.flatten() for g in gradients]).norm()
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient.clone()
        assert clip(weights, longest) == pytest.approx(float(norm), rel=1e-6)
        factor = min(1.0, longest / (float(norm) + 1e-6))
        for weight, gradient in zip(weights, gradients, strict=True):
            torch.testing.assert_close(weight.grad, gradient * factor)


def test_an_average_approaches() -> None:
    mean, weight = torch.rand(5, 7), torch.rand(5, 7)
    expected = torch.lerp(mean, weight, 0.25)
    approach(mean, weight, 0.25)
    torch.testing.assert_close(mean, expected)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_masks_hide_their_share_and_know_where_they_are(share: float) -> None:
    def mask(**changed: Any) -> np.ndarray:
        named = {"key": (3, 1, 0), "place": 0, "layer": 0, "time": 0, "row": 0, "size": 5000}
        return _training.mask(share=share, **{**named, **changed})

    plain = mask()
    assert set(np.unique(plain)) == {0, np.float32(1 / (1 - share))}
    deviation = (share * (1 - share) / 5000) ** 0.5
    assert abs((plain == 0).mean() - share) < 4 * deviation
    others = [mask(key=(4, 1, 0)), mask(key=(3, 2, 0)), mask(place=1), mask(layer=1), mask(time=1)]
    for other in (*others, mask(row=1)):
        agree = ((plain == 0) == (other == 0)).mean()
        expected = share**2 + (1 - share) ** 2
        assert abs(agree - expected) < 5 * (expected * (1 - expected) / 5000) ** 0.5
    assert (mask(size=300) == plain[:300]).all()  # whatever stands behind
    assert (mask(row=2, key=(3, 1, 5)) == mask(row=7)).all()  # rows are counted from the first


FOLDERS = ROOT / "tests" / "train", ROOT / "tests" / "support"
#: Of every instruction set and compiler. Whoever changes them says so in CHANGELOG.md.
GOLDEN = ROOT / "tests" / "golden" / "trained.json"
STORY = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from test_native import identities
print(json.dumps(identities(2)))
"""


def identities(threads: int) -> dict[str, list[str]]:
    """Of each cell, SHA-256 over all weights after 50 updates with everything, and with nothing."""
    return {cell: [identity(cell, threads, e) for e in (REGULARISED[-1], {})] for cell in CELLS}


def identity(cell: str, threads: int, regularised: dict[str, Any]) -> str:
    given = {**allowed(cell, regularised), "threads": threads, "embedding": 37}
    options = options_of(cell=cell, hidden=37, layers=2, **given)
    model, passes = model_of(options), native(options)
    optimiser = NativeAdamW(model.parameters(), lr=0.01, betas=(0.9, 0.99), weight_decay=0.05)
    mean = {name: w.detach().clone() for name, w in model.named_parameters()}
    rows = 7 if regularised else 23  # with nothing hidden, more than are added up together
    state, batch = state_of(model, rows), batch_of(13, rows)
    digest = hashlib.sha256()
    for step in range(50):
        learned = passes.learn(model, batch, state, step, 0)
        optimiser.zero_grad()
        learned.total.backward()
        norm = clip(model.parameters(), 0.5)
        optimiser.step()
        state = learned.state
        for name, w in model.named_parameters():
            approach(mean[name], w, 0.1)
        measured = passes.measure(model, batch.inputs_TB, batch.targets_TB, state)[0]
        digest.update(repr((learned.loss, learned.total.item(), norm, measured)).encode())
    for name, w in model.named_parameters():
        digest.update(w.detach().numpy().tobytes() + mean[name].numpy().tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_bits_do_not_know_the_threads(threads: int) -> None:
    assert identities(threads) == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize(
    "isa",
    [
        pytest.param(isa, marks=[pytest.mark.long] if isa == "portable" else [])
        for isa in _engine.instruction_sets()
    ],
)
def test_the_bits_do_not_know_the_instruction_set(isa: str) -> None:
    libraries = {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
    done = subprocess.run(
        [sys.executable, "-c", STORY, *map(str, FOLDERS)],
        env={**os.environ, **libraries, "CHARLM_FORCE_ISA": isa},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text())


def test_a_batch_that_does_not_fit_is_refused() -> None:
    options = options_of(cell="lstm", hidden=8)
    model, batch = model_of(options), batch_of()
    passes = native(options)
    high = batch.inputs_TB.clone()
    high[2, 1] = V
    for inputs in (high, -batch.inputs_TB - 1):
        with pytest.raises(ValueError, match="which is no id"):
            passes.measure(model, inputs, batch.targets_TB, state_of(model))
    with pytest.raises(ValueError, match="wrong shape"):
        passes.measure(model, batch.inputs_TB, batch.targets_TB[1:], state_of(model))
    with pytest.raises(ValueError, match="wrong shape"):
        passes.measure(model, batch.inputs_TB, batch.targets_TB, state_of(model, B + 1))
    other = model_of(replace(options, hidden=9))
    with pytest.raises(ValueError, match="wrong shape"):
        passes.measure(other, batch.inputs_TB, batch.targets_TB, state_of(model))


@pytest.mark.parametrize("cell", CELLS)
def test_what_the_monitor_shows_is_the_same(cell: str) -> None:
    options = options_of(cell=cell, hidden=19, layers=2)
    model, batch = model_of(options).eval(), batch_of()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)  # gates that open and close
    passes, loop = native(options), LoopPass(options)
    before = [s.clone() for layer in state_of(model) for s in layer]
    given = state_of(model)
    mine, theirs = (p.gates(model, batch.inputs_TB, given) for p in (passes, loop))
    assert all(map(torch.equal, (s for layer in given for s in layer), before))
    assert mine.keys() == theirs.keys()
    for name, gate_TBH in theirs.items():
        torch.testing.assert_close(mine[name], gate_TBH, rtol=1e-5, atol=1e-5)
    weight = model.layers[0].input_weight.detach()
    assert passes.norm(weight) == pytest.approx(loop.norm(weight), rel=1e-6)
