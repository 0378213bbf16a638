"""A list of lines with one in hand; how a line looks is told from outside, for those in view."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from ...widgets.lines import Rows

#: (place, width, base style) -> the pieces of that line.
DrawLine = Callable[[int, int, Style], list[Segment]]


class PickList(Rows, can_focus=False):
    """`show` how many lines there are and how each is drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"pick-list--cursor", "pick-list--head"}

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw_head: DrawLine = lambda place, width, base: []
        self._draw: DrawLine = self._draw_head

    def show(self, count: int, place: int, draw_head: DrawLine, draw: DrawLine) -> None:
        """Show these lines, the one at `place` in hand, under a heading that stays."""
        self._draw_head, self._draw = draw_head, draw
        self.set_rows(count, place)

    def on_click(self, event: events.Click) -> None:
        """Tell which line."""
        place = self.line_at(event.y)
        if 0 <= place < self.count:
            self.post_message(self.Picked(place))

    def draw_head(self, width: int, base: Style) -> Strip:
        """Return the heading."""
        head = base + self.get_component_rich_style("pick-list--head", partial=True)
        return Strip([Segment("  ", base), *self._draw_head(0, max(0, width - 2), head)])

    def draw_row(self, place: int, here: bool, width: int, base: Style) -> Strip:
        """Return one line, the one in hand with a mark."""
        if here:
            base += self.get_component_rich_style("pick-list--cursor", partial=True)
        mark = Segment("▸ " if here else "  ", base)
        line = self._draw(place, max(0, width - 2), base)
        return Strip([mark, *line]).crop_extend(0, width, base)
