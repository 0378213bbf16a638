"""The text as it is written: blocks of prompt and completion, drawn line by line.

It takes a few hundred thousand characters a second: only lines that a change can reach are
broken again, and only lines in view are drawn.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset, Size
from textual.reactive import var
from textual.strip import Strip

from charlm.display import visible

from ....colours import ramps
from ....widgets.empty import empty_line
from ....widgets.pointed import Pointed
from ....widgets.wrapping import cut_first
from ..comparison import Comparison
from .block import CURSOR, LEVEL, LOOK, SELECTED, STRONG, Block

#: Older blocks are forgotten beyond this many characters in all.
_KEPT = 500_000
_MARGIN = 2
_CARET = "▌"
_FADE = 0.1
#: Component classes, in the order of the constants in `block`; then come the levels of surprise.
_STYLES = tuple(f"text-view--{n}" for n in ("plain", "prompt", "ghost", "flash", "head"))
_QUIET = ("heading", "caret", "empty", "empty-strong", "selected")


class TextView(Pointed, can_focus=True, inherit_bindings=False):
    """Completions above one another, the newest last; it follows the end unless scrolled up.

    cursor: a place in the newest text, None when it is not shown. Keys are the view's own.
    follows: whether its end is kept in view; only who scrolls up loses it, no new size does.
    """

    follows: var[bool] = var(True, init=False)

    COMPONENT_CLASSES: ClassVar[set[str]] = {*_STYLES, *(f"text-view--{n}" for n in _QUIET)}

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.blocks: list[Block] = []
        self.surprise = False
        self._tops: list[int] = []
        self._writing = False
        self._empty: tuple[str, ...] = ()

    def on_mount(self) -> None:
        """What flashes fades by itself."""
        self._fading = self.set_interval(_FADE, self._fade, pause=True)

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in view."""
        return self.scroll_offset.y >= self.max_scroll_y

    @property
    def text(self) -> str:
        """The newest prompt and completion, without what is yet to be written over."""
        return self.blocks[-1].text[: self.blocks[-1].fresh] if self.blocks else ""

    @property
    def cursor(self) -> int | None:
        """The place of the cursor in the newest text."""
        return self.blocks[-1].cursor if self.blocks else None

    @property
    def selected(self) -> str:
        """What is selected of the newest text."""
        if not self.blocks:
            return ""
        first, last = self.blocks[-1].selected
        return self.blocks[-1].text[first:last]

    @property
    def cursor_screen_offset(self) -> Offset | None:
        """Where on the screen the cursor is, or else the end of the text."""
        if not self.blocks:
            return None
        block = self.blocks[-1]
        x, y = block.wrapped.offset(block.fresh if block.cursor is None else block.cursor)
        down = self._tops[-1] + 1 + y - self.scroll_offset.y
        return self.content_region.offset + Offset(self._margin + x, down)

    def set_empty(self, *lines: str) -> None:
        """What is shown while nothing was written; the first line stands out."""
        self._empty = tuple(visible(line) for line in lines)
        self.refresh()

    def begin(
        self, heading: str, prompt: str, *, given: int | None = None,
        again: bool = False, over: bool = False,
    ) -> Block:  # fmt: skip
        """Start a block; with `again`, in place of the newest one, which is written over.

        over: what is there stays until the new text takes its place, and changes flash.
        """
        shown = len(prompt) if given is None else given
        block = Block(heading, prompt, shown, self.text_width)
        old = self.blocks.pop() if again and self.blocks else None
        if old is not None and over:
            block.stand_over(old)
        while self.blocks and sum(len(block.text) for block in self.blocks) > _KEPT:
            self.blocks.pop(0)
        self.show(block, writing=True, stay=block.before is not None)
        return block

    def show(self, block: Block, *, writing: bool = False, stay: bool = False) -> None:
        """Put a block below the others; with `stay`, the view does not move."""
        block.wrapped.set_width(self.text_width)
        self.blocks.append(block)
        self._writing = writing
        self._measure()
        if block.cursor is not None:
            self._to_cursor()
        elif not stay:
            self._to_end()

    def put(self, blocks: Sequence[Block]) -> None:
        """Show these blocks in the place of all that are there, from their end."""
        self.blocks, self._writing = list(blocks), False
        for block in self.blocks:
            block.wrapped.set_width(self.text_width)
        self._measure()
        self._to_end()

    def take_back(self) -> Block:
        """Remove the newest block, for another to be shown in its place."""
        return self.blocks.pop()

    def rewrite(self, keep: int, text: str) -> None:
        """The newest completion becomes its first `keep` characters + text."""
        if not self.blocks:
            return
        block = self.blocks[-1]
        first = block.write(keep, text, time.monotonic())
        self._fit()
        if block.cursor is not None:
            self.follows = self.at_end
        elif self.follows and block.fresh == len(block.text):  # nothing before it is left
            self._to_end()
        if block.flashing:
            self._fading.resume()
        self._redraw_from(first)

    def end(self, note: str) -> Comparison | None:
        """The newest completion is over; the note goes below it. How it differs from before."""
        self._writing = False
        if not self.blocks:
            return None
        block = self.blocks[-1]
        block.finish()
        block.note = visible(note)
        self._fit()
        if self.follows:
            self._to_end()
        self.refresh()
        return block.comparison(True)

    def move_cursor(self, place: int | None, anchor: int | None = None) -> None:
        """Put the cursor of the newest block at a place, in view; None hides it.

        anchor: from where to the cursor it is selected.
        """
        if not self.blocks:
            return
        block = self.blocks[-1]
        if block.anchor is not None or anchor is not None:
            block.anchor = anchor
            self.refresh()
        if block.cursor == place:
            return
        for moved in (block.cursor, place):
            if moved is not None:
                self.refresh_lines(self._tops[-1] + 1 + block.line_of(moved), 1)
        block.cursor = place
        self._to_cursor()

    def place_towards(self, way: str) -> int | None:
        """Where the cursor comes to from where it is; without one, the last character."""
        if not self.blocks:
            return None
        block = self.blocks[-1]
        last = max(0, block.fresh - 1)
        if block.cursor is None:
            return last
        return block.place_towards(block.cursor, way)

    def render_line(self, y: int) -> Strip:
        """One line of the widget, `y` counted from its top."""
        width, base = self.size.width, self.rich_style
        if not self.blocks:
            styles = self._style("empty-strong"), self._style("empty")
            return empty_line(self._empty, y, self.size, base, *styles)
        y += self.scroll_offset.y
        place = bisect_right(self._tops, y) - 1
        block = self.blocks[place]
        row = y - self._tops[place]
        if row == 0 or row > len(block.wrapped):
            note = f"{block.note} · from before" if block.earlier else block.note
            quiet = block.heading if row == 0 else note if row < block.height - 1 else ""
            return self._quiet_line(cut_first(quiet, width - self._margin), width, base)
        newest = place == len(self.blocks) - 1
        return self._text_line(block, row - 1, newest and self._writing, width, base)

    def on_resize(self) -> None:
        """Break every block for the new width, and stay at the end if there."""
        for block in self.blocks:
            block.wrapped.set_width(self.text_width)
        self._measure()
        if self.cursor is not None:
            self.call_after_refresh(self._to_cursor)
        elif self.follows or self.at_end:
            self.call_after_refresh(self._stay_at_end)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls up leaves the end; who comes to it stays there."""
        super().watch_scroll_y(old_value, new_value)
        self.follows = self.at_end

    def place_at(self, x: int, y: int) -> int | None:
        """The place of the newest text that is there, if one is."""
        if not self.blocks:
            return None
        wrapped = self.blocks[-1].wrapped
        row = y + self.scroll_offset.y - (self._tops[-1] + 1)
        return wrapped.place(row, x - self._margin) if 0 <= row < len(wrapped) else None

    def _fade(self) -> None:
        block = self.blocks[-1] if self.blocks else None
        first = block.fade(time.monotonic()) if block else None
        if first is not None:
            self._redraw_from(first)
        if block is None or not block.flashing:
            self._fading.pause()

    def _redraw_from(self, line: int) -> None:
        top = self._tops[-1] + 1 + line
        self.refresh_lines(top, max(1, self.virtual_size.height - top + 1))

    def _to_end(self) -> None:
        # Forced: the scrollbar, which comes with the first line too many, is not there yet.
        self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)
        self.follows = True

    def _stay_at_end(self) -> None:
        """The end again, unless one has scrolled up meanwhile."""
        if self.follows:
            self._to_end()

    def _to_cursor(self) -> None:
        if self.cursor is not None:
            line = self._tops[-1] + 1 + self.blocks[-1].line_of(self.cursor)
            self.reveal(line, centred=True)

    @property
    def text_width(self) -> int:
        """Cells of a line of text."""
        return max(1, self.scrollable_content_region.width - 2 * self._margin)

    @property
    def _margin(self) -> int:
        return _MARGIN if self.size.width >= 40 else 0

    def _measure(self) -> None:
        for block in self.blocks[:-1]:
            block.cursor = block.anchor = None  # the newest alone has them
        self._tops, top = [], 0
        for block in self.blocks:
            self._tops.append(top)
            top += block.height
        self._fit()
        self.refresh()

    def _fit(self) -> None:
        # The last blank line is left out: the newest line sits at the bottom edge.
        height = self._tops[-1] + self.blocks[-1].height - 1 if self.blocks else 0
        if height == self.virtual_size.height:
            return
        size = Size(self.scrollable_content_region.width, height)
        if height > self.virtual_size.height > self.size.height:
            # Only the bar moves: laying out the whole screen at every new line would be felt.
            self.set_reactive(TextView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = height
        else:
            self.virtual_size = size

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"text-view--{name}", partial=True)

    def _quiet_line(self, text: str, width: int, base: Style) -> Strip:
        style = base + self._style("heading")
        line = [Segment(" " * self._margin + text, style)] if text else []
        return Strip(line).crop_extend(0, width, base)

    def _text_line(self, block: Block, line: int, writing: bool, width: int, base: Style) -> Strip:
        segments, nats = [Segment(" " * self._margin, base)], ramps.nats_of(self.app)
        for text, key in block.pieces(line, self.surprise, writing):
            look = key & LOOK
            if look < LEVEL:
                style = base + self.get_component_rich_style(_STYLES[look], partial=True)
            else:
                style = base + nats.levels[look - LEVEL]
            if key & STRONG:
                style += nats.given
            if key & SELECTED:
                style += self._style("selected")
            segments.append(Segment(text, style + ramps.CURSOR if key & CURSOR else style))
        if writing and block.fresh == len(block.text) and line == len(block.wrapped) - 1:
            segments.append(Segment(_CARET, base + self._style("caret")))
        return Strip(segments).crop_extend(0, width, base)
