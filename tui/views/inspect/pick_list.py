"""A list of lines with one in hand; how a line looks is told from outside, for those in view."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

#: (place, width, base style) -> the pieces of that line.
DrawLine = Callable[[int, int, Style], list[Segment]]


class PickList(ScrollView, can_focus=False):
    """`show` how many lines there are and how each is drawn."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pick-list--cursor", "pick-list--head"}

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._count, self._place = 0, 0
        self._draw_head: DrawLine = lambda place, width, base: []
        self._draw: DrawLine = self._draw_head

    def show(self, count: int, place: int, draw_head: DrawLine, draw: DrawLine) -> None:
        """These lines, the one at `place` in hand, under a heading that stays."""
        self._count, self._place, self._draw_head, self._draw = count, place, draw_head, draw
        self.virtual_size = Size(self.size.width, count + 1)
        self._follow()
        self.refresh()

    def on_resize(self) -> None:
        """Keep the line in hand in view."""
        self._follow()

    def on_click(self, event: events.Click) -> None:
        """Tell which line."""
        place = event.y - 1 + self.scroll_offset.y
        if event.y and place < self._count:
            self.post_message(self.Picked(place))

    def render_line(self, y: int) -> Strip:
        """The heading, or a line."""
        base, width = self.rich_style, self.size.width
        if y == 0:
            head = base + self.get_component_rich_style("pick-list--head", partial=True)
            line = self._draw_head(0, max(0, width - 2), head)
            return Strip([Segment("  ", base), *line]).crop_extend(0, width, base)
        place = y - 1 + self.scroll_offset.y
        if place >= self._count:
            return Strip.blank(width, base)
        here = place == self._place
        if here:
            base += self.get_component_rich_style("pick-list--cursor", partial=True)
        mark = Segment("▸ " if here else "  ", base)
        return Strip([mark, *self._draw(place, max(0, width - 2), base)]).crop_extend(
            0, width, base
        )

    def _follow(self) -> None:
        height, top = max(1, self.size.height - 1), self.scroll_offset.y
        if not top <= self._place < top + height:
            to = self._place if self._place < top else self._place - height + 1
            self.scroll_to(y=to, animate=False, immediate=True, force=True)
