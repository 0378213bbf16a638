"""A beam search, seen thinking: its hypotheses as a tree, at any position, live or again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from charlm.display import visible_characters
from tui.search import Cut, EndedText, Frame, Line, Search, branches
from tui.widgets.pieces_line import Piece, PiecesLine
from tui.wrapping import Wrapped

_TICK = 0.1
_DIM = "$foreground-muted"
_BAR = 6
#: Widths from which there is room for a line's score; for its bar too.
_SCORED, _BARRED = 40, 64
_ENDED_SHOWN = 3


class Lattice(Vertical, can_focus=True):
    """The search as it stands, or at a position one stepped to.

    position: the one that is seen; None follows the newest.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.position: int | None = None
        self.playing = False
        self._search: Search | None = None
        self._prompt = self._score = ""
        self._over = False
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """What is seen, the tree, where in time."""
        yield PiecesLine(id="lattice-head")
        yield SearchTree(id="lattice-tree")
        yield TimeBar(id="lattice-time")

    def on_mount(self) -> None:
        """Ten times a second: a search is faster than an eye."""
        self.set_interval(_TICK, self._tick)

    def show(self, search: Search | None, prompt: str, score: str, over: bool) -> None:
        """Show this search; `score` says what its texts are ranked by."""
        if search is not self._search:
            self.position, self.playing = None, False
        self._search, self._prompt, self._score, self._over = search, prompt, score, over

    def seek(self, position: int | None) -> None:
        """See this position, or the nearest there is; None: the newest, always."""
        search = self._search
        if position is not None and search is not None:
            position = min(max(position, search.oldest), search.length)
        self.position, self.playing = position, False
        self._draw()

    def step(self, by: int) -> None:
        """So many positions on or back; on beyond the newest is live again."""
        if self._search is not None:
            position = self._seen(self._search) + by
            self.seek(None if position > self._search.length else position)

    def play(self) -> None:
        """Play from here, or from the beginning if this is the end; or hold."""
        search = self._search
        if search is None:
            return
        if self.position is None or self.position >= search.length:
            self.position = search.oldest if self._over else search.length
        self.playing = not self.playing

    def on_time_bar_chosen(self, event: TimeBar.Chosen) -> None:
        """A click on the bar."""
        self.seek(event.position)

    def _seen(self, search: Search) -> int:
        return search.length if self.position is None else max(self.position, search.oldest)

    def _tick(self) -> None:
        search = self._search
        if search is not None and self.playing and self.position is not None:
            self.position += 1
            if self.position >= search.length:
                self.position, self.playing = None, False
        if self.display:
            self._draw()

    def _draw(self) -> None:
        search = self._search
        position = self._seen(search) if search is not None else 0
        tree = self.query_one(SearchTree)
        state = (id(search), position, search and search.length, self.position is None,
                 self._over, self.playing, tree.size)  # fmt: skip
        if state != self._drawn and tree.size:
            self._drawn = state
            frame = tree.show(search, position, self._prompt)
            length = search.length if search is not None else 0
            self.query_one(TimeBar).show(position, length, search.oldest if search else 0)
            self.query_one("#lattice-head", PiecesLine).set_pieces(self._head(frame))

    def _head(self, frame: Frame | None) -> Sequence[Piece]:
        if frame is None or not frame.open:
            return [Piece("beams", "bold $primary"), Piece("nothing is searched yet", _DIM)]
        live = "end" if self._over else "live"
        where = live if self.position is None else "playing" if self.playing else "held"
        style = "bold $accent" if where in ("live", "playing") else "bold"
        pieces = [
            Piece(f"{frame.open:,} texts" if frame.open > 1 else "1 text", "bold $primary"),
            Piece(f"the first {frame.shared:,} characters shared", "", 4),
            Piece(f"score: {self._score}", _DIM, 3),
        ]
        if frame.ended:
            pieces.append(Piece(f"✓ {len(frame.ended)} finished", "$success", 2))
        if self._search is not None and self._search.first:
            pieces.append(Piece(f"before {self._search.first + 1:,}: forgotten", _DIM, 5))
        return [*pieces, Piece(where, style, 1, right=True)]


