"""What is on the screen, as a text to keep: every line, and below it a letter for each style.

`pytest --redraw` writes the files of `tests/snapshots` anew; look at what changed.
"""

from __future__ import annotations

import asyncio
import re
import string
import time
from collections.abc import Callable

from driver import painted, settled, until
from rich.style import Style
from textual.app import App
from textual.widgets import Input, TextArea

from tui.views.base import View

_LETTERS = string.ascii_letters + string.digits
_PATIENCE = 15.0  # seconds


def drawn(app: App[object]) -> str:
    """The screen of an app: pairs of lines, text and styles, then what the letters mean."""
    letters: dict[str, str] = {}
    lines: list[str] = []
    for strip in app.screen._compositor.render_strips():
        text, marks = "", ""
        for segment in strip:
            letter = letters.setdefault(_words(segment.style), _LETTERS[len(letters)])
            text += segment.text
            marks += letter * len(segment.text)
        lines += [f"|{text}|", f":{marks}:"]
    return "\n".join([*lines, "", *(f"{letter} {style}" for style, letter in letters.items()), ""])


async def seen_as(
    match_snapshot: Callable[[str, str], None], name: str, look: Callable[[], str]
) -> None:
    """What is drawn is what is kept under that name, however long it takes to be drawn."""
    await settled(look)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return match_snapshot(name, look())
        except AssertionError:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(0.2)


async def still(view: View, look: str, *texts: str) -> str:
    """What is drawn in a look, once all of these texts are there and it no longer changes."""
    if look == "light":
        view.app.theme = "charlm-light"
    await until(lambda: all(text in painted(view) for text in texts))
    for field in (*view.app.screen.query(Input), *view.app.screen.query(TextArea)):
        field.cursor_blink = False
        field.notify_style_update()  # else an area draws lines as they were between two blinks
    before = ""
    while before != (page := drawn(view.app)):
        before = page
        view.app.screen.refresh()  # a sheet keeps what it saw of the view below it
        await asyncio.sleep(0.5)
    return re.sub(r"\d{4}-\d{6}", "MMDD-HHMMSS", page)  # when a new run would be named


def _words(style: Style | None) -> str:
    """A style without what a terminal does not show."""
    return str((style or Style()).clear_meta_and_links())
