"""Looking into a model: what the thread computes, how it is drawn, and every key of the view."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from driver import HOSTILE, RAW, opened, painted, press, toasts, until
from inspecting import TEXT, inspecting
from models import CHARACTERS, MakeRun, random_checkpoint
from rich.style import Style
from snapshots import drawn, seen_as
from textual.widgets import Input

from charlm.engine.engine import Engine
from charlm.model.cells import CELLS
from charlm.reference import ReferenceModel, trace
from charlm.run.checkpoint import load_checkpoint, save_checkpoint
from charlm.run.layout import MODEL
from charlm.text.vocabulary import EOS
from tui.colours.ramps import LEVELS, Ramp
from tui.keys.table import keys_of
from tui.views.inspect.drawing import (
    most_surprising,
    place_line,
    strip_segments,
    summary,
    surprise_levels,
    unit_levels,
    window,
)
from tui.views.inspect.snapshots import (
    InspectFailed,
    InspectRequest,
    InspectSnapshot,
    Part,
    Scored,
    Traced,
    TraceProgress,
)
from tui.views.inspect.text_sheet import OtherText
from tui.views.inspect.view import InspectView
from tui.views.inspect.worker import MAX_SCORED, InspectWorker, read_examples
from tui.views.sheets import Ask
from tui.widgets.leader_strip import LeaderStrip
from tui.widgets.text_field import TextField


def answers(
    worker: InspectWorker, number: int = 1, last: type[object] = Traced
) -> list[InspectSnapshot]:
    """Everything until the trace of a request is there, or it failed."""
    end, got = time.monotonic() + 30, []
    while not any(isinstance(s, (last, InspectFailed)) and s.number == number for s in got):
        assert time.monotonic() < end, "it never answered"
        while worker.posted:
            got.append(worker.posted.popleft())
        time.sleep(0.01)
    return got


@pytest.fixture
def worker() -> object:
    worker = InspectWorker()
    yield worker
    worker.close()


# What is computed.


@pytest.mark.parametrize("unit", ["continuous", "line", "sentence"])
def test_scores_and_traces_belong_to_their_characters(
    worker: InspectWorker, make_run: MakeRun, unit: str
) -> None:
    run = make_run(unit=unit, cell="lstm", hidden_size=8)
    worker.ask(InspectRequest(1, run, TEXT, ended=True, own=True))
    got = answers(worker)
    scored = next(s for s in got if isinstance(s, Scored))
    traced = next(s for s in got if isinstance(s, Traced))
    engine = Engine.load(run)
    score = engine.score(TEXT)
    np.testing.assert_array_equal(scored.nats, -score.log_probs)
    expected = TEXT if unit != "sentence" else TEXT.replace("\n", " ", 1)
    assert scored.characters.replace("\n", " ").split() == expected.split()
    assert [engine.vocabulary.to_char(int(id)) or "\n" for id in score.ids] == list(
        scored.characters
    )
    best = [0 if rank else nats for rank, nats in zip(scored.ranks, scored.nats, strict=True)]
    assert all(b in (0, n) for b, n in zip(best, scored.best_nats, strict=True))
    assert set(traced.traces) == {(0, part) for part in "ifgohc"}
    checkpoint = load_checkpoint(run)
    model, row = ReferenceModel(checkpoint), 0
    for example in read_examples(checkpoint, TEXT, ended=True)[0]:
        found = trace(model, checkpoint.text.start_id, example.ids)
        count = len(example.ids)
        for part in "ifgohc":
            values = traced.traces[0, part].values
            np.testing.assert_array_equal(values[row : row + count], found[f"layers.0.{part}"])
        row += count + example.ends
        assert not example.ends or np.isnan(values[row - 1]).all()
    assert row == len(scored.characters) == len(values)


@pytest.mark.parametrize("unit", ["line", "sentence"])
def test_a_text_that_was_cut_has_no_end(
    worker: InspectWorker, make_run: MakeRun, unit: str
) -> None:
    run, text = make_run(unit=unit), "what a day!\nand the dog sat"
    score = Engine.load(run).score(text)
    found = {}
    for number, ended in enumerate((False, True), 1):
        worker.ask(InspectRequest(number, run, text, ended, own=True))
        found[ended] = next(s for s in answers(worker, number) if isinstance(s, Scored))
    inner = frozenset({text.index("\n")})
    assert (found[True].ends, found[False].ends) == (inner | {len(text)}, inner)
    assert found[False].characters == found[True].characters[:-1] == text
    np.testing.assert_array_equal(found[True].nats, -score.log_probs)
    np.testing.assert_array_equal(found[False].nats, -score.log_probs[:-1])
    assert len(found[False].ranks) == len(found[False].best) == len(text)
    assert [found[True].count(), found[False].count(), found[True].count(12)] == [26, 26, 11]


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("unit", ["line", "sentence"])
def test_what_was_written_is_one_stretch(
    worker: InspectWorker, make_run: MakeRun, unit: str, ended: bool
) -> None:
    run, text = make_run(unit=unit, characters=CHARACTERS + "\t"), "what a\tday! and  this."
    engine = Engine.load(run)
    ids = engine.vocabulary.string2code(text) + [EOS] * ended
    score = engine.start_score_ids(ids).score()
    worker.ask(InspectRequest(1, run, text, ended))
    scored = next(s for s in answers(worker) if isinstance(s, Scored))
    assert scored.characters == text + "\n" * ended
    np.testing.assert_array_equal(scored.nats, -score.log_probs)


def test_a_line_with_its_newline_ends(worker: InspectWorker, make_run: MakeRun) -> None:
    worker.ask(InspectRequest(1, make_run(unit="line"), "one line\n", own=True))
    scored = next(s for s in answers(worker) if isinstance(s, Scored))
    assert scored.ends == {8} and len(scored.nats) == 9


def test_units_are_sorted_by_how_much_they_vary(worker: InspectWorker, make_run: MakeRun) -> None:
    worker.ask(InspectRequest(1, make_run(cell="gru", layers=2), TEXT))
    traced = next(s for s in answers(worker) if isinstance(s, Traced))
    assert (traced.cell, traced.layers, traced.parts) == ("gru", 2, ("z", "r", "n", "h"))
    for part in traced.traces.values():
        spread = np.nanstd(part.values.astype(np.float64), axis=0)
        np.testing.assert_allclose(part.spread, spread, rtol=1e-5)
        assert (np.diff(part.spread[part.order]) <= 0).all()


def test_strange_characters_are_told(worker: InspectWorker, make_run: MakeRun) -> None:
    worker.ask(InspectRequest(1, make_run(), "a café\x1b in Ωmega", own=True))
    scored = next(s for s in answers(worker) if isinstance(s, Scored))
    assert scored.characters == "a café in mega"
    assert any("unknown" in notice for notice in scored.notices)
    assert not any("\x1b" in notice for notice in scored.notices)


def test_a_long_text_is_cut_and_a_new_request_ends_the_old(
    worker: InspectWorker, make_run: MakeRun
) -> None:
    run = make_run()
    worker.ask(InspectRequest(1, run, "a" * (MAX_SCORED + 5)))
    while not any(isinstance(s, TraceProgress) for s in tuple(worker.posted)):
        time.sleep(0.01)
    scored = next(s for s in tuple(worker.posted) if isinstance(s, Scored))
    assert len(scored.nats) == MAX_SCORED and "only the first" in scored.notices[0]
    worker.ask(InspectRequest(2, run, "abc"))
    got = answers(worker, 2)
    assert not any(isinstance(s, Traced) and s.number == 1 for s in got)


async def test_it_is_said_where_the_units_end(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.views.inspect.worker.MAX_TRACED", len(TEXT))
    async with inspecting(make_run()) as view:
        assert not any("first" in toast for toast in toasts(view))
        view.look_into(TEXT + "more")
        said = f"units are shown for the first {len(TEXT)} characters only"
        await until(lambda: said in toasts(view))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none", "abc", "does not exist"),
        ("run", "ΩΩΩ", "empty"),
        ("line", "Ω\n", "empty"),
        ("bad", "abc", "not a charlm"),
    ],
)
def test_what_cannot_be_is_said(
    worker: InspectWorker, make_run: MakeRun, tmp_path: Path, name: str, text: str, said: str
) -> None:
    make_run()
    make_run("line", unit="line")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / MODEL).write_bytes(b"no checkpoint at all")
    path = tmp_path / name
    worker.ask(InspectRequest(1, path / MODEL if name == "none" else path, text, own=True))
    failed = answers(worker)[-1]
    assert isinstance(failed, InspectFailed) and said in failed.message


# How it is drawn.


def part(values: list[list[float]]) -> Part:
    array = np.array(values, np.float32)
    return Part(array, np.arange(array.shape[1]), array.std(axis=0))


def test_levels() -> None:
    gate = unit_levels(part([[0.0], [0.5], [1.0], [math.nan]]), 0, CELLS["lstm"].parts["i"])
    assert gate.levels.tolist() == [0, LEVELS // 2, LEVELS - 1, -1]
    assert (gate.low, gate.high) == (0, 1)
    state = unit_levels(part([[-0.25], [0.0], [0.5]]), 0, CELLS["lstm"].parts["c"])
    assert state.levels.tolist() == [LEVELS // 4, LEVELS // 2, LEVELS - 1]
    assert (state.low, state.high) == (-0.5, 0.5)
    above_0 = replace(CELLS["lstm"].parts["c"], range=(0.0, math.inf))
    grown = unit_levels(part([[0.0], [1.0], [4.0]]), 0, above_0)
    assert (grown.levels[0], grown.levels[-1], grown.low, grown.high) == (0, LEVELS - 1, 0, 4)
    still = unit_levels(part([[0.0], [0.0]]), 0, CELLS["rnn"].parts["h"])
    assert still.levels.tolist() == [LEVELS // 2] * 2


def test_windows_hold_the_cursor() -> None:
    for length in (0, 1, 5, 100):
        for width in (0, 1, 5, 40, 200):
            for cursor in range(max(1, length)):
                start, end = window(cursor, length, width)
                assert 0 <= start <= end <= length and end - start <= width
                assert not (length and width) or start <= cursor < end


def scored(characters: str, nats: list[float]) -> Scored:
    count = len(characters)
    return Scored(
        1, "m", characters, np.array(nats, np.float32), np.zeros(count, np.int32),
        ("e",) * count, np.full(count, math.log(2), np.float32),
    )  # fmt: skip


def test_surprise() -> None:
    text = scored("ab\x1bd\n", [0.0, 3.0, 99.0, 1.0, 2.0])
    assert surprise_levels(text).tolist()[:3] == [0, (LEVELS - 1) // 2, LEVELS - 1]
    assert most_surprising(text) == [2, 1, 4, 3, 0]
    assert summary(text)[0] == "21.000 nats/char"
    line = "".join(s.text for s in place_line(text, 2, 70, Style(), Style(bold=True)))
    assert "99.00 nats" in line and "ab␛d↵" in line and "expected e (50 %)" in line


def test_strips_have_a_cell_per_character() -> None:
    levels = [0, 0, 5, -1, 16]
    for papers in (True, False):
        styles = [Style(bgcolor=f"#0000{level:02x}") for level in range(LEVELS)]
        segments = strip_segments(levels, Ramp(styles, styles, papers), Style())
        assert sum(s.cell_length for s in segments) == len(levels)


# The view.


async def test_the_newest_text_is_looked_into(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        assert view.picture.scored is not None and view.picture.scored.characters == TEXT
        await until(lambda: "state, unit" in painted(view))
        shown = painted(view)
        assert "the cat sat" in shown and "negative" in shown and "positive" in shown
        await press(view, "f9")
        await until(lambda: view.app.screen is not view)
        number = view.inquiry.request.number
        await press(view, "f9")
        await until(lambda: view.app.screen is view)
        assert view.inquiry.request.number == number


async def test_gates_layers_and_units(make_run: MakeRun) -> None:
    async with inspecting(make_run(layers=2)) as view:
        assert view.picture.chosen.part == "h"
        await press(view, "g", "g")
        await until(lambda: view.picture.chosen.part == "i")
        await until(lambda: "input gate, unit" in painted(view))
        await until(lambda: "lets nothing in" in painted(view))
        await press(view, "l")
        await until(lambda: "layer 2 of 2" in painted(view))
        await press(view, "n", "n", "p")
        await until(lambda: view.picture.chosen.unit == 1)
        assert view.picture.traced is not None
        unit = view.picture.traced.traces[1, "i"].order[1]
        await until(lambda: f"unit {unit}" in painted(view))
        await press(view, "m")
        await until(lambda: view.picture.chosen.unit == 0)
        part = view.picture.traced.traces[1, "i"]
        await press(view, "right", "right")
        value = part.values[2, part.order[0]]
        await until(lambda: f"unit {value:+.2f}" in painted(view))


async def test_a_unit_is_found_by_its_number(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        await press(view, "number_sign")
        await opened(view, Ask)
        for wrong in ("x", "9" * 5000, ""):
            view.app.screen.query_one(Input).value = wrong
            await press(view, "enter")
            await until(lambda: "a number from 0 to" in painted(view))
        await press(view, "5", "enter")
        await until(lambda: view.app.screen is view)
        part = view.picture.part
        assert part is not None
        assert part.order[view.picture.chosen.unit] == 5
        await until(lambda: "unit 5" in painted(view))


async def test_surprise_walks_through_the_places(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        await press(view, "v")
        await until(lambda: "most surprising" in painted(view))
        assert view.picture.scored is not None
        assert f"{view.picture.scored.nats.mean():.3f} nats/char" in painted(view)
        order = most_surprising(view.picture.scored)
        await press(view, "n", "n")
        await until(lambda: view.text.cursor == order[2])
        await press(view, "p")
        await until(lambda: view.text.cursor == order[1])
        await press(view, "m")
        await until(lambda: view.text.cursor == order[0])


@pytest.mark.parametrize("ends", [True, False])
async def test_an_end_is_seen_where_the_text_has_one(make_run: MakeRun, ends: bool) -> None:
    text = "the cat sat"
    async with inspecting(make_run(unit="sentence"), text, ends=ends) as view:
        assert view.inquiry.request.ended == ends
        await until(lambda: "the newest text, 11 characters" in painted(view))
        await press(view, "v", "end")
        await until(lambda: view.text.cursor == len(text) - (not ends))
        await until(lambda: (" end " in painted(view)) == ends)
        assert ("character 11" in painted(view)) != ends
        assert view.picture.scored is not None
        places = most_surprising(view.picture.scored)
        assert (len(text) in places) == ends
        drawn = "".join(s.text for place in places for s in place_line(
            view.picture.scored, place, 70, Style(), Style()))  # fmt: skip
        assert ("tend" in drawn) == ends
        assert not view.inquiry.is_older
        await press(view, "e")
        await opened(view, OtherText)
        await press(view, "ctrl+s")
        await until(lambda: "your text, 11 characters" in painted(view))
        await until(lambda: view.picture.scored and not view.picture.scored.ends)


async def test_a_text_of_ones_own(make_run: MakeRun) -> None:
    async with inspecting(make_run(), "") as view:
        await until(lambda: "press e" in painted(view))
        await press(view, "e")
        await opened(view, OtherText)
        view.app.screen.query_one(TextField).text = "so, a text\nof mine"
        await press(view, "ctrl+s")
        await until(lambda: view.picture.traced)
        await until(lambda: "your text, 18 characters" in painted(view))
        await press(view, "e")
        await opened(view, OtherText)
        await press(view, "escape")
        await until(lambda: view.app.screen is view)


async def test_what_is_typed_takes_the_place_of_the_text(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        await press(view, "e")
        await opened(view, OtherText)
        await press(view, *"cat", "ctrl+s")
        await until(lambda: view.picture.scored and view.picture.scored.characters == "cat")


async def test_a_text_is_called_ones_own_only_once_it_is_there(make_run: MakeRun) -> None:
    async with inspecting(make_run()) as view:
        view.look_into("ΩΩΩ")
        await until(lambda: any("is empty" in toast for toast in toasts(view)))
        assert "the newest text, " in painted(view) and "your text" not in painted(view)


async def test_newer_weights_than_those_that_wrote_are_told(make_run: MakeRun) -> None:
    run = make_run()
    async with inspecting(run) as view:
        assert not any("saved anew" in toast for toast in toasts(view))
        save_checkpoint(run / MODEL, random_checkpoint(seed=9))
        view.look_into(None)
        await until(lambda: any("saved anew" in toast for toast in toasts(view)))


async def test_escape_stops_the_computing(make_run: MakeRun) -> None:
    async with inspecting(make_run(hidden_size=256)) as view:
        view.look_into("word " * 2000)
        await until(lambda: view.inquiry.progress)
        await press(view, "escape")
        await until(lambda: not view.inquiry.working)
        await until(lambda: "The gates were not computed" in painted(view))
        await press(view, "escape")
        await until(lambda: view.app.screen is not view)


async def test_what_fails_is_a_toast(make_run: MakeRun) -> None:
    run = make_run()
    async with inspecting(run) as view:
        (run / MODEL).write_bytes(b"gone")
        view.look_into("abc")
        await until(lambda: any("incomplete" in toast for toast in toasts(view)))
        assert not view.inquiry.working


async def test_hostile_text_is_inert(make_run: MakeRun) -> None:
    characters = "".join(sorted({*HOSTILE, *" \nabcdefghij"} - {"\ud800"}))
    run = make_run(characters=characters)
    async with inspecting(run, HOSTILE.replace("\ud800", "") * 3, (160, 40)) as view:
        shown = "␛]0;own␇�31m[/bold][@click=app.quit]x[/]�abc"
        for keys, marks in (
            (("right",) * 9, (shown, "x[/]?abc [red␛]0;")),
            (("v", "n"), (shown, "most surprising", "[/]?abc [red␛]0;")),
            (("e",), ("into another text", shown)),
            (("escape",), (shown, "Other text")),
        ):
            await press(view, *keys)
            await until(lambda marks=marks: all(mark in painted(view) for mark in marks))
            await asyncio.sleep(0.2)
            assert not RAW.search(painted(view).replace("\n", ""))
            for strip in view.app.screen._compositor.render_strips():
                for segment in strip:
                    assert "app.quit" not in str((segment.style and segment.style.meta) or {})


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (160, 48), (300, 80)])
async def test_every_size_draws(make_run: MakeRun, size: tuple[int, int]) -> None:
    async with inspecting(make_run(), size=size) as view:
        for keys, mark in ((("n", "right"), "cat"), (("v", "n"), "dog")):
            await press(view, *keys)
            lines = painted(view).split("\n")
            assert len(lines) == size[1]
            assert any(mark in line for line in lines)


@pytest.mark.parametrize("surprise", [False, True], ids=["units", "surprise"])
@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
async def test_it_looks_as_it_did(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch,
    match_snapshot: Callable[[str, str], None], theme: str, surprise: bool,
) -> None:  # fmt: skip
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    run = make_run("snapshot")
    async with inspecting(run, TEXT * 4, (80, 24), "light" if theme == "light" else "dark") as view:
        for key in (*("ggn" if not surprise else "vn"), "down", "right"):
            before = state_of(view)
            await press(view, key)
            await until(lambda before=before: state_of(view) != before)
        await until(lambda: f"character {view.text.cursor + 1}" in painted(view))
        await seen_as(
            match_snapshot,
            f"inspect-{'surprise' if surprise else 'units'}-{theme}",
            lambda: drawn(view.app),
        )


async def test_the_cursor_is_seen_once_wherever_it_is(make_run: MakeRun) -> None:
    text = "word " * 9 + "x" * 99 + "\n\nend \n"
    async with inspecting(make_run(), text, (40, 20)) as view:
        heat = view.text
        for place in range(heat.length):
            heat.move_to(place)
            lines = [heat._line(row, Style()) for row in range(len(heat._wrapped))]
            seen = [s.text for line in lines for s in line if s.style and s.style.underline]
            assert seen == [text[place].replace("\n", " ")], place
        for _ in range(9):
            heat.move_lines(-1)
        assert heat.cursor < 40


def state_of(view: InspectView) -> tuple[object, ...]:
    app = view.app
    return (
        view.picture.chosen, view.text.cursor, view.text.selected_from, app.screen, app.theme,
        view.inquiry.request.number, tuple(toasts(view)), app._exit,
        list(app.screen.query(LeaderStrip)),
    )  # fmt: skip


async def test_every_key_does_something(make_run: MakeRun) -> None:
    async with inspecting(make_run(layers=2), TEXT * 30) as view:
        app = view.app
        for key in keys_of("inspect"):
            for name in key.keys:
                if key.action == "app.quit":
                    continue
                view.inquiry.own_text = "own"
                view.picture.choose(replace(view.picture.chosen, surprise=False, unit=15))
                view.text.move_to(700)
                before = state_of(view)
                await press(view, name)
                await until(lambda before=before: state_of(view) != before)
                while app.screen is not view:
                    if app.screen is app.screen_stack[0]:
                        app.action_view("inspect")
                    else:
                        await app.pop_screen()
                    await asyncio.sleep(0.05)
                await until(lambda: view.picture.traced and not view.inquiry.working)
        app.simulate_key("ctrl+q")
        await until(lambda: app._exit)
