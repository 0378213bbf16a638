"""Prompt states: writing goes on from one as if the whole text were the prompt."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from any_strategy import strategies
from hypothesis import strategies as st
from models import random_checkpoint
from properties import tried
from strategies import IN_PRECISIONS

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy, is_beam
from charlm.dice import name_of
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CheckpointError, InputError
from charlm.model.cells import CELLS
from charlm.run.checkpoint import load_checkpoint, save_checkpoint
from charlm.run.sealed_file import Kind, seal

STRATEGIES: list[Strategy] = [
    Greedy(),
    Sampling(top_p=0.9, no_repeat_ngram=2),
    BeamSearch(width=3),
    NucleusBeam(width=3),
]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    save_checkpoint(tmp_path / "model", random_checkpoint("gru", "sentence", layers=2))
    return Engine.load(tmp_path / "model")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_a_state_stands_for_its_text(cell: Any, strategy: Strategy) -> None:
    for unit in ("continuous", "sentence"):
        engine = Engine(random_checkpoint(cell, unit, layers=2))
        state = engine.feed("the cat ")
        prompts = [state, state + "sat", "another", state + " on" + " é"]
        whole = ["the cat ", "the cat sat", "another", "the cat  on é"]
        options: Any = {"n": 2, "max_length": 25, "seed": 3}
        expected = engine.write_many(whole, strategy, **options)
        assert engine.write_many(prompts, strategy, **options) == expected
        further = engine.feed(state + "sat")
        assert further.ids.tobytes() == engine.feed("the cat sat").ids.tobytes()
        assert further.state.tobytes() == engine.feed("the cat sat").state.tobytes()
        if isinstance(strategy, Sampling | Greedy) and unit == "continuous":
            session = engine.start([state], strategy, max_length=10)
            while not session.done:
                session.advance(10)
            half, after = session.completions()[0][0].text, engine.state_after(session)
            longer = engine.write(state, strategy, max_length=20).text
            assert longer == half + engine.write(after, strategy, max_length=10).text


def test_a_state_survives_its_file(engine: Engine, tmp_path: Path) -> None:
    state, path = engine.feed("the cat "), tmp_path / "here.state"
    state.save(path)
    loaded = PromptState.load(path)
    assert path.stat().st_size < 4096
    for name in ("ids", "state", "logits"):
        assert getattr(loaded, name).tobytes() == getattr(state, name).tobytes()
    for name in ("model", "precision", "dice", "more"):
        assert getattr(loaded, name) == getattr(state, name)
    assert loaded.model == engine.checkpoint.identity and loaded.dice == name_of(loaded.ids)
    assert engine.write(loaded, max_length=30) == engine.write("the cat ", max_length=30)
    with pytest.raises(InputError, match="feed it first"):
        (state + "sat").save(path)


def test_a_damaged_file_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "here.state"
    engine.feed("a").save(path)
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(InputError, match=r"here\.state"):
            PromptState.load(path)
    for size in (0, 8, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match="incomplete file"):
            PromptState.load(path)
    with pytest.raises(InputError, match="is not a charlm prompt state"):
        PromptState.load(tmp_path / "model")
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="is not a charlm checkpoint"):
        load_checkpoint(path)


def test_a_state_belongs_to_one_model(engine: Engine) -> None:
    state = engine.feed("a")
    other = Engine(random_checkpoint("gru", "sentence", layers=2, seed=1))
    with pytest.raises(InputError, match="is of model"):
        other.write(state)
    bad: list[dict[str, Any]] = [
        {"precision": "int8"},
        {"state": state.state[:1]},
        {"state": state.state * np.float32(np.inf)},
        {"logits": state.logits[1:]},
        {"ids": state.ids[:0]},
        {"ids": state.ids[1:]},
        {"ids": state.ids + np.int32(1000)},
    ]
    for change in bad:
        with pytest.raises(InputError, match="prompt state"):
            engine.write(replace(state, **change))


def test_a_state_is_there_once_its_prompt_is_fed(engine: Engine) -> None:
    session = engine.start(["some text"], Sampling(), max_length=5)
    with pytest.raises(InputError, match="not been fed"):
        session.prompt_state(0)
    while not session.done:
        session.advance(5)
    assert session.prompt_state(0).state.tobytes() == engine.feed("some text").state.tobytes()


def sealed_state(version: int, **content: Any) -> bytes:
    """A whole file of that version, with this said in it."""
    state = Engine(random_checkpoint("gru", "sentence", layers=2)).feed("the cat ")
    kind = Kind(
        "prompt state", key="charlm_state", version=version, mark="precision", error=InputError
    )
    tensors = {name: getattr(state, name) for name in ("ids", "state", "logits")}
    return seal(kind, {"precision": "float32", **content}, tensors)[0]


def test_files_of_both_versions_are_read(engine: Engine, tmp_path: Path) -> None:
    path, identity = tmp_path / "here.state", engine.checkpoint.identity
    for version, content, name in (
        (1, {"checkpoint": identity}, 0),
        (1, {"checkpoint": identity, "dice": "f" * 16, "model": "x"}, 0),
        (2, {"model": identity, "dice": "0" * 16}, 0),
        (2, {"model": identity, "dice": "00000000000000ff"}, 255),
    ):
        path.write_bytes(sealed_state(version, **content))
        loaded = PromptState.load(path)
        assert (loaded.dice, loaded.model) == (name, identity)
        given: Any = {"dice": f"{name:016x}", "max_length": 20}
        assert engine.write(loaded, max_length=20) == engine.write("the cat ", **given)


@pytest.mark.parametrize(
    ("version", "content"),
    [
        (0, {"checkpoint": "0" * 64}),
        (1, {"model": "0" * 64}),
        (2, {"checkpoint": "0" * 64}),
        (2, {"model": "0" * 64}),
        *((2, {"model": "0" * 64, "dice": dice})
          for dice in (5, None, [], {}, "", "shared", "prompt", "F" * 16, "f" * 15, "\x1b[2J")),
    ],
    ids=str,
)  # fmt: skip
def test_a_file_without_a_name_of_dice_is_refused(
    tmp_path: Path, version: int, content: dict[str, Any]
) -> None:
    path = tmp_path / "here.state"
    path.write_bytes(sealed_state(version, **content))
    with pytest.raises(InputError, match=r"prompt state .*here\.state"):
        PromptState.load(path)


def test_a_file_of_a_version_to_come_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "here.state"
    path.write_bytes(sealed_state(3, model="0" * 64, dice="0" * 16))
    with pytest.raises(InputError, match="newer than 2"):
        PromptState.load(path)


def test_the_start_of_a_prompt_may_stand_in_its_state(engine: Engine) -> None:
    """Once read, a prompt keeps its dice, whatever it starts from."""
    state = engine.feed("the cat ")
    whole = engine.prompt_as_fed("the cat ")
    begun = whole._replace(start=(state.state, state.logits, len(state.ids)))
    options: Any = {"n": 2, "max_length": 20}
    found = []
    for prompt in (whole, begun, state, "the cat "):
        session = engine.start([prompt], Sampling(), **options)
        assert session.dice == [state.dice] == [name_of(whole.ids)]
        while not session.done:
            session.advance(20)
        found.append(session.completions())
    assert found.count(found[0]) == 4


CHARACTERS = "\n .beé\u0301"


@lru_cache
def engine_of(cell: str, precision: str, unit: Any, form: Any) -> Engine:
    checkpoint = random_checkpoint(cell, unit, CHARACTERS, hidden_size=6, layers=2, end=1.0)
    text = replace(checkpoint.text, form=form)
    return Engine(replace(checkpoint, text=text), precision=precision)


def through_a_file(state: PromptState) -> PromptState:
    with TemporaryDirectory() as folder:
        state.save(Path(folder, "here.state"))
        return PromptState.load(Path(folder, "here.state"))


@tried(
    25,
    model=st.sampled_from(IN_PRECISIONS),
    unit=st.sampled_from(["sentence", "line", "continuous"]),
    form=st.sampled_from(["none", "NFC"]),
    texts=st.lists(st.text(CHARACTERS, max_size=5), min_size=1, max_size=4),
    strategy=strategies(CHARACTERS).filter(lambda one: not one.ban and not one.allow),
    seed=st.integers(0, 2**64 - 1),
    first=st.integers(0, 2**32 - 2),
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=3),
)
def test_what_is_saved_on_the_way_goes_on_as_if_it_was_not(
    model: tuple[str, str],
    unit: str,
    form: str,
    texts: list[str],
    strategy: Strategy,
    seed: int,
    first: int,
    lengths: list[int],
) -> None:
    """A prompt that is fed piece by piece, and a text that is written so, through files."""
    engine = engine_of(*model, unit, form)
    state = through_a_file(engine.feed(texts[0]))
    for text in texts[1:]:
        state = through_a_file(engine.feed(state + text))
    whole = engine.feed("".join(texts))
    for name in ("ids", "state", "logits"):
        assert getattr(state, name).tobytes() == getattr(whole, name).tobytes(), name
    assert (state.model, state.precision, state.dice) == (whole.model, model[1], name_of(whole.ids))
    given: dict[str, Any] = {"first_sample": first, "seed": seed}

    def written(prompt: Any, length: int) -> Any:
        session = engine.start([prompt], strategy, max_length=length, **given)
        while not session.done:
            session.advance(3)
        return session

    at_once = written("".join(texts), sum(lengths)).completions()[0][0]
    assert written(state, sum(lengths)).completions()[0][0] == at_once
    if is_beam(strategy):
        return
    text = ""
    for length in lengths:
        session = written(state, length)
        completion = session.completions()[0][0]
        text += completion.text
        if completion.end == "eos":
            break
        state = through_a_file(engine.state_after(session))
    assert text == at_once.text
