"""Several texts side by side: the grid, the duel, what is taken of them; the engine's batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from driver import HOSTILE, RAW, lanes_of, painted, press, running, toasts, until, write
from fakes import FakeModel, letters
from hypothesis import given
from hypothesis import strategies as st
from one_stage import StageView, staged, write_on
from snapshots import drawn, seen_as

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from tui.keys import table as keymap
from tui.keys.table import keys_of
from tui.shell.settings import Loaded, Settings
from tui.views.write.author import Asked
from tui.views.write.comparison import agreement, parting, shared_runs
from tui.views.write.lanes.lanes_view import LanesView
from tui.views.write.stage import Seen
from tui.views.write.view import WriteScreen
from tui.writer.engine_model import EngineModel, load_engine
from tui.writer.knobs import Setting
from tui.writer.snapshots import Recorded, Request, Together, WantRecord

RUN = Path("checkpoints/shakespeare")


@pytest.fixture(scope="module")
def engine() -> EngineModel:
    return load_engine(RUN, 1, "float32")


def requests(strategy: Strategy, count: int, length: int = 60) -> tuple[Request, ...]:
    return tuple(
        Request(-1, "ROMEO:", strategy, length, 5, 0, "sample", sample=i) for i in range(count)
    )


def whole(engine: EngineModel, together: Together) -> dict[int, tuple[str, float, int]]:
    """text, log_prob and characters of every lane, written in pieces of seven."""
    opened = engine.open_lanes(together)
    texts: dict[int, tuple[str, float, int]] = {}
    while not opened.done:
        for change in opened.advance(7, 20):
            assert change.number == together.number
            text = texts.get(change.lane, ("", 0.0, 0))[0][: change.keep] + change.text
            texts[change.lane] = text, change.log_prob, change.characters
    return texts


# The engine's side.


def test_a_grid_is_one_batch_of_the_engines_samples(engine: EngineModel) -> None:
    strategy = Sampling(top_p=0.9)
    texts = whole(engine, Together(-1, requests(strategy, 6)))
    [expected] = engine._engine.write_many(["ROMEO:"], strategy, n=6, seed=5, max_length=60)
    for lane, completion in enumerate(expected):
        text, log_prob, characters = texts[lane]
        assert text == completion.text
        assert log_prob == pytest.approx(completion.log_prob)
        assert characters == completion.length


def test_a_duel_may_be_of_any_two_decoders(engine: EngineModel) -> None:
    pairs: list[Strategy] = [Greedy(), BeamSearch(width=4), NucleusBeam(width=3), Sampling()]
    for one, other in pairwise(pairs):
        sides = (requests(one, 1)[0], requests(other, 1)[0])
        texts = whole(engine, Together(-2, sides))
        for lane, request in enumerate(sides):
            expected = engine._engine.write("ROMEO:", request.strategy, seed=5, max_length=60)
            assert texts[lane][0] == expected.text
            assert texts[lane][1] == pytest.approx(expected.log_prob)


def test_a_setting_against_itself_writes_one_text(engine: EngineModel) -> None:
    one, other = whole(engine, Together(-1, requests(Sampling(), 1) * 2)).values()
    assert one == other


def test_a_sample_is_a_text_of_its_own_and_has_a_record(engine: EngineModel) -> None:
    request = requests(Sampling(), 3)[2]
    opened = engine.open(request._replace(number=1))
    while not opened.source.done:
        opened.source.advance(64)
    text = opened.source.text(0)
    assert text == whole(engine, Together(-1, requests(Sampling(), 3)))[2][0]
    answer = engine.answer(WantRecord(request, text), lambda: True)
    assert isinstance(answer, Recorded)
    record = json.loads(answer.record)
    assert (record["text"], record["sample"]) == (text, 2)


@pytest.mark.parametrize("strategy", [BeamSearch(3), NucleusBeam(3)])
def test_a_beam_has_no_samples(engine: EngineModel, strategy: Strategy) -> None:
    name = "beam" if isinstance(strategy, BeamSearch) else "nucleus-beam"
    request = Request(1, "The ", strategy, 20, 7, 0, name, sample=2)
    opened = engine.open(request)
    while not opened.source.done:
        opened.source.advance()
    answer = engine.answer(WantRecord(request, opened.source.text(0)), lambda: True)
    assert isinstance(answer, Recorded)
    assert json.loads(answer.record)["sample"] == 0
    assert "sample" not in Setting(seed=7, sample=2).with_decoder(name).heading("")


# What is compared.


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_runs_part_a_text_where_the_two_differ(one: str, other: str) -> None:
    runs = shared_runs(one, other)
    ends = [end for end, _ in runs]
    assert ends == sorted(set(ends)) and (ends[-1:] == [len(one)] or not one)
    assert all(a != b for (_, a), (_, b) in pairwise(runs))
    start = 0
    for end, same in runs:
        if same:
            assert one[start:end] == other[start:end]
            assert start == 0 or end - start >= 4
        start = end
    place = parting(one, other)
    assert one[:place] == other[:place]
    assert one[place : place + 1] != other[place : place + 1] or place == min(len(one), len(other))
    if place:
        assert runs[0] == (place, True) or runs[0][0] >= place
    assert agreement(one, other) == sum(
        one[i : i + 1] == c for i, c in enumerate(other) if i < len(one)
    )


# The screen's side.


def texts(screen: WriteScreen | StageView) -> list[str]:
    return [lane.text for lane in lanes_of(screen).lanes.lanes]


async def over(screen: WriteScreen | StageView, count: int) -> None:
    await until(
        lambda: len(lanes_of(screen).lanes.lanes) == count and not lanes_of(screen).streaming
    )
    await until(lambda: lanes_of(screen).lanes.lanes[0].text)


@pytest.mark.parametrize(
    ("size", "count"), [((80, 24), 4), ((120, 30), 6), ((160, 48), 9), ((20, 5), 4)]
)
async def test_the_grid_has_as_many_samples_as_there_is_room(
    size: tuple[int, int], count: int
) -> None:
    model = FakeModel()
    async with staged(model, size) as screen:
        screen.prompt.text = "We "
        screen.stages.turn_grid()
        await over(screen, count)
        assert [r.sample for r in model.requests] == list(range(count))
        assert {(r.prompt, r.seed, r.strategy) for r in model.requests} == {
            ("We ", 1, Sampling(top_p=0.95))
        }
        await until(lambda: "nats/char" in painted(screen) or size[0] < 40)
        assert len(painted(screen).split("\n")) == size[1]
        if size[0] >= 80:
            assert f"{count} samples" in painted(screen)
            assert all(f"{i + 1}.00 nats/char" in painted(screen) for i in range(count))
        await press(screen, "g")
        following = {4: 6, 6: 9, 9: 4}[count]
        await over(screen, following)


async def test_the_last_of_nine_samples_is_the_last_of_four_too() -> None:
    async with staged(FakeModel(), (160, 48)) as screen:
        screen.stages.turn_grid()
        await over(screen, 9)
        await press(screen, "end", "g")
        await over(screen, 4)
        assert lanes_of(screen).chosen == 3
        await press(screen, "enter")
        await until(lambda: screen.stages.seen is Seen.TEXT and screen.knobs.setting.sample == 3)


async def test_a_sample_is_taken_and_stays_that_sample() -> None:
    model = FakeModel()
    async with running(model, (120, 30)) as screen:
        await write(screen, "We ")
        await press(screen, "ctrl+f")
        await over(screen, 6)
        third = texts(screen)[2]
        await press(screen, "ctrl+y")
        assert screen.app.clipboard == "We " + texts(screen)[0]
        model.steps = letters(third)
        await press(screen, "right", "right", "enter")
        await until(lambda: screen.text.view.text == "We " + third)
        assert screen.stages.seen is Seen.TEXT and model.requests[-1].sample == 2
        assert model.requests[-1].known == third
        assert "seed 1, sample 3" in painted(screen)
        await until(lambda: not screen.text.writing.streaming)
        await press(screen, "ctrl+down")
        await until(lambda: model.requests[-1].strategy == Sampling(temperature=0.95, top_p=0.95))
        assert model.requests[-1].sample == 2
        await press(screen, "ctrl+r")
        await until(lambda: model.requests[-1].seed == 2)
        assert model.requests[-1].sample == 0


async def test_a_digit_and_two_clicks_take_a_sample_too() -> None:
    model = FakeModel()
    async with running(model, (120, 30)) as screen:
        await press(screen, "ctrl+f")
        await over(screen, 6)
        await press(screen, "4")
        await until(lambda: model.requests[-1].sample == 3 and screen.stages.seen is Seen.TEXT)
        await press(screen, "ctrl+f")
        await over(screen, 6)
        view = screen.query_one(LanesView)
        view.post_message(LanesView.Clicked(1, 1))
        await until(lambda: "▸2" in painted(screen))
        view.post_message(LanesView.Clicked(1, 2))
        await until(lambda: model.requests[-1].sample == 1 and screen.stages.seen is Seen.TEXT)


async def test_what_has_no_samples_says_so() -> None:
    model = FakeModel()
    async with running(model) as screen:
        await press(screen, "f2", "ctrl+f")
        await until(lambda: any("no samples" in toast for toast in toasts(screen)))
        assert screen.stages.seen is Seen.TEXT and not model.requests
        await press(screen, "f3", "ctrl+f")
        await over(screen, 6)
        await press(screen, "f2")
        assert screen.knobs.setting.name == "sample"


async def test_a_knob_and_a_prompt_write_the_grid_again() -> None:
    model = FakeModel()
    async with staged(model) as screen:
        screen.stages.turn_grid()
        await over(screen, 6)
        first = texts(screen)
        screen.turn("temperature", -1)
        await until(lambda: not lanes_of(screen).streaming and texts(screen) != first)
        assert {r.strategy for r in model.requests[6:]} == {Sampling(temperature=0.95, top_p=0.95)}
        screen.stages.write(Asked("Then "))
        await until(lambda: len(model.requests) == 18 and not lanes_of(screen).streaming)
        assert {r.prompt for r in model.requests[12:]} == {"Then "}
        screen.stages.author.regenerate()
        await until(lambda: len(model.requests) == 24)
        assert {r.seed for r in model.requests[18:]} == {2}
        screen.stages.turn_grid()
        assert screen.stages.seen is Seen.TEXT


async def test_escape_stops_the_grid_then_leaves_it() -> None:
    model = FakeModel(lanes=("x" * 50_000,) * 6)
    async with running(model) as screen:
        await press(screen, "ctrl+f")
        await until(lambda: lanes_of(screen).lanes.lanes[0].characters > 5)
        await press(screen, "escape")
        assert not lanes_of(screen).streaming
        length = len(texts(screen)[0])
        await press(screen, "right")
        assert len(texts(screen)[0]) == length and screen.stages.seen is Seen.GRID
        await press(screen, "escape")
        assert screen.stages.seen is Seen.TEXT and screen.text.view.has_focus


async def test_a_duel_of_two_settings_on_the_same_dice() -> None:
    model = FakeModel(lanes=("the same, then this way", "the same, then that way"))
    async with staged(model, (120, 30)) as screen:
        screen.prompt.text = "We "
        screen.stages.turn_duel()
        await over(screen, 2)
        assert [r.strategy for r in model.requests] == [Sampling(top_p=0.95), Greedy()]
        await until(lambda: "first difference at 18" in painted(screen))
        assert "21 of 23 characters the same" in painted(screen)
        await until(lambda: " A  nucleus" in painted(screen) and "▸ B  greedy" in painted(screen))
        assert "likelier with   A   or with   B " in painted(screen)
        screen.use("sample")
        await until(lambda: model.requests[-1].strategy == Sampling())
        assert model.requests[-2].strategy == Sampling(top_p=0.95)
        await press(screen, "left")
        screen.turn("temperature", -1)
        await until(lambda: len(model.requests) == 6)
        assert [r.strategy for r in model.requests[-2:]] == [
            Sampling(temperature=0.95, top_p=0.95), Sampling()
        ]  # fmt: skip
        screen.stages.author.regenerate()
        await until(lambda: len(model.requests) == 8)
        assert [r.seed for r in model.requests[-2:]] == [2, 2]
        await press(screen, "right", "enter")
        await until(lambda: screen.stages.seen is Seen.TEXT and len(model.requests) == 9)
        assert model.requests[-1].strategy == Sampling() == screen.knobs.setting.strategy


async def test_the_prompt_is_that_of_what_is_seen_or_what_was_typed_since() -> None:
    model = FakeModel()
    async with running(model) as screen:
        await write(screen, "One ")
        screen.prompt.text = "Two "
        await press(screen, "ctrl+x", "g")
        await over(screen, 6)
        assert model.requests[-1].prompt == "Two "
        await press(screen, "ctrl+d")
        await over(screen, 2)
        assert model.requests[-1].prompt == "Two "
        await press(screen, "escape", "ctrl+f")
        await over(screen, 6)
        assert model.requests[-1].prompt == "One "


async def test_leaving_a_duel_leaves_the_setting_as_it_was() -> None:
    async with staged(FakeModel()) as screen:
        before = screen.knobs.setting
        screen.stages.turn_duel()
        await over(screen, 2)
        screen.use("beam")
        screen.stages.turn_duel()
        assert screen.stages.seen is Seen.TEXT and screen.knobs.setting == before


async def test_a_text_keeps_the_setting_it_was_written_with() -> None:
    async with staged(FakeModel()) as screen:
        await write_on(screen, "Oh")
        before = screen.knobs.setting
        screen.stages.turn_grid()
        await over(screen, 6)
        screen.stages.author.regenerate()
        screen.turn("temperature", -1)
        await until(lambda: not lanes_of(screen).streaming)
        screen.show(Seen.TEXT)
        assert screen.stages.seen is Seen.TEXT and screen.knobs.setting == before


async def test_one_goes_back_in_texts_side_by_side() -> None:
    long = "".join(f" line{i}\n" for i in range(80))
    async with staged(FakeModel(lanes=(long, long[:-1] + "!")), (80, 24)) as screen:
        screen.stages.turn_duel()
        await over(screen, 2)
        await until(lambda: "▼ PgDn" in painted(screen))
        assert painted(screen).count(" line0 ") == 2 and "line79" not in painted(screen)
        screen.stages.shown.turn_page(1)
        await until(lambda: " line0 " not in painted(screen))
        for _ in range(20):
            screen.stages.shown.turn_page(1)
        screen.show_state()
        await until(
            lambda: painted(screen).count("line79") == 2 and "▼ PgDn" not in painted(screen)
        )
        for _ in range(20):
            screen.stages.shown.turn_page(-1)
        screen.show_state()
        await until(lambda: painted(screen).count(" line0 ") == 2)
        screen.stages.shown.turn_page(None)
        await until(lambda: painted(screen).count("line79") == 2)
        screen.query_one(LanesView).on_mouse_scroll_up()
        await until(lambda: "line79" not in painted(screen))


async def test_curves_are_offered_where_they_can_be_shown() -> None:
    async with running(FakeModel(), (160, 40)) as screen:
        await write(screen, "Oh")
        assert keymap.label_of("curves", (), screen.states())
        await press(screen, "ctrl+f")
        assert not keymap.label_of("curves", (), screen.states())
        await over(screen, 9)
        await press(screen, "escape", "left")
        await until(lambda: "cursor" in screen.states())
        assert not keymap.label_of("curves", (), screen.states())
        await press(screen, "ctrl+o")
        await until(lambda: any("their place is taken" in toast for toast in toasts(screen)))


async def test_a_new_model_ends_what_is_written() -> None:
    model = FakeModel(lanes=("x" * 50_000,) * 2)
    async with running(model) as screen:
        await press(screen, "ctrl+d")
        await until(lambda: lanes_of(screen).lanes.lanes[0].characters > 5)
        screen.load(Path("checkpoints/other"))
        assert not lanes_of(screen).streaming
        await until(lambda: not screen.app.decode_worker._request and not screen.model.loading)


async def test_the_engines_error_ends_the_lanes() -> None:
    async with staged(FakeModel(error=RuntimeError(HOSTILE))) as screen:
        screen.stages.turn_grid()
        await until(lambda: screen.said and not lanes_of(screen).streaming)
        assert not RAW.search(painted(screen).replace("\n", ""))


async def test_hostile_texts_are_inert_side_by_side() -> None:
    for key in ("ctrl+f", "ctrl+d"):
        lanes = (HOSTILE, HOSTILE[::-1]) * (3 if key == "ctrl+f" else 1)
        async with staged(FakeModel(lanes=lanes)) as screen:
            screen.stages.turn_grid() if key == "ctrl+f" else screen.stages.turn_duel()
            await until(lambda: lanes_of(screen).lanes.lanes and not lanes_of(screen).streaming)
            await until(lambda: "app.quit" in painted(screen))
            assert not RAW.search(painted(screen).replace("\n", ""))


@pytest.mark.parametrize(("stage", "theme"), [
    (stage, theme) for stage in ("grid", "duel") for theme in ("dark", "light", "plain")
])  # fmt: skip
async def test_it_looks_as_it_did(
    stage: str,
    theme: str,
    match_snapshot: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    settings = Loaded(Settings(theme="light" if theme == "light" else "dark"))
    lanes = tuple(f" one way to go on, and then another {word}." for word in ("here", "there"))
    model = FakeModel(lanes=lanes * (2 if stage == "grid" else 1))
    async with running(model, (80, 24), settings=settings) as screen:
        screen.prompt.text = "We know"
        await press(screen, "ctrl+x", "g" if stage == "grid" else "d")
        await over(screen, len(model.lanes or ()))
        await seen_as(match_snapshot, f"{stage}-{theme}", lambda: drawn(screen.app))


async def test_the_keys_of_the_grid_act_only_in_it() -> None:
    keys = [key for key in keys_of("write") if key.group == "Side by side"]
    assert {key.action for key in keys} == {"grid", "cells", "duel"}
    async with running(FakeModel()) as screen:
        labels = {key.action: key.label(screen.states()) for key in keys}
        assert labels == {"grid": "Grid", "cells": None, "duel": "Duel"}
        await press(screen, "ctrl+f")
        await over(screen, 6)
        labels = {key.action: key.label(screen.states()) for key in keys}
        assert labels == {"grid": "Text", "cells": "4, 6, 9", "duel": "Duel"}


async def test_a_prompt_that_was_shortened_is_a_new_one() -> None:
    model = FakeModel()
    async with running(model) as screen:
        await write(screen, "the king")
        await press(screen, "ctrl+f")
        await over(screen, 6)
        assert lanes_of(screen).lanes.prompt == "the king"
        await press(screen, "ctrl+f")
        screen.prompt.focus()
        await until(lambda: screen.prompt.has_focus)
        screen.prompt.text = "the"
        await press(screen, "ctrl+x", "g")
        await over(screen, 6)
        assert lanes_of(screen).lanes.prompt == "the"


async def test_a_prompt_that_lanes_were_written_from_was_sent() -> None:
    model = FakeModel()
    async with running(model) as screen:
        screen.prompt.text = "We "
        await press(screen, "ctrl+x", "g")
        await over(screen, 6)
        await press(screen, "enter")
        await until(lambda: screen.stages.seen is Seen.TEXT and not screen.text.writing.streaming)
        screen.prompt.focus()
        await until(lambda: screen.prompt.has_focus)
        count = len(model.requests)
        await press(screen, "ctrl+down")
        await until(lambda: len(model.requests) == count + 1)
