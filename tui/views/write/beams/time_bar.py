"""Where one is on a long way of positions, as a line with a mark."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class TimeBar(Widget):
    """Where one is in the search, as a line with a mark; a click goes there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"time-bar--past", "time-bar--here", "time-bar--future"}

    class Chosen(Message):
        """A place on the bar was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._position, self._length, self._oldest = 0, 0, 0

    def show(self, position: int, length: int, oldest: int) -> None:
        """Mark this position of so many."""
        self._position, self._length, self._oldest = position, length, oldest
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The bar, and the position as a number."""
        base, width = self.rich_style, self.size.width
        past, here, future = (
            base + self.get_component_rich_style(f"time-bar--{name}", partial=True)
            for name in ("past", "here", "future")
        )
        if self._length == 0:
            return Strip.blank(width, base)
        words, room = self._words, self._room
        at = (room - 1) * (self._position - self._oldest) // max(1, self._length - self._oldest)
        return Strip([
            Segment(words, here), Segment("━" * at, past), Segment("●", here),
            Segment("─" * (room - 1 - at), future),
        ]).crop_extend(0, width, base)  # fmt: skip

    def on_click(self, event: events.Click) -> None:
        """Go there."""
        x = event.get_content_offset_capture(self).x - len(self._words)
        if self._length and x >= 0:
            span = self._length - self._oldest
            self.post_message(
                self.Chosen(self._oldest + round(span * min(1, x / max(1, self._room - 1))))
            )

    @property
    def _words(self) -> str:
        digits = len(f"{self._length:,}")
        return f"at {self._position:>{digits},} of {self._length:,} "

    @property
    def _room(self) -> int:
        return max(1, self.size.width - len(self._words) - 1)
