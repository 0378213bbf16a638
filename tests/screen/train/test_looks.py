"""How the view that trains looks at 80x24, and that every one of its keys does something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from driver import count_toasts, painted, press, settled, until
from fakes import FakeModel, letters
from snapshots import still
from train_fakes import training_view, write_run

from tui.keys.key import Key
from tui.keys.table import keys_of
from tui.views.train.view import TrainView

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
    app, board = view.app, view._board
    return (
        app.screen, app.focused, app.theme, app._exit, app.clipboard, view.states(), board.look,
        board.kind, board.zoom, view._strip.strip, view._strip.display, app.said,  # type: ignore[attr-defined]
        view.query_one("#form-more").display,
    )  # fmt: skip


def ready_for(key: Key, view: TrainView) -> tuple[str, ...]:
    """Keys to press first, so that this one can do something."""
    if key.action in ("start", "more", "field(1)", "field(-1)"):
        return ("ctrl+n",) if view._run is not None else ()
    before = {
        "cursor(1)": ("home",), "cursor(10)": ("home",), "latest": ("home",),
        "zoom(-1)": ("plus",), "whole": ("plus",), "next_strip": ("g",),
    }  # fmt: skip
    return before.get(key.action, ())


@pytest.mark.parametrize(
    "key", keys_of("train"), ids=lambda key: f"{key.action}-{key.keys[0]}"
)  # fmt: skip
async def test_every_key_does_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: Key
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()  # where a training started here goes
    run = write_run(tmp_path / "run")
    kept(run, 100)
    text = letters("a text that is long enough for what it is to show here")
    for name in key.keys:
        async with training_view(run, (80, 24), FakeModel(text)) as view:
            await until(lambda view=view: "answered" in view.states())  # type: ignore[misc]
            if "alive" in dict(key.labels):
                monkeypatch.setattr(view._wheel, "is_alive", lambda curves: True)
            if key.action == "escape":
                await press(view, "home")
            await press(view, *ready_for(key, view))
            count_toasts(view)
            before = await settled(partial(state_of, view))
            await press(view, name)
            await until(lambda view=view, before=before: state_of(view) != before)  # type: ignore[misc]
