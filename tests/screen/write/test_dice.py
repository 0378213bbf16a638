"""Which dice a text on the screen has: its prompt's, for as long as it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from driver import lanes_of, loaded, press, until
from exported import written_from
from models import random_checkpoint

from charlm.decoding import Sampling
from charlm.engine.engine import Engine
from charlm.model.config import parameter_shapes
from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import MODEL
from charlm.text.vocabulary import Vocabulary
from tui.app import CharlmApp
from tui.views.write.view import WriteScreen
from tui.writer.engine_model import load_engine
from tui.writer.snapshots import Recorded, Request, WantRecord

NUCLEUS = Sampling(top_p=0.95)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes white space as it likes, which a prompt of its unit cannot hold."""
    folder = tmp_path_factory.mktemp("run")
    save_checkpoint(folder / MODEL, random_checkpoint("gru", "sentence", end=-9))
    return folder


@asynccontextmanager
async def screen_of(run: Path, length: int = 60) -> AsyncIterator[WriteScreen]:
    async with loaded(CharlmApp(run), (80, 24)) as screen:
        screen.knobs.setting = screen.knobs.setting.__class__(length=length, pace=0)
        yield screen


async def asked(screen: WriteScreen, prompt: str) -> Request:
    """Type a prompt, have the text written; by what it was asked for."""
    screen.prompt.focus()
    screen.prompt.text = prompt
    await press(screen, "enter")
    return await newest(screen)


async def newest(screen: WriteScreen) -> Request:
    """By what the newest text was asked for, once it is there."""
    writing = screen.text.writing
    await until(lambda: writing.now is not None and not writing.streaming)
    assert writing.now is not None
    return writing.now.request


async def test_another_prompt_is_another_text(run: Path) -> None:
    async with screen_of(run, 200) as screen:
        texts, names = [], set()
        for prompt in ("we ", "he ", "she ", "it "):
            names.add((await asked(screen, prompt)).dice)
            texts.append(screen.text.view.blocks[-1].completion[-100:])
        assert len(names) == 4
        for text in texts:
            same = [sum(a == b for a, b in zip(text, other, strict=True)) for other in texts]
            assert sorted(same)[-2] < 50 and max(same) == 100


async def test_a_text_goes_on_as_if_it_had_never_stopped(run: Path) -> None:
    engine = Engine.load(run)
    whole = engine.write("we ", NUCLEUS, max_length=180).text
    async with screen_of(run) as screen:
        first = await asked(screen, "we ")
        for _ in range(2):
            await press(screen, "ctrl+k")
            assert (await newest(screen)).dice == first.dice
        assert screen.text.view.text == "we " + whole
        now = screen.text.writing.now
        assert now is not None
        model = load_engine(run, 1, "float32")
        answer = model.answer(WantRecord(now.request, now.block.completion), lambda: True)
        assert isinstance(answer, Recorded)
        assert written_from(run, answer.record) == screen.text.view.text


async def test_a_turned_knob_has_the_dice_of_the_text_that_went_on(run: Path) -> None:
    async with screen_of(run) as screen:
        first = await asked(screen, "we ")
        await press(screen, "ctrl+k")
        await newest(screen)
        await press(screen, "ctrl+up")
        turned = await newest(screen)
        assert turned.strategy != first.strategy and turned.dice == first.dice
        assert screen.text.writing.comparison is not None  # it is told what stayed
        await press(screen, "ctrl+r")
        again = await newest(screen)
        assert (again.seed, again.dice) == (first.seed + 1, first.dice)


async def test_a_text_that_took_another_way_has_dice_of_its_own(run: Path) -> None:
    engine = Engine.load(run)
    async with screen_of(run) as screen:
        first = await asked(screen, "we ")
        text = screen.text.view.text
        await press(screen, "escape", "left")
        await until(lambda: screen.text.rivals.known)
        place = screen.text.view.cursor
        assert place is not None
        await press(screen, "2", "enter")
        await until(
            lambda: (
                screen.text.writing.now is not None and screen.text.writing.now.parent is not None
            )
        )
        taken = await newest(screen)
        prompt = taken.prompt
        assert prompt[:-1] == text[:place] and taken.dice != first.dice
        session = engine.start([engine.prompt_as_fed(prompt)], NUCLEUS, max_length=60)
        while not session.done:
            session.advance(60)
        assert screen.text.view.text == prompt + session.completions()[0][0].text


async def test_the_same_prompt_typed_again_is_the_same_text(run: Path) -> None:
    async with screen_of(run) as screen:
        first, text = await asked(screen, "we "), screen.text.view.text
        await press(screen, "ctrl+k")
        await newest(screen)
        second = await asked(screen, "we ")
        assert (second.dice, screen.text.view.text) == (first.dice, text)
        assert second.number > first.number


async def test_a_sample_taken_from_the_grid_is_that_text(run: Path) -> None:
    async with screen_of(run) as screen:
        first = await asked(screen, "we ")
        await press(screen, "escape", "ctrl+f")
        await until(lambda: lanes_of(screen).lanes.lanes and not lanes_of(screen).streaming)
        texts = [lane.text for lane in lanes_of(screen).lanes.lanes]
        await press(screen, "2")
        taken = await newest(screen)
        assert (taken.sample, taken.dice) == (1, first.dice)
        assert screen.text.view.text == "we " + texts[1] and len(set(texts)) == len(texts)


async def test_the_grid_of_a_text_that_went_on_follows_what_is_shown(run: Path) -> None:
    async with screen_of(run) as screen:
        first = await asked(screen, "we ")
        shown = screen.text.view.text
        assert any(c.isspace() and c != " " for c in shown)  # no prompt of this unit holds it
        await press(screen, "ctrl+k")
        await newest(screen)
        text = screen.text.view.text
        await press(screen, "escape", "ctrl+f")
        await until(lambda: lanes_of(screen).lanes.lanes and not lanes_of(screen).streaming)
        assert lanes_of(screen).lanes.prompt == shown
        assert shown + lanes_of(screen).lanes.lanes[0].text == text
        await press(screen, "2")
        taken = await newest(screen)
        assert (taken.sample, taken.dice) == (1, first.dice)


def test_another_model_takes_the_prompt_with_its_own_dice(run: Path, tmp_path: Path) -> None:
    other = random_checkpoint("rnn", "sentence", end=-9)
    fewer = Vocabulary([c for c in other.vocabulary.characters if c not in "wé"])
    config = replace(other.config, vocabulary_size=len(fewer))
    tensors = {
        name: np.zeros(parameter.shape, np.float32)
        for name, parameter in parameter_shapes(config).items()
    }
    changed = replace(other, config=config, vocabulary=fewer, tensors=tensors)
    save_checkpoint(tmp_path / MODEL, changed)
    first, second = (load_engine(path, 1, "float32") for path in (run, tmp_path))
    typed = Request(1, "we  é", NUCLEUS, 9, 1, 0, "nucleus")
    begun = first.open(typed)
    going_on = typed._replace(
        dice=begun.dice, as_fed=True, identity=first.facts.identity, prompt=begun.prompt
    )
    assert first.open(going_on).dice == begun.dice
    opened = second.open(going_on)
    assert opened.dice != begun.dice and "w" not in opened.prompt
    assert any("own dice" in notice for notice in opened.notices)
