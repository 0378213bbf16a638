"""A beam search, seen thinking: its hypotheses as a tree, at any position, live or again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Offset

from charlm.wording import counted

from ....widgets.pieces_line import Piece, PiecesLine
from ....writer.search import Frame, Search
from ...base import View
from .search_tree import SearchTree
from .time_bar import TimeBar

_TICK = 0.1
_DIM = "$foreground-muted"


class Lattice(Vertical):
    """The search as it stands, or at a position one stepped to.

    position: the one that is seen; None follows the newest.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.position: int | None = None
        self.playing = False
        self._search: Search | None = None
        self._prompt = self._score = ""
        self._over = self._ended = False
        self._drawn: tuple[object, ...] = ()
        self._head_line = PiecesLine(id="lattice-head")
        self._tree, self._bar = SearchTree(id="lattice-tree"), TimeBar(id="lattice-time")

    def compose(self) -> ComposeResult:
        """What is seen, the tree, where in time."""
        yield self._head_line
        yield self._tree
        yield self._bar

    def on_mount(self) -> None:
        """Ten times a second: a search is faster than an eye."""
        assert isinstance(self.screen, View)
        self.screen.every(_TICK, self._tick)

    @property
    def best_offset(self) -> Offset:
        """Where on the screen the best text is."""
        return self._tree.content_region.offset + Offset(0, self._tree.best_row)

    def show(self, search: Search | None, prompt: str, score: str, over: bool, ended: bool) -> None:
        """Show this search; `score` says what its texts are ranked by.

        over: nothing more is searched. ended: then a finished text has won, not an open one.
        """
        if search is not self._search:
            self.position, self.playing = None, False
        self._search, self._prompt, self._score = search, prompt, score
        self._over, self._ended = over, ended

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
        if not (self.parent and self.parent.display):
            return
        if search is not None and self.playing and self.position is not None:
            self.position += 1
            if self.position >= search.length:
                self.position, self.playing = None, False
        self._draw()

    def _draw(self) -> None:
        search = self._search
        position = self._seen(search) if search is not None else 0
        tree = self._tree
        state = (id(search), position, search and search.length, self.position is None,
                 self._over, self._ended, self.playing, tree.size, self.app.theme)  # fmt: skip
        if state != self._drawn and tree.size:
            self._drawn = state
            length = search.length if search is not None else 0
            frame = tree.show(search, position, self._prompt, self._ended and position == length)
            self._bar.show(position, length, search.oldest if search else 0)
            self._head_line.set_pieces(self._head(frame))

    def _head(self, frame: Frame | None) -> Sequence[Piece]:
        if frame is None or not frame.open:
            return [Piece("beams", "bold $primary"), Piece("nothing is searched yet", _DIM)]
        live = "end" if self._over else "live"
        where = live if self.position is None else "playing" if self.playing else "held"
        style = "bold $accent" if where in ("live", "playing") else "bold"
        shared = f"first {frame.shared:,} characters" if frame.shared > 1 else "first character"
        pieces = [
            Piece(counted(frame.open, "text"), "bold $primary"),
            Piece(f"the {shared} shared" if frame.shared else "nothing shared", "", 4),
            Piece(f"score: {self._score}", _DIM, 3),
        ]
        if frame.ended:
            pieces.append(Piece(f"✓ the best {len(frame.ended)} that finished", "$success", 2))
        if self._search is not None and self._search.first:
            pieces.append(Piece(f"before {self._search.first + 1:,}: forgotten", _DIM, 5))
        return [*pieces, Piece(where, style, 1, right=True)]
