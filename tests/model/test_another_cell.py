"""A cell that charlm does not have is one value: every room that reads cells takes it.

It has what ours have not: no hidden weight, a second state by another name, a gate without an
upper end, no fast path. Only the native engine, which has a table of its own, does not know it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from models import random_checkpoint

from charlm.compare.distance import gradient_shares
from charlm.engine.engine import Engine
from charlm.errors import InputError
from charlm.model.cells import (
    CELLS,
    Array,
    Arrays,
    Cell,
    GateValues,
    Part,
    Product,
    RateRule,
    State,
)
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.options.rates import default_rate
from charlm.options.train_config import TrainConfig
from charlm.reference import ReferenceModel, parts_of, trace
from charlm.run.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from charlm.train.gates import gates_of, ranges_of
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel
from charlm.train.probe import Probe
from charlm.train.regularise import Regularisers

IDS = [3, 7, 2, 19, 30, 4, 4, 11, 25, 9]


def leaky_gates(arrays: Arrays, x: Array, h: Array, product: Product) -> GateValues:
    """f = sigmoid(x_f); g = x_g + 0.5 where x_g is above 0, else sigmoid(x_g)"""
    size = h.shape[-1]
    f, g = x[..., :size], x[..., size:]
    return {"f": arrays.sigmoid(f), "g": arrays.where(g >= 0, g + 0.5, arrays.sigmoid(g))}


def leaky_state(arrays: Arrays, gates: GateValues, state: State) -> State:
    """a' = a / 2 + g; h' = f h + (1 - f) a'"""
    h, a = state
    a = a / 2 + gates["g"]
    return gates["f"] * h + (1 - gates["f"]) * a, a


LEAKY = Cell(
    "leaky",
    "is made up",
    gates=(
        Part("f", "forget gate", "forgets", "keeps", range=(0.0, 1.0), forgets=True),
        Part("g", "candidate", "none", "large", range=(0.0, math.inf)),
    ),
    states=(Part("h", "state"), Part("a", "what came")),
    gate_values=leaky_gates,
    next_state=leaky_state,
    rate=RateRule(0.01, 0.5),
    candidate="g",
    recurrent=False,
    bounded=False,
)


@pytest.fixture(autouse=True)
def leaky() -> Iterator[None]:
    CELLS["leaky"] = LEAKY
    yield
    del CELLS["leaky"]


@pytest.fixture
def checkpoint() -> Checkpoint:
    return random_checkpoint("leaky", hidden_size=12, layers=2)


def test_its_weights_are_those_that_it_has() -> None:
    shapes = parameter_shapes(ModelConfig("leaky", 30, 8, 12, 2))
    assert not any("hidden_weight" in name for name in shapes)
    assert shapes["layers.1.input_weight"] == ((24, 12), "gates f g x H, H")
    assert ModelConfig("leaky", 30, 8, 12, 2).state_shape == (2, 2, 12)


def test_it_is_saved_and_known_again(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.safetensors", checkpoint)
    loaded = load_checkpoint(tmp_path)
    assert loaded.identity == checkpoint.identity
    assert loaded.config == checkpoint.config


def test_all_that_compute_it_agree(checkpoint: Checkpoint) -> None:
    ids = np.array([IDS], np.int32)
    model = CharModel(checkpoint.config).eval()
    model.from_tensors(checkpoint.tensors)
    trained = model(torch.tensor(ids.T.astype(np.int64)), model.zero_state(1))[0][:, 0]
    reference = ReferenceModel(checkpoint)
    state, plain = reference.initial_state(), []
    for id in IDS:
        state, logits = reference.step(state, id)
        plain.append(logits)
    np.testing.assert_allclose(trained.detach(), plain, rtol=1e-5, atol=1e-5)
    engine = Engine(checkpoint, device="torch-cpu")
    np.testing.assert_allclose(engine.logits(ids)[0], plain, rtol=1e-5, atol=1e-5)
    assert engine.feed(engine.vocabulary.code2string(IDS)).state.shape == (2, 2, 12)


def test_what_its_gates_do_is_seen(checkpoint: Checkpoint) -> None:
    found = trace(ReferenceModel(checkpoint), checkpoint.text.start_id, IDS)
    assert parts_of(checkpoint.config) == ("f", "g", "h", "a")
    model = CharModel(checkpoint.config).eval()
    model.from_tensors(checkpoint.tensors)
    ids_TB = torch.tensor([[id] for id in (checkpoint.text.start_id, *IDS)])
    gates = gates_of(model, ids_TB, model.zero_state(1))
    assert gates.keys() == {f"layers.{layer}.{gate}" for layer in range(2) for gate in "fg"}
    for name, gate_TBH in gates.items():
        np.testing.assert_allclose(found[name], gate_TBH[1:, 0], rtol=1e-4, atol=1e-5)
    a, g = found["layers.1.a"], found["layers.1.g"]
    np.testing.assert_allclose(a[1:], a[:-1] / 2 + g[1:], rtol=1e-5)
    probe = Probe(LoopPass(TrainConfig()), gates, ranges_of(checkpoint.config))
    assert probe.as_values()["gates"]["layers.0.g"]["high"] == 0  # it has no upper end


def test_it_learns_with_every_regulariser(checkpoint: Checkpoint) -> None:
    torch.manual_seed(1)
    regularisers = Regularisers(dropout=0.2, weight_dropout=0.2, recurrent_dropout=0.2)
    model = CharModel(checkpoint.config, regularisers)
    bias = model.to_tensors()["layers.1.bias"]
    assert bias.tolist() == [1.0] * 12 + [0.0] * 12
    logits_TBV, _ = model(torch.randint(1, 9, (5, 3)), model.zero_state(3))
    logits_TBV.square().sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_it_is_compared(checkpoint: Checkpoint) -> None:
    shares = gradient_shares(checkpoint, [[*IDS, *IDS], IDS], 4)
    assert list(shares) == ["h", "a"]
    assert shares["h"][0] == 1


def test_a_state_without_bounds_is_not_rounded(checkpoint: Checkpoint) -> None:
    with pytest.raises(InputError, match="int8 is not for cell leaky"):
        ReferenceModel(checkpoint, "int8")


def test_what_it_has_not_cannot_be_hidden() -> None:
    with pytest.raises(InputError, match="--weight-dropout does not go with --cell leaky"):
        TrainConfig.of({"cell": "leaky", "weight_dropout": 0.1})


def test_it_has_a_rate_of_its_own() -> None:
    assert (default_rate("leaky", 100), default_rate("leaky", 512)) == (0.01, 0.005)
