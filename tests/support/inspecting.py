"""The view that looks into a model, alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from driver import until
from one_view import OneViewApp

from charlm.run.checkpoint import load_checkpoint
from tui.shell.settings import Loaded, Settings
from tui.views.inspect.view import InspectView
from tui.writer.snapshots import Newest

TEXT = "the cat sat, and so did the dog.\nwhat a day!\n"


@asynccontextmanager
async def inspecting(
    run: Path,
    text: str = TEXT,
    size: tuple[int, int] = (120, 30),
    theme: str = "dark",
    ends: bool = True,
) -> AsyncIterator[InspectView]:
    """The view alone, on a text that was just written."""
    newest = Newest(run, text, ends, load_checkpoint(run).identity)
    app = OneViewApp(lambda: newest, settings=Loaded(Settings(theme=theme)))
    try:
        async with app.run_test(size=size, notifications=True):
            app.action_view("inspect")
            view = app.screen
            assert isinstance(view, InspectView)
            await until(lambda: view.seen)
            if text:
                await until(lambda: view.picture.traced and not view.inquiry.working)
            yield view
    finally:
        app.close()
