"""The view that trains: the form, the wheel, runs that are attached; every key acts."""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from driver import opened, painted, press, toasts, until
from fakes import FakeModel
from textual.widgets import Input
from train_fakes import TRAINER, training_view, write_run

from tui.app import CharlmApp
from tui.training.desk import TrainingDesk
from tui.training.process import TrainingEnded
from tui.training.snapshots import Curves, Place, Sample
from tui.views.sheets import Ask, Question
from tui.views.train.choice import Choice
from tui.views.train.train_on import train_on_options, train_on_sheet
from tui.views.train.view import TrainView
from tui.views.train.wheel import Wheel


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of one's own, with a folder for runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def fill(view: TrainView, **fields: str) -> None:
    for field, text in fields.items():
        view.query_one(f"#{field.replace('_', '-')}", Input).value = text


async def test_the_form_says_what_it_would_take(runs: Path) -> None:
    async with training_view() as view:
        await until(lambda: "12,345" in painted(view))
        await until(lambda: "far too many [/bold]" in painted(view))
        await until(lambda: "^S starts it" in painted(view))
        assert view.query_one("#corpus").has_focus


async def test_a_training_is_started_steered_and_stopped(runs: Path) -> None:
    corpus = runs / "my text.txt"
    corpus.write_text("text")
    async with training_view() as view:
        fill(view, corpus=str(corpus), name="mine", hidden="64")
        view.query_one("#cell").focus()
        await until(lambda: view.query_one("#cell").has_focus)
        await press(view, "left")
        await until(lambda: view.query_one("#cell", Choice).value == "gru")
        await press(view, "ctrl+g", "escape")
        assert view.query_one("#form-main").display and view.app.screen is view
        await press(view, "ctrl+g")
        await until(lambda: view.query_one("#form-more").display)
        fill(view, learning_rate="0.01", others="--case lower")
        await press(view, "ctrl+s")
        await until(lambda: "alive" in view.states())
        run = runs / "mine"
        await until(lambda: "2 min left" in painted(view) and "GRU 1×256" in painted(view))
        words = (run / "arguments").read_text()
        assert "--cell gru --unit auto --hidden 64 --layers 1 --characters auto" in words
        assert "--learning-rate 0.01 --case lower --keep 20 --out" in words
        await press(view, "space")
        await until(lambda: "paused" in view.states())
        await until(lambda: " paused " in painted(view) and "Space Go on" in painted(view))
        await until(lambda: {"╎pause", "pause╎"} & set(re.findall("╎pause|pause╎", painted(view))))
        await press(view, "space")
        await until(lambda: "paused" not in view.states())
        await press(view, "ctrl+up")
        await until(lambda: "rate 0.0045" in painted(view))
        acts = [json.loads(line) for line in (run / "control.jsonl").read_text().splitlines()]
        assert acts[-1] == {"act": "learning_rate", "value": 0.0045}
        await press(view, "x")
        await until(lambda: "alive" not in view.states())
        await until(lambda: any("training stopped" in toast for toast in toasts(view)))
        await until(lambda: "stopped" in painted(view))
        await press(view, "ctrl+n")
        await until(lambda: view.query_one("#corpus").has_focus)


async def test_a_training_that_is_over_goes_on(runs: Path) -> None:
    run = write_run(runs / "over")
    async with training_view(run, (80, 24)) as view:
        await until(lambda: view.pane.board.has_focus)
        assert "over" not in view.states()  # it holds nothing to go on with
        (run / "resume.safetensors").write_bytes(b"x")
        await until(lambda: "Space Train on" in painted(view))
        await press(view, "space")
        await opened(view, Ask)
        field = view.app.screen.query_one(Input)
        assert field.value == "800k"  # twice of what it has learned from
        await until(lambda: "400 k characters so far" in painted(view))
        for value, wrong in (("many", "a number of characters"), ("400k", "already")):
            field.value = value
            await press(view, "enter")
            await until(lambda wrong=wrong: wrong in painted(view))  # type: ignore[misc]
        field.value = "1m"
        view.wheel._asked = [1.0]
        await press(view, "enter")
        await until(lambda: "alive" in view.states() and (run / "arguments").exists())
        assert (run / "arguments").read_text() == f"--resume {run} --characters 1m"
        assert not view.wheel._asked  # of the training before
        await press(view, "x")
        await until(lambda: any("training stopped" in toast for toast in toasts(view)))
        await until(lambda: "over" in view.states())


