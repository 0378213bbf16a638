"""How the sheets look that lie over a view, the toasts, and the views while they are empty."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from driver import press, running, until, write
from fakes import FACTS, FakeModel, ThinkingModel, letters
from models import MakeRun
from snapshots import still
from train_fakes import training_view, write_run

from tui.views.sheets import Differences, Question

Match = Callable[[str, str], None]
SIZE = (80, 24)
#: The speed is of the machine.
SECONDS = 0.01
TEXT = " whatever they said,\nand then they went home."


@pytest.mark.parametrize(
    ("name", "keys", "mark"),
    [
        ("help", ("f1",), "write again, with a new seed"),
        ("export", ("ctrl+e",), "RUN --from FILE"),
        ("palette", ("ctrl+p",), "Search for commands"),
    ],
)
async def test_a_sheet_over_a_text(
    match_snapshot: Match, look: str, name: str, keys: tuple[str, ...], mark: str
) -> None:
    async with running(FakeModel(letters(TEXT)), SIZE) as screen:
        await write(screen, "We know")
        screen.text.writing.seconds = SECONDS
        await press(screen, "escape", *keys)
        match_snapshot(f"{name}-{look}", await still(screen, look, mark))


async def test_a_text_of_ones_own(make_run: MakeRun, match_snapshot: Match, look: str) -> None:
    model = FakeModel(letters(TEXT), facts=FACTS._replace(path=make_run()))
    async with running(model, SIZE) as screen:
        await write(screen, "We know")
        await press(screen, "f9", "e")
        match_snapshot(f"other-text-{look}", await still(screen, look, "Look into another text"))


async def test_the_branches_of_a_text(match_snapshot: Match, look: str) -> None:
    async with running(ThinkingModel(letters(TEXT)), SIZE) as screen:
        await write(screen, "We know")
        for place in (12, 9):
            screen.text.put_cursor(place)
            await until(lambda: screen.text.rivals.known)
            await press(screen, "escape", "left", "3", "enter")
            await until(lambda: not screen.text.writing.streaming)
        screen.text.writing.seconds = SECONDS
        await press(screen, "b")
        match_snapshot(f"branches-{look}", await still(screen, look, "Branches"))


async def test_what_differs_between_two_runs(match_snapshot: Match, look: str) -> None:
    one = {
        "cell": "GRU",
        "hidden": "256",
        "--dropout": "0.1",
        "text": "a long name of a text, 9 MB",
    }
    other = {"cell": "LSTM", "hidden": "256", "text": "another one", "test": "1.5 nats"}
    async with running(FakeModel(), SIZE) as screen:
        screen.app.push_screen(Differences(("run-a", "run-b"), (one, other)))
        match_snapshot(f"differences-{look}", await still(screen, look, "What differs"))


async def test_a_question(match_snapshot: Match, look: str) -> None:
    async with running(FakeModel(), SIZE) as screen:
        screen.app.push_screen(
            Question("Delete?", ["run-a", "", "This cannot be undone."], "Delete")
        )
        match_snapshot(f"question-{look}", await still(screen, look, "cannot be undone"))


async def test_toasts(match_snapshot: Match, look: str) -> None:
    async with running(FakeModel(letters(TEXT)), SIZE) as screen:
        await write(screen, "We know")
        screen.text.writing.seconds = SECONDS
        screen.show_state()
        screen.app.notify("the disk is full", severity="error", timeout=60)
        screen.app.notify("copied 46 characters", timeout=60)
        match_snapshot(f"toasts-{look}", await still(screen, look, "disk is full", "copied"))


async def test_nothing_was_written_yet(match_snapshot: Match, look: str) -> None:
    async with running(FakeModel(), SIZE) as screen:
        match_snapshot(f"write-empty-{look}", await still(screen, look, "Type how a text begins"))


async def test_a_text(match_snapshot: Match, look: str) -> None:
    async with running(FakeModel(letters(TEXT)), SIZE) as screen:
        await write(screen, "We know")
        screen.text.writing.seconds = SECONDS
        screen.show_state()
        match_snapshot(f"write-text-{look}", await still(screen, look, "went home"))


async def test_the_other_options_of_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, match_snapshot: Match, look: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with training_view(size=SIZE) as view:
        await press(view, "ctrl+g")
        match_snapshot(f"train-more-{look}", await still(view, look, "Dropout", "^S starts it"))


async def test_runs_over_each_other(tmp_path: Path, match_snapshot: Match, look: str) -> None:
    runs = [write_run(tmp_path / name, steps) for name, steps in (("one", 200), ("other", 120))]
    async with training_view(size=SIZE) as view:
        view.overlay(runs)
        await until(lambda: view.shown.others)
        match_snapshot(f"train-overlay-{look}", await still(view, look, "and 1 more", "5-gram"))


async def test_training_on(tmp_path: Path, match_snapshot: Match, look: str) -> None:
    run = write_run(tmp_path / "run")
    (run / "resume.safetensors").write_bytes(b"x")
    async with training_view(run, SIZE) as view:
        await until(lambda: "over" in view.states())
        await press(view, "space")
        match_snapshot(f"train-on-{look}", await still(view, look, "so far"))
