"""The text as it is written: blocks of prompt and completion, drawn line by line.

It takes a few hundred thousand characters a second: only lines that a change can reach are
broken again, and only lines in view are drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charlm.display import visible, visible_characters
from tui.wrapping import Wrapped

#: Older blocks are forgotten beyond this many characters in all.
_KEPT = 500_000
_MARGIN = 2
_CARET = "▌"


class Block:
    """One prompt and what was written after it, under a heading."""

    def __init__(self, heading: str, prompt: str, width: int) -> None:
        self.heading = heading
        self.note = ""
        self.prompt = len(prompt)
        self.wrapped = Wrapped(prompt, width)

    @property
    def height(self) -> int:
        """Lines taken: the heading, the text, the note when there is one, one blank line."""
        return len(self.wrapped) + 2 + bool(self.note)

    @property
    def text(self) -> str:
        """Prompt and completion as shown."""
        return self.wrapped.text


class TextView(ScrollView, can_focus=True):
    """Completions above one another, the newest last; it follows the end unless scrolled up."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "text-view--prompt",
        "text-view--heading",
        "text-view--caret",
        "text-view--empty",
        "text-view--empty-strong",
    }

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.blocks: list[Block] = []
        self._tops: list[int] = []
        self._writing = False
        self._empty: tuple[str, ...] = ()

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in view."""
        return self.scroll_offset.y >= self.max_scroll_y

    @property
    def text(self) -> str:
        """The newest prompt and completion."""
        return self.blocks[-1].text if self.blocks else ""

    def set_empty(self, *lines: str) -> None:
        """What is shown while nothing was written; the first line stands out."""
        self._empty = tuple(visible(line) for line in lines)
        self.refresh()

    def begin(self, heading: str, prompt: str, *, again: bool) -> None:
        """Start a block; with `again`, in place of the newest one."""
        if again and self.blocks:
            self.blocks.pop()
        while self.blocks and sum(len(block.text) for block in self.blocks) > _KEPT:
            self.blocks.pop(0)
        self.blocks.append(Block(visible(heading), visible_characters(prompt), self._text_width))
        self._writing = True
        self._measure()
        self._to_end()

    def rewrite(self, keep: int, text: str) -> None:
        """The newest completion becomes its first `keep` characters + text."""
        if not self.blocks:
            return
        block, follow = self.blocks[-1], self.at_end
        first = block.wrapped.rewrite(block.prompt + keep, visible_characters(text))
        self._fit()
        if follow:
            self._to_end()
        top = self._tops[-1] + 1 + first
        self.refresh_lines(top, max(1, self.virtual_size.height - top + 1))

    def end(self, note: str) -> None:
        """The newest completion is over; the note goes below it."""
        follow, self._writing = self.at_end, False
        if self.blocks:
            self.blocks[-1].note = visible(note)
            self._fit()
        if follow:
            self._to_end()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the widget, `y` counted from its top."""
        width, base = self.size.width, self.rich_style
        if not self.blocks:
            return self._empty_line(y, width, base)
        y += self.scroll_offset.y
        place = bisect_right(self._tops, y) - 1
        block = self.blocks[place]
        row = y - self._tops[place]
        if row == 0 or row > len(block.wrapped):
            quiet = block.heading if row == 0 else block.note if row < block.height - 1 else ""
            return self._quiet_line(quiet, width, base)
        last = place == len(self.blocks) - 1 and row == len(block.wrapped)
        return self._text_line(block, row - 1, last, width, base)

    def on_resize(self) -> None:
        """Break every block for the new width, and stay at the end if there."""
        follow = self.at_end
        for block in self.blocks:
            block.wrapped.set_width(self._text_width)
        self._measure()
        if follow:
            self.call_after_refresh(self._to_end)

    def _to_end(self) -> None:
        # Forced: the scrollbar, which comes with the first line too many, is not there yet.
        self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)

    @property
    def _text_width(self) -> int:
        return max(1, self.scrollable_content_region.width - 2 * self._margin)

    @property
    def _margin(self) -> int:
        return _MARGIN if self.size.width >= 40 else 0

    def _measure(self) -> None:
        self._tops, top = [], 0
        for block in self.blocks:
            self._tops.append(top)
            top += block.height
        self._fit()
        self.refresh()

    def _fit(self) -> None:
        # The last blank line is left out: the newest line sits at the bottom edge.
        height = self._tops[-1] + self.blocks[-1].height - 1 if self.blocks else 0
        if height != self.virtual_size.height:
            self.virtual_size = Size(self.scrollable_content_region.width, height)

    def _quiet_line(self, text: str, width: int, base: Style) -> Strip:
        style = base + self.get_component_rich_style("text-view--heading", partial=True)
        line = [Segment(" " * self._margin + text, style)] if text else []
        return Strip(line).crop_extend(0, width, base)

    def _text_line(self, block: Block, row: int, last: bool, width: int, base: Style) -> Strip:
        wrapped = block.wrapped
        start, end = wrapped.starts[row], wrapped.ends[row]
        cut = max(start, min(end, block.prompt))
        prompt = base + self.get_component_rich_style("text-view--prompt", partial=True)
        segments = [
            Segment(" " * self._margin, base),
            Segment(wrapped.text[start:cut], prompt),
            Segment(wrapped.text[cut:end], base),
        ]
        if last and self._writing:
            caret = self.get_component_rich_style("text-view--caret", partial=True)
            segments.append(Segment(_CARET, base + caret))
        return Strip([s for s in segments if s.text]).crop_extend(0, width, base)

    def _empty_line(self, y: int, width: int, base: Style) -> Strip:
        lines = [part for line in self._empty for part in _lines(line, max(1, width - 2))]
        first = len(_lines(self._empty[0], max(1, width - 2))) if self._empty else 0
        place = y - max(0, (self.size.height - len(lines)) // 2)
        if not 0 <= place < len(lines):
            return Strip.blank(width, base)
        name = "text-view--empty-strong" if place < first else "text-view--empty"
        style = base + self.get_component_rich_style(name, partial=True)
        line = Strip([Segment(lines[place].rstrip(), style)])
        left = max(0, (width - line.cell_length) // 2)
        return Strip([Segment(" " * left, base), *line]).crop_extend(0, width, base)


def _lines(text: str, width: int) -> list[str]:
    wrapped = Wrapped(text, width)
    return [wrapped.line(i) for i in range(len(wrapped))]