async def test_a_run_of_another_user_goes_on_with_a_text_that_was_named(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charlm.run.owner.trusted_users", lambda: ())
    run, text = write_run(runs / "theirs"), runs / "my text.txt"
    (run / "resume.safetensors").write_bytes(b"x")
    text.write_text("abc")
    async with training_view(run, (80, 24)) as view:
        await until(lambda: "Space Train on" in painted(view))
        await press(view, "space")
        await opened(view, Ask)
        await press(view, "enter")
        await until(lambda: "belongs to" in painted(view))
        await press(view, "enter")
        await until(lambda: "a file or folder that is there" in painted(view))
        assert not (run / "arguments").exists()
        view.app.screen.query_one(Input).value = str(text)
        await press(view, "enter")
        await until(lambda: (run / "arguments").exists())
        assert (run / "arguments").read_text().endswith(f"--corpus {text}")


def test_the_rest_of_a_stopped_training_is_proposed() -> None:
    place = Place(10, 1.23e6, 5)
    series = {"training": (Sample(place, 2.0),)}
    stopped = Curves(Path("r"), series=series, progress=0.25, ended="stopped")
    assert train_on_sheet(stopped)._value == "4.92M"
    assert train_on_sheet(replace(stopped, ended=None))._value == "4.92M"  # it was killed
    assert train_on_sheet(replace(stopped, ended="budget used"))._value == "2.46M"
    assert train_on_sheet(replace(stopped, progress=0.0))._value == "2.46M"
    assert train_on_sheet(replace(stopped, progress=0.94))._value == "2.46M"  # the rest is little
    assert train_on_sheet(Curves(Path("r")))._value == "5M"
    later = replace(stopped, place=Place(19, 1.3e6, 6))  # it was stopped between two lines
    assert train_on_sheet(later)._value == "4.92M"
    sheet = train_on_sheet(later)
    assert "1.3 M characters so far" in sheet._text
    good, bad = (
        ("2 min", "2minutes", "10 mins", "40 s", "0.5 h", "9m"),
        ("0 min", "min", "9 x", "", "5 hundred", "3 stones"),
    )
    assert not any(map(sheet._wrong, good)) and all(map(sheet._wrong, (*bad, f"{'9' * 400} min")))
    assert train_on_options("30 s", later)[-1] == "0.600"
    assert train_on_options("9M", later) == ["--resume", "r", "--characters", "9M"]
    assert train_on_options("2.5 Min", later) == ["--resume", "r", "--minutes", "2.600"]


async def test_a_form_field_leaves_the_key_that_copies_to_others(runs: Path) -> None:
    async with training_view() as view:
        await until(lambda: view.query_one("#corpus").has_focus)
        await press(view, "a", "left", "b", "ctrl+c")
        assert view.query_one("#corpus", Input).value == "ba"
        await until(lambda: any("quit" in toast for toast in toasts(view)))


async def test_a_failed_training_shows_why_in_every_view(runs: Path) -> None:
    script = "import sys; print('charlm: error: [/bold] no such corpus'); sys.exit(2)"
    async with training_view() as view:
        view._desk.command = [sys.executable, "-c", script]
        await press(view, "ctrl+s", "f8")
        assert view.app.screen is view.app.screen_stack[0]
        await until(lambda: any("exit code 2" in toast for toast in toasts(view)))
        await until(lambda: "[/bold] no such corpus" in painted(view))


async def test_a_training_that_never_began_gives_the_form_back(runs: Path) -> None:
    async with training_view() as view:
        view._desk.command = [sys.executable, "-c", "import sys; sys.exit('nothing but spaces')"]
        fill(view, hidden="64")
        await press(view, "ctrl+s")
        await until(lambda: any("nothing but spaces" in toast for toast in toasts(view)))
        await until(lambda: "form" in view.states() and view.query_one("#corpus").has_focus)
        assert view.query_one("#hidden", Input).value == "64"


async def test_a_training_that_began_and_ended_unseen_is_drawn(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks of the app it was started and is gone: then, too, its view changes."""
    async with training_view() as view:
        app = view.app
        assert isinstance(app, CharlmApp)
        app._look_at_training()
        drawn: list[bool] = []
        monkeypatch.setattr(app, "key_done", lambda: drawn.append(True))
        app._look_at_training()
        assert not drawn  # nothing happened
        ends = [TrainingEnded(runs / "a", 2, False, ("no",))]
        monkeypatch.setattr(app.desk, "ended", lambda: ends.pop() if ends else None)
        app._look_at_training()
        assert drawn


async def test_tab_is_in_time_for_what_is_typed_behind_it(runs: Path) -> None:
    async with training_view() as view:
        await until(lambda: view.query_one("#corpus").has_focus)
        for key in ("x", "tab", "tab", "tab", "ctrl+u", "3", "2", "shift+tab", "shift+tab"):
            view.app.simulate_key(key)
        await until(lambda: view.query_one("#hidden", Input).value == "32")
        assert view.query_one("#corpus", Input).value == "x"
        await until(lambda: view.query_one("#unit").has_focus)


async def test_tab_completes_a_path_before_it_goes_on(runs: Path) -> None:
    Path("a long name.txt").write_text("text")
    async with training_view() as view:
        await until(lambda: view.query_one("#corpus").has_focus)
        await press(view, "a", "tab")
        await until(lambda: view.query_one("#corpus", Input).value == "a long name.txt")
        assert view.query_one("#corpus").has_focus
        await press(view, "tab")
        await until(lambda: not view.query_one("#corpus").has_focus)


async def test_a_training_that_runs_already_is_what_one_sees_first(runs: Path) -> None:
    run = write_run(runs / "running")
    with open(run / ".lock", "w") as lock:
        lock.write(str(os.getpid()))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with training_view() as view:
            await until(lambda: "running" in painted(view) and "validation" in painted(view))


async def test_quitting_asks_where_a_training_would_end(runs: Path) -> None:
    async with training_view() as view:
        app = view.app
        await press(view, "ctrl+s")
        await until(lambda: "alive" in view.states())
        for stays in ("escape", "n", "enter"):  # the cursor is on No
            await press(view, "ctrl+q")
            await opened(view, Question)
            await until(lambda: "it will save itself, and stop" in painted(view))
            await press(view, stays)
            await until(lambda: app.screen is view)
        assert not app._exit and view._desk.training
        await press(view, "x", "ctrl+q")  # it is ending anyway
        await until(lambda: app._exit)


@pytest.mark.parametrize("means_it", ["y", "ctrl+q"])
async def test_quitting_ends_a_training(runs: Path, means_it: str) -> None:
    async with training_view() as view:
        await press(view, "ctrl+s")
        await until(lambda: "alive" in view.states())
        await press(view, "ctrl+q")
        await opened(view, Question)
        view.app.simulate_key(means_it)
        await until(lambda: view.app._exit)


async def test_a_missing_trainer_is_told(runs: Path) -> None:
    async with training_view() as view:
        view._desk.command = ["/nonexistent"]
        await press(view, "ctrl+s")
        await until(lambda: any("could not be started" in toast for toast in toasts(view)))


async def test_a_run_started_elsewhere_is_seen_and_steered(tmp_path: Path) -> None:
    run = write_run(tmp_path / "elsewhere")
    async with training_view(run) as view:
        await until(lambda: "budget used" in painted(view))
        assert "alive" not in view.states()
        lines = (run / "run.jsonl").read_text().splitlines()
        (run / "run.jsonl").write_text("\n".join(lines[:-1]) + "\n")
        with open(run / ".lock", "w") as lock:
            lock.write(str(os.getpid()))
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            await steered(view, run)
        await until(lambda: "not running" in painted(view))


async def steered(view: TrainView, run: Path) -> None:
    """Ask a run of someone else for three things."""
    await until(lambda: "alive" in view.states())
    await press(view, "space", "ctrl+down", "x")
    acts = [json.loads(line) for line in (run / "control.jsonl").read_text().splitlines()]
    assert [act["act"] for act in acts] == ["pause", "learning_rate", "stop"]


def test_quick_presses_of_the_rate_add_up(tmp_path: Path) -> None:
    wheel, curves = Wheel(TrainingDesk(TRAINER)), Curves(tmp_path, rate=0.003)

    def turned(direction: int, curves: Curves = curves) -> float:
        wheel.turn_rate(curves, direction)
        line = (tmp_path / "control.jsonl").read_text().splitlines()[-1]
        return float(json.loads(line)["value"])

    assert [turned(1), turned(1), turned(1)] == [0.0045, 0.0067, 0.01]
    assert turned(1, replace(curves, rate=0.0045)) == 0.015  # the log is at the first of them
    assert turned(-1, replace(curves, rate=0.015)) == 0.01
    assert turned(1, replace(curves, rate=0.002)) == 0.003  # someone else was at the wheel
    wheel.forget()
    assert turned(1, replace(curves, rate=0.002)) == 0.003
    (tmp_path / "other").mkdir()
    assert "0.002 → 0.003" in wheel.turn_rate(Curves(tmp_path / "other", rate=0.002), 1)
    assert "not known" in wheel.turn_rate(Curves(tmp_path / "other"), 1)


async def test_a_run_is_shown_with_marks_and_baselines(tmp_path: Path) -> None:
    async with training_view(write_run(tmp_path / "x[b]"), (160, 48)) as view:
        await until(lambda: "validation 1.9" in painted(view))
        for text in ("x[b]", "5-gram", "1-gram", "╎pause", "␛[31mgate[/bold]",
                     "gradient norm", "learning rate", "characters/s", "LSTM 1×32"):  # fmt: skip
            await until(lambda text=text: text in painted(view))  # type: ignore[misc]


async def test_several_runs_lie_over_each_other(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / name, steps) for name, steps in (("a", 200), ("b", 100))]
    async with training_view(size=(120, 24)) as view:
        view.overlay(paths)
        await until(lambda: "b 2.0" in painted(view) and "and 1 more" in painted(view))
        view.show_run(paths[1])
        await until(lambda: "and 1 more" not in painted(view) and "b 2.0" not in painted(view))


async def test_the_view_can_be_told_of_a_run_before_it_is_there(tmp_path: Path) -> None:
    run = write_run(tmp_path / "early")
    app = CharlmApp(Path("checkpoints/tiny"), load=FakeModel().load, trainer=TRAINER)
    try:
        async with app.run_test(size=(80, 24)):
            app.action_view("train")
            view = app.get_screen("train", TrainView)
            view.show_run(run)
            await until(lambda: "early" in painted(view) and "validation" in painted(view))
    finally:
        app.close()


async def test_a_run_with_an_impossible_name_never_began(runs: Path) -> None:
    async with training_view() as view:
        view._desk.run = runs / ("名" * 90)
        assert view._desk.never_began
