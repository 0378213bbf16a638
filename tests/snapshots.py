"""What is on the screen, as a text to keep: every line, and below it a letter for each style.

`pytest --redraw` writes the files of `tests/snapshots` anew; look at what changed.
"""

from __future__ import annotations

import string

from rich.style import Style
from textual.app import App

_LETTERS = string.ascii_letters + string.digits


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


def _words(style: Style | None) -> str:
    """A style without what a terminal does not show."""
    return str((style or Style()).clear_meta_and_links())
