"""One position of a beam search as a tree: what all share above it, a line for each text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from charlm.display import visible_characters
from charlm.wording import fixed

from ....widgets.wrapping import Wrapped, cut_before
from ....writer.search import Cut, EndedText, Frame, Line, Search, branches

#: Cells: of a line's mark, its bar, and what stands behind it in all.
_MARK = 3
_BAR = 6
_TAG = 9 + 1 + _BAR + 8
#: Widths from which there is room for a line's score; for its bar too; for every word.
_SCORED, _BARRED, _ROOMY = 40, 64, 84
_ENDED_SHOWN = 3
_STYLES = ("prompt", "shared", "best", "open", "newest", "gone", "branch", "score", "bar", "ended")


class SearchTree(Widget):
    """The tree of one position: what all share above it, then a line for each hypothesis."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"search-tree--{name}" for name in _STYLES}

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []
        #: The row of the best text: of the open ones, or of who won.
        self.best_row = 0

    def show(
        self, search: Search | None, position: int, prompt: str, won: bool = False
    ) -> Frame | None:
        """Draw the search at a position; None is drawn as empty.

        won: the search is over, and the best of those that finished has won.
        """
        frame, self._strips = None, []
        if search is not None and search.oldest <= position <= search.length:
            width, height = self.size
            wide = 2 if any(cell_len(c) > 1 for c in search.alphabet) else 1
            tag = _tag_width(width)
            room = max(1, (width - _MARK - tag) // wide - 1)
            turn = max(1, room // 2)
            start = max(0, -(-(position - room) // turn) * turn)
            above = 2 if won else min(2, height // 4)
            frame = search.frame(position, start, max(1, height - above))
            self._strips = self._draw(frame, prompt, wide, room, tag, won)
        self.refresh()
        return frame

    def render_line(self, y: int) -> Strip:
        """One line."""
        base = self.rich_style
        strip = self._strips[y] if y < len(self._strips) else Strip([])
        return strip.crop_extend(0, self.size.width, base)

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"search-tree--{name}", partial=True)

    def _draw(
        self, frame: Frame, prompt: str, wide: int, room: int, tag: int, won: bool
    ) -> list[Strip]:
        tree = [
            self._line(frame, line, joins, wide, room, tag)
            for line, joins in zip(frame.lines, branches(frame.lines), strict=True)
        ]
        left = self.size.height - len(tree)
        most = max(0, min(_ENDED_SHOWN, left - 1))
        ended = [self._ended(text, won and not i) for i, text in enumerate(frame.ended[:most])]
        hidden = frame.open - sum(line.gone is None for line in frame.lines)
        if hidden > 0 and len(tree) > 1:
            more = f"+ {hidden + 1:,} more"
            tree[-1] = Strip([Segment(" " * _MARK + more, self._style("score"))])
        blank = [Strip([])] if len(ended) and left - len(ended) > 1 else []
        before = self._before(frame, prompt, left - len(ended) - len(blank))
        self.best_row = 0 if won and ended else len(before)
        if won:  # the winner stands above the losers
            return [*ended, *blank, *before, *tree]
        return [*before, *tree, *blank, *ended]

    def _before(self, frame: Frame, prompt: str, most: int) -> list[Strip]:
        """The prompt and what is written before the tree, its last lines."""
        if most < 1:
            return []
        if len(frame.before) < frame.start:  # what comes before it was forgotten
            prompt = "… "
        text = visible_characters(prompt + frame.before)
        wrapped = Wrapped(text, max(1, self.size.width - _MARK - 1))
        kept = min(most, max(3, self.size.height - len(frame.lines) - _ENDED_SHOWN - 3))
        strips = []
        for i in range(max(0, len(wrapped) - kept), len(wrapped)):
            first, last = wrapped.starts[i], wrapped.ends[i]
            cut = max(first, min(last, len(prompt)))
            strips.append(Strip([
                Segment(" " * (_MARK + 1), self.rich_style),
                Segment(text[first:cut], self._style("prompt")),
                Segment(text[cut:last], self._style("shared")),
            ]))  # fmt: skip
        return strips if text else []

    def _line(
        self, frame: Frame, line: Line, joins: Sequence[tuple[int, str]], wide: int, room: int,
        tag: int,
    ) -> Strip:  # fmt: skip
        cells = [" " * wide] * (room + 1)  # the first is the one before the start
        for place, glyph in joins:
            cells[place + 1 - frame.start] = glyph.rjust(wide)
        own = line.leaves + 1 - frame.start
        for i, character in enumerate(line.text[own - 1 :], start=own):
            edge = i in (own, len(line.text))
            cells[i] = _cell("␣" if edge and character == " " else character, wide)
        end = max(own, len(line.text) + 1)
        shared = min(max(frame.shared + 1 - frame.start, own), end) if line.rank == 0 else own
        body = "gone" if line.gone is not None else "best" if line.rank == 0 else "open"
        new = end - 1 if line.gone is None and end > own else end
        parts = [
            (_mark(line), "score" if line.gone is None else body),
            ("".join(cells[:own]), "branch"),
            ("".join(cells[own:shared]), "shared"),
            ("".join(cells[shared:new]), body),
            ("".join(cells[max(new, shared) : end]), "newest"),
            ("".join(cells[end:]), "open"),
        ]
        return Strip([
            *(Segment(text, self._style(name)) for text, name in parts if text),
            *self._tag(frame, line, tag),
        ])  # fmt: skip

    def _tag(self, frame: Frame, line: Line, width: int) -> list[Segment]:
        """What stands behind a line: its score and a bar, or why it is gone."""
        if width == 0:
            return []
        if isinstance(line.gone, Cut):
            return [Segment("  " + _cut_text(line.gone, width - 2), self._style("gone"))]
        if line.gone is not None:
            said = f"  ended {fixed(line.gone.score, 2)}"
            return [Segment(said, self._style("ended"))]
        best = next(other.score for other in frame.lines if other.rank == 0)
        score = Segment(f"{fixed(line.score, 2):>9}", self._style("score"))
        if width < _TAG:
            return [score]
        share = math.exp(line.score - best)
        halves = max(1, round(2 * _BAR * share))
        bar = " " + "█" * (halves // 2) + "▌" * (halves % 2)
        return [score, Segment(bar, self._style("bar"))]

    def _ended(self, text: EndedText, won: bool) -> Strip:
        said = f"✓ {fixed(text.score, 2)} "
        room = max(0, self.size.width - len(said) - _MARK)
        shown = cut_before(visible_characters(text.text).replace("\n", "↵"), room)
        return Strip([
            Segment(("▸" if won else " ").ljust(_MARK) + said, self._style("ended")),
            Segment(shown, self._style("best" if won else "open")),
        ])  # fmt: skip


def _tag_width(width: int) -> int:
    if width < _SCORED:
        return 0
    return 9 if width < _BARRED else _TAG if width < _ROOMY else _TAG + 2


def _mark(line: Line) -> str:
    if line.rank >= 0:
        return f"{min(line.rank + 1, 999):>{_MARK}}"
    return ("x" if isinstance(line.gone, Cut) else "✓").rjust(_MARK)


def _cell(character: str, wide: int) -> str:
    """A character in as many cells as every one has."""
    shown = visible_characters(character).replace("\n", "↵")
    return " " * (wide - max(1, cell_len(shown))) + (shown if cell_len(shown) else " " + shown)


def _cut_text(cut: Cut, room: int) -> str:
    where = f"cut at {cut.position:,}"
    texts = [f"{where}, {cut.behind:.2f} behind", f"{where} by {cut.behind:.2f}", where]
    if cut.behind < 0:
        texts = [f"{where}: nothing likely followed", f"{where}: led nowhere", "led nowhere"]
    for text in texts:
        if len(text) <= room:
            return text
    return "cut"
