"""The native building blocks: random numbers, functions, products; every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from models import random_checkpoint

from charlm import _engine, _training
from charlm.engine.engine import Engine
from charlm.reference import gumbel_noise, philox4x32

ISAS = _engine.instruction_sets()


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each instruction set of this processor in turn."""
    monkeypatch.setenv("CHARLM_FORCE_ISA", request.param)
    return str(request.param)


# Counter, key and result, as published with Random123 (kat_vectors, philox4x32 10).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_its_known_answers(counter, key, words) -> None:
    assert tuple(_engine.philox4x32(counter, key)) == words
    assert philox4x32(counter, key) == words


@pytest.mark.parametrize(
    ("name", "low", "high", "exact"),
    [
        ("exp", -86.9, 87.9, np.exp),
        ("log", 1e-37, 1e37, np.log),
        ("log", 0.5, 2.0, np.log),
    ],
)
def test_a_function_is_within_three_units_in_the_last_place(isa, name, low, high, exact) -> None:
    points = np.random.default_rng(1).uniform(low, high, 200_000)
    if low > 0 and high / low > 1e6:
        points = np.exp(np.random.default_rng(1).uniform(np.log(low), np.log(high), 200_000))
    x = points.astype(np.float32)
    expected = exact(x.astype(np.float64))
    error = np.abs(_engine.map_function(name, x) - expected) / np.spacing(
        np.abs(expected).astype(np.float32)
    )
    assert error.max() <= 3


def test_functions_hold_at_their_ends(isa) -> None:
    x = np.array([0.0, -0.0, 1e30, -1e30], np.float32)
    exp = _engine.map_function("exp", x)
    assert exp[:2].tolist() == [1, 1]
    assert 1e38 < exp[2] < np.inf
    assert 0 < exp[3] < 1e-37
    assert _engine.map_function("log", np.ones(1, np.float32))[0] == 0


@pytest.mark.parametrize("name", ["exp", "log"])
def test_every_instruction_set_gives_the_same_bits(name, monkeypatch) -> None:
    random = np.random.default_rng(2)
    x = random.uniform(-100, 100, 100_003).astype(np.float32)
    if name == "log":
        x = np.abs(x) + np.float32(1e-30)
    results = []
    for isa in ISAS:
        monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
        results.append(_engine.map_function(name, x).tobytes())
    assert len(set(results)) == 1


def test_gumbel_noise_has_the_moments_of_its_law() -> None:
    noise = np.concatenate([gumbel_noise(100, 7, sample, 0, 0) for sample in range(200)])
    assert abs(noise.mean() - np.euler_gamma) < 0.05
    assert abs(noise.var() - np.pi**2 / 6) < 0.1


def test_an_unknown_instruction_set_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("CHARLM_FORCE_ISA", "abacus")
    with pytest.raises(_engine.EngineError, match="avx512, avx2 or portable"):
        _engine.map_function("exp", np.zeros(1, np.float32))


def test_wrong_arrays_are_refused_at_the_door() -> None:
    engine = Engine(random_checkpoint())
    with pytest.raises(TypeError, match="int32"):
        engine.logits(np.zeros((1, 1), np.int64))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="2 dimensions"):
        engine.logits(np.zeros(3, np.int32))
    with pytest.raises(TypeError, match="C-contiguous"):
        engine.logits(np.zeros((4, 4), np.int32)[:, ::2])
    with pytest.raises(ValueError, match="id 99 is not"):
        engine.logits(np.full((1, 1), 99, np.int32))
    with pytest.raises(ValueError, match="id -1 is not"):
        engine.logits(np.full((1, 1), -1, np.int32))


def test_the_build_is_of_these_sources() -> None:
    import runpy
    from unittest.mock import patch

    from root import ROOT

    with patch("setuptools.setup"):
        setup = runpy.run_path(str(ROOT / "setup.py"))
    for name, module in (("charlm._engine", _engine), ("charlm._training", _training)):
        built_of = setup["source_hash"](setup["MODULES"][name])
        assert built_of == module.SOURCE_HASH, "stale build: run `make lint`"
