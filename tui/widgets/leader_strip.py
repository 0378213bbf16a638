"""What the letters behind the leader do, over the foot of the screen while one is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from .wrapping import cut

_GAP = 2
#: Cells of a column at most, without the gap.
_WIDEST = 17


class Entry(NamedTuple):
    """A line of the strip: its key or keys, what they do, and the action of a click."""

    keys: str
    label: str
    action: str


class LeaderStrip(Widget):
    """Entries in columns, as many as there is room for; the first ones stay.

    rest: what stands in the place of those that have no room.
    """

    DEFAULT_CSS = """
    LeaderStrip {
        layer: leader; dock: bottom; height: auto; max-height: 70%; padding: 0 1;
        background: $surface; border-top: solid $primary; border-title-color: $primary;
    }
    """

    class Chosen(Message):
        """An entry was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, title: str, entries: Sequence[Entry], rest: str) -> None:
        super().__init__()
        self.border_title = title
        self._entries, self._rest = list(entries), rest

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the entries take."""
        return -(-len(self._entries) // self._columns(width))

    def render(self) -> Content:
        """The entries, column after column."""
        parts: list[str | tuple[str, str]] = []
        width = self._width
        for line in self._lines():
            parts.append("\n" if parts else "")
            for entry in line:
                label = cut(entry.label, width - _GAP - cell_len(entry.keys) - 1)
                space = width - cell_len(entry.keys) - 1 - cell_len(label)
                parts += [(entry.keys, "bold $primary"), f" {label}{' ' * space}"]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Post the action of the entry under the pointer."""
        at, lines = event.get_content_offset_capture(self), self._lines()
        line = lines[at.y] if 0 <= at.y < len(lines) else []
        column = at.x // self._width
        if column < len(line) and line[column].action:
            self.post_message(self.Chosen(line[column].action))

    @property
    def _width(self) -> int:
        """Cells of a column."""
        width = self.content_size.width
        return width // self._columns(width)

    def _columns(self, width: int) -> int:
        longest = max(cell_len(f"{entry.keys} {entry.label}") for entry in self._entries)
        longest = min(longest, _WIDEST)
        return max(1, min(len(self._entries), (width + _GAP) // (longest + _GAP)))

    def _lines(self) -> list[list[Entry]]:
        entries, columns = self._entries, self._columns(self.content_size.width)
        height = max(1, self.content_size.height)
        if len(entries) > height * columns:
            entries = [*entries[: height * columns - 1], Entry("…", self._rest, "")]
        rows = -(-len(entries) // columns)
        return [entries[row::rows] for row in range(rows)]
