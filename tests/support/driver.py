"""Driving the screen in tests: an app with a fake model, keys, waiting, what is painted."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes import FakeModel
from textual.screen import Screen
from textual.widgets import OptionList

from tui.app import CharlmApp
from tui.views.base import View
from tui.views.write.export.export_sheet import FORMATS, ExportSheet
from tui.views.write.lanes.author import LanesAuthor
from tui.views.write.view import WriteScreen

HOSTILE = "\x1b]0;own\x07\x9b31m[/bold][@click=app.quit]x[/]\u202eabc\ud800 [red"
RAW = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@asynccontextmanager
async def running(
    model: FakeModel, size: tuple[int, int] = (120, 30), **options: object
) -> AsyncIterator[WriteScreen]:
    """The app with a fake model, loaded; its threads and training are closed at the end."""
    app = CharlmApp(Path("checkpoints/tiny"), load=model.load, **options)  # type: ignore[arg-type]
    async with loaded(app, size) as screen:
        yield screen


@asynccontextmanager
async def loaded(app: CharlmApp, size: tuple[int, int]) -> AsyncIterator[WriteScreen]:
    """An app, its model loaded; closed at the end."""
    try:
        async with app.run_test(size=size, notifications=True):
            screen = app.screen
            assert isinstance(screen, WriteScreen)
            await until(lambda: screen.model.facts)
            yield screen
    finally:
        app.close()


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.01)


async def opened(screen: View, kind: type[Screen[Any]]) -> None:
    """A sheet of that kind lies on the screen, ready for keys."""
    await until(lambda: isinstance(screen.app.screen, kind) and screen.app.screen.is_mounted)


async def press(screen: View, *keys: str) -> None:
    """Keys, each of them until it is done, without the wait of pilot.press for an idle process."""
    app = screen.app
    assert isinstance(app, CharlmApp)
    for key in keys:
        number = app._number
        app.simulate_key(key)
        await until(lambda n=number: app._exit or (app._number > n and not app._under_way))  # type: ignore[misc]


async def write(screen: WriteScreen, prompt: str) -> None:
    """A prompt, Enter, and the whole text."""
    screen.prompt.focus()
    screen.prompt.text = prompt
    blocks = len(screen.text.view.blocks)
    await press(screen, "enter")
    await until(lambda: len(screen.text.view.blocks) > blocks and not screen.text.writing.streaming)


def lanes_of(screen: WriteScreen) -> LanesAuthor:
    """Who writes the texts that are seen side by side."""
    assert screen.stages.lanes is not None
    return screen.stages.lanes.author


async def export(screen: WriteScreen, suffix: str, *keys: str) -> None:
    """Choose a format by its suffix, then these keys."""
    await press(screen, "ctrl+e")
    await opened(screen, ExportSheet)
    place = [entry[0] for entry in FORMATS].index(suffix)
    screen.app.screen.query_one(OptionList).highlighted = place
    await press(screen, *keys)
    await until(lambda: screen.app.screen is screen)


def painted(screen: View) -> str:
    """Everything on the terminal, as it is drawn."""
    top = screen.app.screen
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in top._compositor.render_strips()
    )


def toasts(screen: View) -> list[str]:
    """What the toasts say."""
    return [notice.message for notice in screen.app._notifications]


def count_toasts(screen: View) -> None:
    """Let `app.said` be how many toasts there were so far."""
    app, notify = screen.app, screen.app.notify
    app.said = 0  # type: ignore[attr-defined]

    def counted(*message: Any, **options: Any) -> None:
        app.said += 1  # type: ignore[attr-defined]
        notify(*message, **options)

    app.notify = counted  # type: ignore[method-assign]


async def settled(look: Callable[[], object]) -> object:
    """What is seen once it stays so for a moment."""
    seen, since = look(), time.monotonic()
    while time.monotonic() < since + 0.15:
        await asyncio.sleep(0.02)
        if (now := look()) != seen:
            seen, since = now, time.monotonic()
    return seen
