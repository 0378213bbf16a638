"""Lines that are drawn as they come into view, one of which is kept there."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView):
    """A widget of many lines, of which it draws those in view.

    HEAD: lines at its top that stay there while the others scroll.
    """

    ALLOW_SELECT = False
    HEAD: ClassVar[int] = 0

    def fit(self, count: int) -> None:
        """Be so many lines long, the head not counted."""
        self.virtual_size = Size(self.size.width, count + self.HEAD)

    def line_at(self, row: int) -> int:
        """The line that a row of the widget shows, which may be behind the last; -1 in the head."""
        return row - self.HEAD + self.scroll_offset.y if row >= self.HEAD else -1

    def reveal(self, line: int, *, centred: bool = False) -> None:
        """Scroll until a line is in view: no farther than needed, or to the middle."""
        height, top = max(1, self.size.height - self.HEAD), self.scroll_offset.y
        if top <= line < top + height:
            return
        to = line if line < top else line - height + 1
        self.go_to(max(0, line - self.size.height // 2 if centred else to))

    def go_to(self, line: int) -> None:
        """Scroll until this line is the first one."""
        # Forced: the scrollbar, which comes with the first line too many, may not be there yet.
        self.scroll_to(y=line, animate=False, immediate=True, force=True)


class Rows(Lines):
    """A list under a heading, with a cursor that is kept in view.

    Whoever makes it draws it: `draw_head` and `draw_row`.
    """

    HEAD = 1

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.place = self.count = 0

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the row is that the cursor is on."""
        down = self.HEAD + self.place - self.scroll_offset.y
        return self.content_region.offset + Offset(0, down)

    def set_rows(self, count: int, place: int) -> None:
        """Have so many rows, the cursor on the one at `place`."""
        self.count, self.place = count, place
        self.fit(count)
        self.refresh()
        self.reveal(place)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.reveal(self.place)

    def draw_head(self, width: int, base: Style) -> Strip:
        """Return the heading."""
        return Strip.blank(width, base)

    def draw_row(self, place: int, here: bool, width: int, base: Style) -> Strip:
        """Return one row, `width` cells long. here: the cursor is on it."""
        return Strip.blank(width, base)

    def render_line(self, y: int) -> Strip:
        """Return one line of the widget, `y` counted from its top."""
        width, base = self.size.width, self.rich_style
        place = self.line_at(y)
        if place < 0:
            return self.draw_head(width, base).crop_extend(0, width, base)
        if place >= self.count:
            return Strip.blank(width, base)
        return self.draw_row(place, place == self.place, width, base)
