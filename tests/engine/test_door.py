"""What the native engine refuses at its door, where anything further in would be too late."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from models import random_checkpoint

from charlm import _engine
from charlm.engine.engine import Engine
from charlm.run.checkpoint import Checkpoint

CHECKPOINT = random_checkpoint(hidden_size=6)
SESSIONS = ["SamplingSession", "BeamSession"]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(CHECKPOINT)


def options_of(name: str) -> dict[str, Any]:
    """The options of a session of two samples or hypotheses of each prompt."""
    common = {
        "no_repeat_ngram": 0,
        "banned": [0],
        "max_length": 3,
        "min_length": 0,
        "stops": [],
        "top_p": 1.0,
    }
    own: dict[str, dict[str, Any]] = {
        "SamplingSession": {
            "samples": 2,
            "temperature": 1.0,
            "top_n_sigma": 0.0,
            "top_k": 0,
            "min_p": 0.0,
            "typical_p": 1.0,
            "rivals": -1,
        },
        "BeamSession": {
            "width": 2,
            "length_penalty": 0.0,
            "stop_rule": "exact",
            "patience": 1.0,
            "mode": "off",
        },
    }
    return common | own[name]


def session(engine: Engine, name: str = "SamplingSession", **changed: Any) -> Any:
    """A session of two prompts, with some options or other arguments changed."""
    given = {
        "model": engine._model,
        "prompts": [[1], [1, 5]],
        "starts": [None, None],
        "dice": [(1, 0), (2**64 - 1, 2**32 - 2)],
        "options": options_of(name),
        "threads": 1,
    }
    for argument, value in changed.items():
        (given if argument in given else given["options"])[argument] = value
    return getattr(_engine, name)(**given)


def model(checkpoint: Checkpoint, tensors: Any) -> _engine.Model:
    config = checkpoint.config
    return _engine.Model(
        cell=config.cell,
        vocabulary_size=config.vocabulary_size,
        embedding_size=config.embedding_size,
        hidden_size=config.hidden_size,
        layers=config.layers,
        bias=config.bias,
        precision="float32",
        tensors=tensors,
    )


def misaligned(array: np.ndarray) -> np.ndarray:
    """The same at an odd address."""
    memory = np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:]
    return memory.view(array.dtype).reshape(array.shape)


def test_arrays_at_odd_addresses_are_refused(engine: Engine) -> None:
    tensors = dict(CHECKPOINT.tensors)
    tensors["embedding"] = misaligned(tensors["embedding"])
    with pytest.raises(TypeError, match="aligned"):
        model(CHECKPOINT, tensors)
    with pytest.raises(TypeError, match="aligned"):
        engine.logits(misaligned(np.ones((2, 3), np.int32)))


def test_tensors_have_names(engine: Engine) -> None:
    with pytest.raises(TypeError, match="name of a tensor"):
        model(CHECKPOINT, {**CHECKPOINT.tensors, 3: np.zeros(1, np.float32)})


@pytest.mark.parametrize("fed", [-1, 1.5, "1", 2**64])
def test_a_start_has_been_fed_a_number_of_ids(engine: Engine, fed: Any) -> None:
    state = engine.feed("a")
    with pytest.raises(TypeError, match="fed"):
        session(engine, starts=[None, (state.state, state.logits, fed)])


def test_no_ids_have_no_logits_however_many_rows(engine: Engine) -> None:
    V = len(engine.vocabulary)
    assert engine.logits(np.zeros((2**40, 0), np.int32)).shape == (2**40, 0, V)
    assert engine.logits(np.zeros((0, 2**40), np.int32)).shape == (0, 2**40, V)
    with pytest.raises(_engine.EngineError, match="too long"):
        engine.logits(np.zeros((0, 2**59), np.int32))


@pytest.mark.parametrize("name", SESSIONS)
def test_dice_are_a_key_and_an_index_of_each_prompt(engine: Engine, name: str) -> None:
    session(engine, name, dice=[(0, 0), (2**64 - 1, 2**32 - 1)])
    for dice in ([], [(1, 0)], [(1, 0)] * 3):
        with pytest.raises(_engine.EngineError, match="as many dice as prompts"):
            session(engine, name, dice=dice)
    good = (1, 0)
    for bad in ((-1, 0), (2**64, 0), (0, -1), (0, 2**32), (0.5, 0), ("1", 0), (None, 0), (1,), 1,
                (1, 0, 0), None, [], "10"):  # fmt: skip
        with pytest.raises(TypeError):
            session(engine, name, dice=[good, bad])


@pytest.mark.parametrize("name", SESSIONS)
def test_options_have_their_names_and_types(engine: Engine, name: str) -> None:
    good = options_of(name)
    for option in good:
        with pytest.raises(TypeError, match=f"option '{option}' is missing"):
            session(engine, name, options={n: v for n, v in good.items() if n != option})
        with pytest.raises(TypeError, match=f"option '{option}' is of a wrong type"):
            session(engine, name, options=good | {option: object()})
    for unknown in ("temprature", 3, None, "\ud800"):
        with pytest.raises(TypeError, match=r"option .* is unknown"):
            session(engine, name, options=good | {unknown: 1.0})
    for none in (None, [], list(good.items()), 3, "top_p"):
        with pytest.raises(TypeError, match="not a mapping"):
            session(engine, name, options=none)
    before = dict(good)
    session(engine, name, options=good)
    session(engine, name, options=MappingProxyType(good))
    assert good == before


@pytest.mark.parametrize(("option", "words"), [("stop_rule", "exact, first or patience"),
                                               ("mode", "off, sample or best")])  # fmt: skip
def test_a_word_is_one_of_those_that_an_option_knows(
    engine: Engine, option: str, words: str
) -> None:
    for word in ("exactly", "", "Exact"):
        with pytest.raises(_engine.EngineError, match=f"{option} '{word}' is not {words}"):
            session(engine, "BeamSession", **{option: word})


@pytest.mark.parametrize("width", [0, 131_073, 2**63])
def test_a_width_is_in_range_even_for_no_prompts(engine: Engine, width: int) -> None:
    with pytest.raises(_engine.EngineError, match="width"):
        session(engine, "BeamSession", prompts=[], starts=[], dice=[], width=width)


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("prompt", [2, 2**63, 2**64 - 1])
def test_a_prompt_that_is_not_there_has_no_state(engine: Engine, name: str, prompt: int) -> None:
    begun = session(engine, name)
    begun.advance(1, 1e9)
    with pytest.raises(_engine.EngineError, match="of 2"):
        begun.prompt_state(prompt)


@pytest.mark.parametrize("name", SESSIONS)
def test_an_ngram_has_an_end(engine: Engine, name: str) -> None:
    session(engine, name, no_repeat_ngram=2**16 - 1)
    for n in (2**16, 2**63):
        with pytest.raises(_engine.EngineError, match="no_repeat_ngram"):
            session(engine, name, no_repeat_ngram=n)


@pytest.mark.parametrize("name", SESSIONS)
def test_any_number_of_positions_may_be_asked_for(engine: Engine, name: str) -> None:
    alone = session(engine, name, min_length=3).advance(3, 1e9)
    begun = session(engine, name, min_length=3)
    first = begun.advance(1, 1e9)
    rest = begun.advance(2**64 - 1, 1e9)
    assert len(first[0]) + len(rest[0]) == len(alone[0]) == 3
    assert np.array_equal(np.concatenate([first[1], rest[1]]), alone[1])


def test_rivals_are_counted_before_memory_is_taken(engine: Engine) -> None:
    with pytest.raises(_engine.EngineError, match="fewer rivals"):
        _engine.ScoringSession(
            model=engine._model, inputs=[[1]], targets=[[2]], rivals=2**40, threads=1
        )


@pytest.mark.parametrize("name", ["Model", "ScoringSession", *SESSIONS])
def test_an_object_never_made_is_refused(engine: Engine, name: str) -> None:
    made = getattr(_engine, name)
    unmade = made.__new__(made)
    for member in [m for m in vars(made) if not m.startswith("_")]:
        with pytest.raises(TypeError):
            method = getattr(unmade, member)
            method(np.ones((1, 1), np.int32)) if name == "Model" else method()
