"""How the view that trains looks at 80x24, and that every one of its keys does something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from driver import count_toasts, painted, press, settled, until
from fakes import FakeModel, letters
from snapshots import still
from train_fakes import training_view, write_run

from tui.app import CharlmApp
from tui.charts.pictures import Look
from tui.keys.key import Key
from tui.keys.table import keys_of
from tui.views.train.view import TrainView
from tui.widgets.leader_strip import LeaderStrip

Match = Callable[[str, str], None]


def kept(run: Path, *steps: int) -> None:
    for step in steps:
        path = run / "kept" / f"step-{step:08}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")


async def test_a_run(tmp_path: Path, match_snapshot: Match, look: str) -> None:
    run = write_run(tmp_path / "run")
    kept(run, 100, 200)
    model = FakeModel(letters("a text that is long enough for what it is to show here"))
    async with training_view(run, (80, 24), model) as view:
        page = await still(view, look, "▸ step 200 · 1.39", "step 100 · 1.39", "5-gram")
        match_snapshot(f"train-run-{look}", page)
        await press(view, "g")
        page = await still(view, look, "how far open", "o output")
        match_snapshot(f"train-gates-{look}", page)


async def test_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, match_snapshot: Match, look: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with training_view(size=(80, 24)) as view:
        match_snapshot(f"train-form-{look}", await still(view, look, "^S starts it"))


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (40, 12), (200, 60)])
async def test_any_size_is_survived(tmp_path: Path, size: tuple[int, int]) -> None:
    async with training_view(write_run(tmp_path / "run"), size) as view:
        await press(view, "left", "g", "h", "ctrl+n")
        await until(lambda: "form" in view.states())
        if size == (20, 5):
            await until(lambda: "Corpus" in painted(view))


def state_of(view: TrainView) -> tuple[object, ...]:
    """What a key can change, and nothing changes by itself."""
    app, board = view.app, view.pane.board
    return (
        app.screen, app.focused, app.theme, app._exit, app.clipboard, view.states(), board.look,
        board.kind, board.zoom, view.pane.strip.strip, view.pane.strip.display, app.said,  # type: ignore[attr-defined]
        view.query_one("#form-more").display, list(app.screen.query(LeaderStrip)),
    )  # fmt: skip


def ready_for(key: Key) -> tuple[str, ...]:
    """Keys to press first, so that this one can do something."""
    if key.action in ("start", "more", "texts", "field(1)", "field(-1)"):
        return ("ctrl+n",)
    before = {
        "cursor(1)": ("home",), "cursor(10)": ("home",), "latest": ("home",), "escape": ("home",),
        "zoom(-1)": ("plus",), "whole": ("plus",), "next_strip": ("g",),
    }  # fmt: skip
    return before.get(key.action, ())


async def show_anew(view: TrainView, run: Path) -> None:
    """The run as it is shown at first: the newest values, no gates, answered."""
    app = view.app
    assert isinstance(app, CharlmApp)
    while app.screen is not view:
        await until(lambda: app.screen.is_mounted)
        if app.screen is app.screen_stack[0]:
            app.action_view("train")
        else:
            await app.pop_screen()
    view.show_run(run)
    view.pane.board.look, view.pane.board.zoom = Look(), 1
    if view.pane.strip.display:
        view.pane.toggle_strip()
    await until(lambda: "answered" in view.states() and view.pane.board.has_focus)


async def test_every_key_does_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()  # where a training started here goes
    run = write_run(tmp_path / "run")
    kept(run, 100)
    text = letters("a text that is long enough for what it is to show here")
    keys = [(key, name) for key in keys_of("train") for name in key.keys]
    keys.sort(key=lambda pair: ("start", "app.quit").count(pair[0].action))
    keys.sort(key=lambda pair: pair[0].action == "app.quit")  # these end what others need
    async with training_view(run, (80, 24), FakeModel(text)) as view:
        count_toasts(view)
        for key, name in keys:
            await show_anew(view, run)
            with monkeypatch.context() as held:
                if "alive" in dict(key.labels):
                    held.setattr(view.wheel, "is_alive", lambda curves: True)
                await press(view, *ready_for(key))
                before = await settled(partial(state_of, view))
                await press(view, name)
                end = time.monotonic() + 15
                while state_of(view) == before:
                    assert time.monotonic() < end, f"{name} ({key.action}) did nothing"
                    await asyncio.sleep(0.01)
