"""What a terminal is sent for what is drawn: every character with its codes, nothing rounded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.strip import Strip

_PIECE = re.compile(r"(?:\x1b\[(?P<codes>[0-9;]*)m)?(?P<text>[^\x1b]*)(?:\x1b\[0m)?")
#: What may stand among the codes of a depth, after the colours and attributes were told apart.
_COLOURS = {
    "truecolor": r"[34]8;2;\d+;\d+;\d+", "256": r"[34]8;5;(1[6-9]|[2-9]\d|[12]\d\d)",
    "16": r"[34][0-7]|9[0-7]", "none": r"(?!)",
}  # fmt: skip


def coded(app: App[object]) -> list[list[tuple[str, str]]]:
    """The lines of the screen: (codes, character) for each character."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        sent = strip.render(app.console)
        lines.append([
            (piece["codes"] or "", character)
            for piece in _PIECE.finditer(sent) for character in piece["text"]
        ])  # fmt: skip
    return lines


def text_of(line: Iterable[tuple[str, str]]) -> str:
    """The characters alone."""
    return "".join(character for _, character in line)


def sent_for(app: App[object], style: Style, base: Style) -> str:
    """The codes that a style over another ends as, after every filter of the app."""
    strip = Strip([Segment("x", base + style)])
    for filter in app.get_line_filters():
        strip = strip.apply_filter(filter, Color.parse(app.theme_variables["background"]))
    sent = _PIECE.match(strip.render(app.console))
    assert sent is not None and sent["text"] == "x"
    return sent["codes"] or ""


def belongs(codes: str, depth: str) -> bool:
    """Whether a terminal of this depth has all of these codes."""
    return re.fullmatch(rf"(?:(?:[123479]|{_COLOURS[depth]})(?:;|$))*", codes) is not None
