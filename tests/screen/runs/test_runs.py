"""The runs: what is read of them, the table, and its view."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from driver import HOSTILE, RAW, opened, painted, press, toasts, until
from models import random_checkpoint
from one_view import OneViewApp
from snapshots import drawn, seen_as
from textual.widgets import Input, Static

from charlm.errors import CheckpointError, InputError
from charlm.run.checkpoint import describe_checkpoint, load_checkpoint, save_checkpoint
from charlm.run.layout import MODEL, RUN_LOG
from charlm.run.lock import training_in
from charlm.run.log import read_ends
from charlm.wording import ago, bytes_text, short
from tui.app import CharlmApp
from tui.keys.table import keys_of
from tui.shell.last_model import LastModel
from tui.shell.settings import Loaded, Settings
from tui.views.runs.folders import (
    delete_run,
    found_runs,
    is_training,
    read_details,
    read_row,
    rename_own,
)
from tui.views.runs.reader import RunsReader
from tui.views.runs.snapshots import RunDetails, RunRow
from tui.views.runs.table import COLUMNS, columns_for, sorted_rows
from tui.views.runs.view import RunsView
from tui.views.sheets import Ask, Differences, Question, difference_content
from tui.views.train.view import TrainView
from tui.widgets.leader_strip import LeaderStrip
from tui.writer.snapshots import Newest

STEP = {"kind": "step", "step": 10, "characters": 1000, "loss": 2.0}
START = {
    "kind": "start", "command": "python -m charlm.train --hidden 24 --corpus 'my text' --tie",
    "model": {"cell": "gru"},
}  # fmt: skip
END = {"kind": "end", "reason": "budget used", "validation_loss": 1.5, "test_loss": None}


def make_run(
    folder: Path, name: str, *lines: object, model: bool = True, **options: object
) -> Path:
    run = folder / name
    run.mkdir(parents=True)
    if model:
        save_checkpoint(run / MODEL, random_checkpoint(**options))
    if lines:
        (run / RUN_LOG).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


# What is read.


def test_a_row_is_what_the_header_says(tmp_path: Path) -> None:
    run = make_run(tmp_path, "mine", START, STEP, END, cell="gru", hidden_size=16, layers=2)
    row, checkpoint = read_row(run), load_checkpoint(run)
    assert (row.cell, row.layers, row.hidden) == ("GRU", 2, 16)
    assert row.parameters == checkpoint.config.parameter_count
    assert row.loss == 1.5
    assert (row.characters, row.state, row.kind) == (3456, "finished", "run")
    assert row.size == sum(path.stat().st_size for path in run.iterdir())


#: As a trainer tells it: the losses are named, though nothing could be measured.
FAILED = {
    "kind": "end", "reason": "the disk is full", "validation_loss": None, "test_loss": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([], ""),
        ([START, STEP], "stopped"),
        ([START, STEP, END], "finished"),
        ([START, STEP, END, START, STEP], "stopped"),
        ([START, STEP, {"kind": "end", "reason": "stopped by SIGINT"}], "stopped"),
        ([START, STEP, {"kind": "end", "reason": "the loss is NaN"}], "failed"),
        ([START, STEP, FAILED], "failed"),
    ],
)
def test_the_log_says_how_a_run_stands(tmp_path: Path, lines: list[object], state: str) -> None:
    assert read_row(make_run(tmp_path, "run", *lines)).state == state


def test_a_held_lock_is_a_training(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run", START, STEP)
    lock = os.open(run / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        os.write(lock, str(os.getpid()).encode())
        assert not is_training(run)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert is_training(run)
        assert read_row(run).state == "training"
        with pytest.raises(InputError, match="stop it first"):
            delete_run(run, [tmp_path])
    finally:
        os.close(lock)
    assert not is_training(run)


def test_the_lock_of_a_dead_process_is_not_tried(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run", START)
    with open(run / ".lock", "w") as other:
        other.write("4194305")  # above the largest process id
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not is_training(run)


def test_every_damage_is_a_row_with_a_word(tmp_path: Path) -> None:
    whole = make_run(tmp_path, "whole")
    data = (whole / MODEL).read_bytes()
    size = int.from_bytes(data[:8], "little")
    cuts = [0, 5, 8, 9, 100, 8 + size - 1, 8 + size, len(data) - 1]
    for number, cut in enumerate(cuts):
        run = tmp_path / f"cut{number}"
        run.mkdir()
        (run / MODEL).write_bytes(data[:cut])
    others = {"text": b"hello", "zip": b"PK\x03\x04" * 9, "huge": b"\xff" * 64, "null": bytes(99)}
    for name, content in others.items():
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    make_run(tmp_path, "empty", START, model=False)
    (tmp_path / "folder" / MODEL).mkdir(parents=True)
    rows = [read_row(path) for path in found_runs([tmp_path])]
    damaged = {row.name for row in rows if row.state == "damaged" and row.why and not row.loads}
    expected = {f"cut{i}" for i in range(len(cuts))} | {f"{name}.safetensors" for name in others}
    assert damaged == expected | {"folder"}
    empty = next(row for row in rows if row.name == "empty")
    assert (empty.state, empty.why) == ("stopped", "nothing was saved")
    assert all(str(tmp_path) not in row.why for row in rows)


def test_a_description_is_that_of_the_whole_file(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run")
    whole, described = load_checkpoint(run), describe_checkpoint(run)
    for name in ("config", "text", "vocabulary", "metrics", "corpus"):
        assert getattr(whole, name) == getattr(described, name)
    with pytest.raises(CheckpointError, match="does not exist"):
        describe_checkpoint(tmp_path / "none")


def test_the_ends_of_a_log(tmp_path: Path) -> None:
    assert read_ends(tmp_path) == ({}, [])
    lines = [START, *({**STEP, "step": i} for i in range(100))]
    run = make_run(tmp_path, "run", *lines, model=False)
    assert read_ends(run) == (START, lines)
    first, last = read_ends(run, 300)
    assert first == START and 1 < len(last) < 10 and last[-1] == lines[-1]
    (run / RUN_LOG).write_text('{"kind": "st')
    assert read_ends(run) == ({}, [])


def test_links_hidden_files_and_the_same_run_twice(tmp_path: Path) -> None:
    folder, other = tmp_path / "checkpoints", tmp_path / "other"
    run, far = make_run(folder, "run"), make_run(other, "far")
    (folder / "link").symlink_to(far)
    (folder / "again").symlink_to(run)
    (folder / "loop").symlink_to("loop")
    shutil.copytree(run, folder / ".hidden")
    names = [path.name for path in found_runs([folder, folder], [far, tmp_path / "none"])]
    assert sorted(names) == ["again", "link"]  # one name for each, whichever came first


@pytest.mark.parametrize("name", [".lock", RUN_LOG, MODEL])
def test_nobody_waits_at_a_pipe(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path, "run", START)
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    assert training_in([tmp_path]) is None
    row, details = read_row(run), read_details(run)
    assert row.loads == (name != MODEL)
    assert ("damaged" in details.facts) == (name == MODEL)


def test_deleting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outside = tmp_path / "checkpoints", tmp_path / "outside"
    run, far = make_run(folder, "run"), make_run(outside, "far")
    (run / "link").symlink_to(outside)
    (folder / "linked").symlink_to(far)
    (folder / "notes").mkdir()
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", folder)
    shipped = make_run(folder, "shakespeare")
    (folder / "one.safetensors").write_bytes((run / MODEL).read_bytes())
    for path in (folder / "linked", shipped, far, folder / "notes", folder / "none", folder):
        with pytest.raises(InputError):
            delete_run(path, [folder])
    delete_run(run, [folder])
    delete_run(folder / "one.safetensors", [folder])
    assert sorted(path.name for path in folder.iterdir()) == ["linked", "notes", "shakespeare"]
    assert (far / MODEL).is_file()


def test_runs_of_a_comparison_are_listed_behind_the_others(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "checkpoints", tmp_path / "elsewhere"
    for parent, name in (
        (folder / "compare-x" / "runs", "lstm-1"),
        (folder, "own"),
        (elsewhere / "runs", "far"),
    ):
        make_run(parent, name, START, STEP, END)
    (folder / "linked").symlink_to(elsewhere)
    (folder / "own" / "runs").symlink_to(elsewhere / "runs")
    rows = [read_row(path) for path in found_runs([folder])]
    assert [(row.name, row.kind) for row in rows] == [("own", "run"), ("compare-x/lstm-1", "run")]
    with pytest.raises(InputError):
        delete_run(elsewhere / "runs" / "far", [folder])
    delete_run(rows[1].path, [folder])
    assert [path.name for path in found_runs([folder])] == ["own"]


def test_the_options_are_facts(tmp_path: Path) -> None:
    sample = {"kind": "sample", "text": "so it goes\x1b"}
    run = make_run(tmp_path, "run", START, STEP, sample)
    details = read_details(run)
    assert details.facts["--hidden"] == "24"
    assert details.facts["--corpus"] == "my text"
    assert details.facts["--tie"] == "yes"
    assert details.sample == "so it goes␛"


def test_only_what_differs_is_shown() -> None:
    one, other = {"cell": "GRU", "unit": "line"}, {"cell": "LSTM", "unit": "line", "bias": "no"}
    page = difference_content(("a", "b"), one, other).plain
    lines = [line.split() for line in page.split("\n")]
    assert lines == [["a", "b"], ["cell", "GRU", "LSTM"], ["bias", "–", "no"]]
    assert "the same" in difference_content(("a", "b"), one, one).plain
    one, other = {"--dropout": "0.1", "--out": "a"}, {"--batch": "9", "--out": "b"}
    page = difference_content(("a", "b"), one, other).plain
    lines = [line.split() for line in page.split("\n")]
    assert lines[1:] == [["--dropout", "0.1", "default"], ["--batch", "default", "9"]]
    page = difference_content(("a", "b"), one, {"cell": "GRU"}).plain  # a single file
    assert "default" not in page and ["--dropout", "0.1", "–"] in map(str.split, page.split("\n"))
    long = difference_content(("a", "b"), {"text": "x" * 40}, {"text": "y"}).plain
    assert long.split("\n")[2:] == [f"  a: {'x' * 40}", "  b: y"]


# The table.


def test_rows_are_sorted_and_unknown_values_are_last() -> None:
    rows = [RunRow(Path(n), n, loss=loss) for n, loss in (("a", 2.0), ("b", None), ("c", 1.0))]
    place = [column.name for column in COLUMNS].index("nats/char")
    assert [row.name for row in sorted_rows(rows, place, True)] == ["c", "a", "b"]
    assert [row.name for row in sorted_rows(rows, place, False)] == ["a", "c", "b"]


def test_cells_are_sorted_by_their_sizes() -> None:
    sizes = [("LSTM", 1, 384), ("LSTM", 1, 48), ("GRU", 2, 64), ("LSTM", 2, 48)]
    rows = [RunRow(Path(f"{i}"), f"{i}", cell=cell, layers=layers, hidden=hidden, parameters=1)
            for i, (cell, layers, hidden) in enumerate(sizes)]  # fmt: skip
    place = [column.name for column in COLUMNS].index("cell")
    assert [row.name for row in sorted_rows(rows, place, True)] == ["2", "1", "0", "3"]


def test_the_order_can_be_read_of_every_column() -> None:
    assert all(len(column.name) < column.width for column in COLUMNS)


@pytest.mark.parametrize("width", [0, 10, 40, 60, 80, 100, 160])
def test_columns_fit(width: int) -> None:
    assert columns_for(width, 10) == columns_for(width, 0)
    assert set(columns_for(width, 32)) <= set(columns_for(width))
    shown = columns_for(width)
    assert shown[0] == 0
    assert len(shown) == 1 or 3 + sum(COLUMNS[i].width + 2 for i in shown) <= width


def test_quantities() -> None:
    assert [short(n) for n in (0, 9999, 12_345, 719_747, 5e6)] == [
        "0", "9,999", "12.3 k", "720 k", "5 M",
    ]  # fmt: skip
    assert [bytes_text(n) for n in (0, 1500, 2_880_772)] == ["0 B", "1.5 kB", "2.88 MB"]
    assert [ago(s) for s in (-5, 59, 3600, 86_400 * 3, 86_400 * 800)] == [
        "just now", "just now", "1 h ago", "3 d ago", "2 y ago",
    ]  # fmt: skip


# The view.


@asynccontextmanager
async def runs_view(
    size: tuple[int, int] = (120, 30),
    rows: int | None = None,
    settings: Loaded | None = None,
) -> AsyncIterator[RunsView]:
    newest = Newest(Path("checkpoints/tiny"), "", False)
    app = OneViewApp(lambda: newest, settings=settings)
    try:
        async with app.run_test(size=size, notifications=True):
            app.action_view("runs")
            view = app.screen
            assert isinstance(view, RunsView)
            await until(lambda: view.known)
            if rows is not None:
                await until(lambda: len(view.table.rows) == rows)
            yield view
    finally:
        app.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three runs: a, b and c."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", tmp_path / "none")
    runs = tmp_path / "checkpoints"
    for number, name in enumerate("abc"):
        run = make_run(runs, name, START, STEP, END, hidden_size=8 + number)
        os.utime(run / MODEL, (1e9 + number, 1e9 + number))
    return runs


async def test_a_run_is_loaded_from_the_table(home: Path) -> None:
    async with runs_view(rows=3) as view:
        app = view.app
        assert isinstance(app, OneViewApp)
        assert [row.name for row in view.table.rows] == ["c", "b", "a"]
        await press(view, "down", "enter")
        assert app.asked == [home / "b"]
        await press(view, "f7")
        await until(lambda: view.app.screen is not view)


async def test_a_run_is_deleted_after_a_question(home: Path) -> None:
    async with runs_view(rows=3) as view:
        await press(view, "x")
        await opened(view, Question)
        await until(lambda: "c" in painted(view).split() and "cannot be undone" in painted(view))
        await press(view, "enter")  # the cursor is on No
        await until(lambda: view.app.screen is view)
        assert (home / "c").is_dir()
        await press(view, "delete")
        await opened(view, Question)
        await press(view, "y")
        await until(lambda: not (home / "c").exists())
        await until(lambda: [row.name for row in view.table.rows] == ["b", "a"])
        await until(lambda: any("deleted c" in toast for toast in toasts(view)))


async def test_two_marked_runs_are_compared(home: Path) -> None:
    async with runs_view(rows=3) as view:
        assert "comparable" not in view.states()
        await press(view, "space", "d")  # the cursor went on to b
        await opened(view, Differences)
        await until(lambda: "hidden" in painted(view))
        shown = painted(view)
        assert re.search(r"hidden +10 +9 ", shown)
        assert "embedding" not in shown
        await press(view, "escape")
        await until(lambda: view.app.screen is view)


async def test_differences_are_offered_where_there_are_two_runs(home: Path) -> None:
    async with runs_view(rows=3) as view:
        await press(view, "space")
        await until(lambda: "1 marked  d differences · o curves together" in painted(view))
        await press(view, "space", "space")
        await until(lambda: "3 marked  o curves together · u unmark" in painted(view))


async def test_runs_are_shown_in_training_and_over_each_other(home: Path) -> None:
    async with runs_view(rows=3) as view:
        app = view.app
        await press(view, "down", "t")
        await until(lambda: shown_run(app) == home / "b")
        await press(view, "f7")
        await until(lambda: app.screen is view)
        await press(view, "home", "space", "space", "o")
        await until(lambda: shown_run(app) == home / "c")
        assert isinstance(app.screen, TrainView)
        assert app.screen.shown.beside == (home / "b",)


def shown_run(app: CharlmApp) -> Path | None:
    """The run that Train shows, where that is the view one sees."""
    return app.screen.shown.run if isinstance(app.screen, TrainView) else None


async def test_a_new_run_appears_and_a_lost_one_goes(home: Path) -> None:
    async with runs_view(rows=3) as view:
        view._reader._interval = 0.05
        await press(view, "space", "up")
        await until(lambda: view.marks.paths == {home / "c"})
        shutil.rmtree(home / "c")
        make_run(home, "new")
        view._reader.watch()
        await until(lambda: [row.name for row in view.table.rows] == ["new", "b", "a"])
        assert not view.marks.paths


async def test_no_runs_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", tmp_path / "none")
    async with runs_view((80, 24)) as view:
        await until(lambda: "F8 trains one" in painted(view))


async def test_hostile_names_are_inert(home: Path) -> None:
    name = HOSTILE.replace("/", "").replace("\ud800", "")
    evil = {"kind": "sample", "text": HOSTILE}
    start = {**START, "command": f"x --note '{HOSTILE}'"}
    run = make_run(home, name, start, STEP, evil, hidden_size=9)
    checkpoint = random_checkpoint()
    hostile = {**checkpoint.corpus, "name": HOSTILE}
    save_checkpoint(run / MODEL, replace(checkpoint, corpus=hostile))
    (home / f"{name}.safetensors").write_bytes(b"x")
    os.utime(home / f"{name}.safetensors", (1e9, 1e9))
    async with runs_view((160, 48), 5) as view:
        await until(lambda: "It wrote" in painted(view))
        mark = "␛]0;own␇\\x9b31m[bold]"
        for keys, marks in (
            (("space", "end", "space", "d"), ("What differs", mark)),
            (("escape", "x"), ("Delete?", mark)), (("escape",), ("Runs", mark)),
        ):  # fmt: skip
            await press(view, *keys)
            await until(lambda marks=marks: all(mark in painted(view) for mark in marks))
            await asyncio.sleep(0.2)
            shown = painted(view)
            assert not RAW.search(shown.replace("\n", ""))
            for strip in view.app.screen._compositor.render_strips():
                for segment in strip:
                    assert "@click" not in ((segment.style and segment.style.meta) or {})


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (160, 48), (300, 80)])
async def test_every_size_draws(home: Path, size: tuple[int, int]) -> None:
    async with runs_view(size) as view:
        await press(view, "space", "down")
        lines = painted(view).split("\n")
        assert len(lines) == size[1]
        assert any(line.strip(" ▸✓").startswith("b") for line in lines)


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
async def test_it_looks_as_it_did(
    home: Path, monkeypatch: pytest.MonkeyPatch,
    match_snapshot: Callable[[str, str], None], theme: str,
) -> None:  # fmt: skip
    if theme == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("tui.views.runs.table.now", lambda: 1e9 + 86_400)
    (home / "d").mkdir()
    (home / "d" / MODEL).write_bytes(b"no model")
    os.utime(home / "d" / MODEL, (1e9, 1e9))
    chosen = Loaded(Settings(theme="light" if theme == "light" else "dark"))
    async with runs_view((80, 24), 4, settings=chosen) as view:
        await press(view, "space", "down")
        await until(lambda: view.marks.paths and view.table.row == view.table.rows[2])
        await until(lambda: "kept after" in painted(view))
        await seen_as(
            match_snapshot,
            f"runs-{theme}",
            lambda: drawn(view.app).replace(str(home.parent), "..."),
        )


def state_of(view: RunsView) -> tuple[object, ...]:
    app, table = view.app, view.table
    assert isinstance(app, OneViewApp)
    return (
        len(app.asked),
        table.row, table.column, table.ascending, view.marks.paths, app.screen, app.theme,
        tuple(toasts(view)), app._exit, list(app.screen.query(LeaderStrip)),
    )  # fmt: skip


async def test_every_key_does_something(home: Path) -> None:
    for number in range(20):
        make_run(home, f"run{number}")
    async with runs_view((120, 30), 23) as view:
        app = view.app
        for key in keys_of("runs"):
            for name in key.keys:
                if key.action == "app.quit":
                    continue
                view.marks.paths = frozenset({home / "a"})
                view.table.show(view.table.rows, view.marks.paths, None)
                view.table.move(-99 if "(-" not in key.action else 99)
                before = state_of(view)
                await press(view, name)
                await until(lambda before=before: state_of(view) != before)
                while app.screen is not view:
                    if app.screen is app.screen_stack[0]:
                        app.action_view("runs")
                    else:
                        await app.pop_screen()
                    await asyncio.sleep(0.05)
        app.simulate_key("ctrl+q")
        await until(lambda: app._exit)


async def test_two_hundred_runs_are_listed_at_once(home: Path) -> None:
    data = (home / "a" / MODEL).read_bytes()
    for number in range(200):
        (home / f"run{number}").mkdir()
        (home / f"run{number}" / MODEL).write_bytes(data)
    async with runs_view((80, 24), 203) as view:
        await press(view, "end")
        await until(lambda: view.table.row == view.table.rows[-1])
        await until(lambda: view.table.scroll_offset.y > 100)


async def test_differences_do_not_come_over_another_view(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with runs_view(rows=3) as view:
        app = view.app
        told: list[Path] = []
        monkeypatch.setattr(RunsReader, "describe", lambda reader, path: told.append(path))
        await press(view, "space", "down", "d")
        assert {home / "c", home / "a"} <= set(told)
        await press(view, "f7")
        await until(lambda: app.screen is not view)
        for path in told:
            view.take(RunDetails(path, {"cell": "GRU"}))
        await press(view, "f7")
        await until(lambda: app.screen is view)
        for path in told:
            view.take(RunDetails(path, {"cell": "GRU"}))
        assert app.screen_stack[-1] is view


def put_cursor_on(view: RunsView, name: str) -> None:
    names = [row.name for row in view.table.rows]
    view.table.move(names.index(name) - view.table.place)


async def test_a_run_is_renamed_and_whoever_knows_it_follows(home: Path, tmp_path: Path) -> None:
    """The cursor, the mark, the training that is shown, and the model that is opened next."""
    run, new, state = home / "a", home / "été", tmp_path / "last-model"
    last = LastModel(state)
    last.use(run)
    app = OneViewApp(last=last)
    async with app.run_test(size=(100, 30), notifications=True):
        app.show_training([run])
        train = app.screen
        assert isinstance(train, TrainView)
        await until(lambda: train.shown.run == run)
        app.action_view("runs")
        view = app.screen
        assert isinstance(view, RunsView)
        await until(lambda: len(view.table.rows) == 3)
        put_cursor_on(view, "a")
        await press(view, "space", "r")  # of the last row: the cursor stays
        await opened(view, Ask)
        field = app.screen.query_one("#asked", Input)
        assert field.value == "a"
        for wrong, said in (("b", "b exists already"), ("a b", "letters, digits")):
            field.value = wrong
            await press(view, "enter")
            assert said in str(app.screen.query_one("#ask-wrong", Static).content)
        field.value = "e\u0301te\u0301"
        await press(view, "enter")
        await until(lambda: view.table.row is not None and view.table.row.name == "été")
        assert view.marks.paths == {new} and train.shown.run == new
        assert LastModel(state).choose()[0] == new
        assert "it is called été now" in toasts(view)
        assert sorted(path.name for path in home.iterdir()) == ["b", "c", "été"]
    app.close()


async def test_what_keeps_its_name_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(home / "both" / "runs", "gru-1", START, END)
    (home / "file.safetensors").write_bytes((home / "a" / MODEL).read_bytes())
    monkeypatch.setattr("charlm.run.places.SHIPPED", ("c",))
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", home)
    async with runs_view(rows=5) as view:
        for name, why in (
            ("c", "it came with charlm"), ("file.safetensors", "it is a single file"),
            ("both/gru-1", "its comparison knows it by this name"),
        ):  # fmt: skip
            put_cursor_on(view, name)
            await press(view, "r")
            await until(lambda n=name, w=why: f"{n} keeps its name: {w}" in toasts(view))  # type: ignore[misc]
            assert view.app.screen is view


def test_a_run_elsewhere_is_not_renamed(home: Path, tmp_path: Path) -> None:
    elsewhere = make_run(tmp_path / "elsewhere", "run", START)
    with pytest.raises(InputError, match="is not one of the runs in"):
        rename_own(elsewhere, "other", [home])
    assert rename_own(home / "a", "d", [home]) == home / "d"
