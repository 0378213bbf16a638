"""A text whose every character has a level of a ramp, drawn line by line; a cursor walks it.

A part of it can be selected: by keys, or by a way of the mouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip

from charlm.display import visible_characters

from ...colours.ramps import CURSOR
from ...widgets.empty import empty_line
from ...widgets.pointed import Pointed
from ...widgets.wrapping import Wrapped

_MARGIN = 1
_NONE, _SELECTED = -1, -2  # in the place of a level


class HeatText(Pointed, can_focus=True, inherit_bindings=False):
    """`show` a text, then give levels: one per character, -1 for none. Its keys are the view's.

    selected_from: from there to the cursor it is selected, None for nothing. selecting: whether
    each way of the cursor selects.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"heat-text--selected"}

    class Moved(Message):
        """The cursor is on another character."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._characters = ""
        self._wrapped = Wrapped("", 80)
        self._levels: Sequence[int] = ()
        self._styles: Sequence[Style] = ()
        self._empty: tuple[str, ...] = ()
        self.cursor = 0
        self.selected_from: int | None = None
        self.selecting = False

    @property
    def selected(self) -> tuple[int, int]:
        """The selected places, from the first up to the last, which is not one; none: equal."""
        if self.selected_from is None:
            return 0, 0
        first, last = sorted((self.selected_from, self.cursor))
        return first, last + 1

    def select(self, on: bool) -> None:
        """Select from the cursor on, with each way of it; or select no more."""
        self.selecting, self.selected_from = on, self.cursor if on and self.length else None
        self.refresh()

    @property
    def length(self) -> int:
        """How many characters there are."""
        return len(self._characters)

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the cursor is."""
        x, y = self._wrapped.offset(self.cursor)
        return self.content_region.offset + Offset(_MARGIN + x, y - self.scroll_offset.y)

    def show(self, characters: str) -> None:
        """Another text; it has no levels yet."""
        self._characters, self._levels, self.cursor = characters, (), 0
        self.select(False)
        self._wrapped = Wrapped(visible_characters(characters), self._text_width)
        self.fit(len(self._wrapped) if self.length else 0)
        self.scroll_home(animate=False)
        self.refresh()

    def set_levels(self, levels: Sequence[int], styles: Sequence[Style]) -> None:
        """Colour the characters."""
        self._levels, self._styles = levels, styles
        self.refresh()

    def set_empty(self, *lines: str) -> None:
        """What is said while there is no text."""
        self._empty = lines
        self.refresh()

    def move_to(self, place: int, *, extends: bool = False) -> None:
        """The cursor onto a character, in view. extends: what is on the way is selected."""
        anchor = self.cursor if self.selected_from is None else self.selected_from
        self._put(place, anchor if extends or self.selecting else None)

    def _put(self, place: int, anchor: int | None) -> None:
        """The cursor onto a character; from `anchor` to it it is selected, None for nothing."""
        place = max(0, min(self.length - 1, place))
        if (place, anchor) != (self.cursor, self.selected_from) and self.length:
            self.cursor, self.selected_from = place, anchor
            self.refresh()
            self.post_message(self.Moved())
        self.reveal(self._row_of(self.cursor), centred=True)

    def move_lines(self, by: int) -> None:
        """The cursor some lines down, in its column."""
        row = self._row_of(self.cursor)
        to = max(0, min(len(self._wrapped) - 1, row + by))
        start, column = self._wrapped.starts[to], self.cursor - self._wrapped.starts[row]
        self.move_to(max(start, min(start + column, self._wrapped.ends[to] - 1)))

    def on_resize(self) -> None:
        """Break again."""
        self._wrapped.set_width(self._text_width)
        self.fit(len(self._wrapped) if self.length else 0)
        self.refresh()

    def on_pointed_clicked(self, event: Pointed.Clicked) -> None:
        """A click puts the cursor there; what was selected is no more."""
        self.selecting = False
        self._put(event.place, None)

    def on_pointed_dragged(self, event: Pointed.Dragged) -> None:
        """A way of the mouse selects."""
        self.selecting = False
        self._put(event.place, min(event.anchor, self.length - 1))  # of a text before, maybe

    def place_at(self, x: int, y: int) -> int | None:
        """The character that is there, if one is."""
        row = self.line_at(y)
        if not self.length or not 0 <= row < len(self._wrapped):
            return None
        return self._wrapped.place(row, x - _MARGIN)

    def render_line(self, y: int) -> Strip:
        """One line, `y` counted from the top of the widget."""
        base, width = self.rich_style, self.size.width
        row = self.line_at(y)
        if not self.length:
            return empty_line(self._empty, y, self.size, base, Style(bold=True), Style())
        if row >= len(self._wrapped):
            return Strip.blank(width, base)
        segments = [Segment(" " * _MARGIN, base), *self._line(row, base)]
        return Strip(segments).crop_extend(0, width, base)

    @property
    def _text_width(self) -> int:
        return max(1, self.scrollable_content_region.width - 2 * _MARGIN)

    def _row_of(self, place: int) -> int:
        return self._wrapped.line_of(place)

    def _line(self, row: int, base: Style) -> list[Segment]:
        """Runs of one level; the character in hand and what is selected stand out."""
        start, end = self._wrapped.starts[row], self._wrapped.ends[row]
        segments: list[Segment] = []
        run, level = "", _NONE
        first, last = self.selected
        for place in range(start, self.length):
            # A newline has no cell of its own, but the cursor on it has to be seen.
            if place >= end and not (place == self.cursor and row == self._row_of(place)):
                break
            here = self._levels[place] if place < len(self._levels) else _NONE
            here = _SELECTED if first <= place < last else here
            text = self._wrapped.text[place : min(end, place + 1)]
            if place == self.cursor and self.has_focus_within:
                segments.append(Segment(run, self._style(level, base)))
                segments.append(Segment(text or " ", self._style(here, base) + CURSOR))
                run = ""
                continue
            if here != level:
                segments.append(Segment(run, self._style(level, base)))
                run, level = "", here
            run += text
        segments.append(Segment(run, self._style(level, base)))
        return [segment for segment in segments if segment.text]

    def _style(self, level: int, base: Style) -> Style:
        if level == _SELECTED:
            return base + self.get_component_rich_style("heat-text--selected", partial=True)
        return base + self._styles[level] if 0 <= level < len(self._styles) else base