class SearchTree(Widget):
    """The tree of one position: what all share above it, then a line for each hypothesis."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lattice--prompt", "lattice--shared", "lattice--best", "lattice--open", "lattice--newest",
        "lattice--gone", "lattice--branch", "lattice--score", "lattice--bar", "lattice--ended",
    }  # fmt: skip

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []

    def show(self, search: Search | None, position: int, prompt: str) -> Frame | None:
        """Draw the search at a position; None is drawn as empty."""
        frame, self._strips = None, []
        if search is not None and search.oldest <= position <= search.length:
            width, height = self.size
            wide = 2 if any(cell_len(c) > 1 for c in search.alphabet) else 1
            tag = _tag_width(width)
            room = max(1, (width - _MARK - tag - 1) // wide)
            turn = max(1, room // 2)
            start = max(0, -(-(position - room) // turn) * turn)
            above = min(2, height // 4)
            frame = search.frame(position, start, height - above)
            self._strips = self._draw(frame, prompt, wide, room, tag)
        self.refresh()
        return frame

    def render_line(self, y: int) -> Strip:
        """One line."""
        base = self.rich_style
        strip = self._strips[y] if y < len(self._strips) else Strip([])
        return strip.crop_extend(0, self.size.width, base)

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"lattice--{name}", partial=True)

    def _draw(self, frame: Frame, prompt: str, wide: int, room: int, tag: int) -> list[Strip]:
        tree = [
            self._line(frame, line, joins, wide, room, tag)
            for line, joins in zip(frame.lines, branches(frame.lines), strict=True)
        ]
        left = self.size.height - len(tree)
        ended = [self._ended(text) for text in frame.ended[: min(_ENDED_SHOWN, left - 1)]]
        hidden = frame.open - sum(line.gone is None for line in frame.lines)
        if hidden > 0 and len(tree) > 1:
            more = f"{hidden + 1:,} more have no room here"
            tree[-1] = Strip([Segment(" " * _MARK + more, self._style("score"))])
        blank = [Strip([])] if len(ended) and left - len(ended) > 1 else []
        return [*self._before(frame, prompt, left - len(ended) - len(blank)), *tree, *blank, *ended]

    def _before(self, frame: Frame, prompt: str, most: int) -> list[Strip]:
        """The prompt and what is written before the tree, its last lines."""
        if most < 1:
            return []
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
            edge = i in (own, len(line.text)) and i > 1
            cells[i] = _cell("·" if edge and character == " " else character, wide)
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
            said = f"  ended {line.gone.score:.2f}"
            return [Segment(said, self._style("ended"))]
        best = next(other.score for other in frame.lines if other.rank == 0)
        score = Segment(f"{line.score:9.2f}", self._style("score"))
        if width < _TAG:
            return [score]
        share = 2.718281828459045 ** (line.score - best)
        halves = max(1, round(2 * _BAR * share))
        bar = " " + "█" * (halves // 2) + "▌" * (halves % 2)
        return [score, Segment(bar, self._style("bar"))]

    def _ended(self, text: EndedText) -> Strip:
        said = f"✓ {text.score:.2f} "
        room = max(0, self.size.width - len(said) - _MARK)
        shown = visible_characters(text.text).replace("\n", "␊")
        if cell_len(shown) > room:
            shown = "…" + shown[max(0, len(shown) - room + 1) :]
        return Strip([
            Segment(" " * _MARK + said, self._style("ended")), Segment(shown, self._style("open"))
        ])  # fmt: skip


_MARK = 3
_TAG = 9 + 1 + _BAR + 8


def _tag_width(width: int) -> int:
    if width < _SCORED:
        return 0
    return _TAG if width >= _BARRED else 9


def _mark(line: Line) -> str:
    if line.rank >= 0:
        return f"{min(line.rank + 1, 999):>{_MARK}}"
    return ("x" if isinstance(line.gone, Cut) else "✓").rjust(_MARK)


def _cell(character: str, wide: int) -> str:
    """A character in as many cells as every one has."""
    shown = visible_characters(character).replace("\n", "␊")
    return " " * (wide - max(1, cell_len(shown))) + (shown if cell_len(shown) else " " + shown)


def _cut_text(cut: Cut, room: int) -> str:
    where = f"cut at {cut.position:,}"
    for text in (
        f"{where} by {cut.behind:.2f}" if cut.behind >= 0 else f"{where}, {-cut.behind:.2f} ahead",
        where,
    ):
        if len(text) <= room:
            return text
    return "cut"


class TimeBar(Widget):
    """Where one is in the search, as a line with a mark; a click goes there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lattice--past", "lattice--here", "lattice--future"}

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
            base + self.get_component_rich_style(f"lattice--{name}", partial=True)
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
