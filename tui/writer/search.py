"""What a beam search did, position by position: who went on, who was cut, what all share.

A position is a number of characters after the prompt; slot k at a position is its k-th best open
hypothesis. n positions, K slots
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Positions that are remembered, and how many slots in all.
KEPT = 5_000
_SLOTS = 2_000_000
#: Positions for which a hypothesis that was cut is still told of.
_MOURNED = 3


@dataclass(frozen=True)
class EndedText:
    """A text that the search finished. length: its characters and its end."""

    text: str
    length: int
    score: float


@dataclass(frozen=True, eq=False)
class SearchPart:
    """n positions of a search as `charlm.engine.events.BeamEvents` has them, and what is finished.

    alphabet: the character of each id. parents, ids, scores: [n, K]; an empty slot has parent
    -1. ended: best first.
    """

    alphabet: Sequence[str]
    parents: NDArray[np.int32]
    ids: NDArray[np.int32]
    scores: NDArray[np.float64]
    ended: tuple[EndedText, ...] = ()


@dataclass(frozen=True)
class Cut:
    """A hypothesis had no place at this position. behind: its score before, below the last of
    those that went on; negative where it was ahead of that, but nothing likely followed it."""

    position: int
    behind: float


@dataclass(frozen=True)
class Line:
    """One hypothesis as a line of the tree: what is its own, behind what it shares with others.

    text: one item a position, from the frame's start. leaves: the position from which the
    text is no longer that of a line above; the first line leaves at the start. early: it left
    before the start. score: when it was last open. rank: 0 for the best open one. gone: why it
    is open no more.
    """

    text: tuple[str, ...]
    leaves: int
    early: bool
    score: float
    rank: int
    gone: Cut | EndedText | None = None


@dataclass(frozen=True)
class Frame:
    """A search at one position.

    start: positions before it are in `before`, the text of the best hypothesis up to there; of
    what was forgotten, nothing. shared: positions that all open hypotheses have in common.
    open: how many there are, shown or not. ended: what had been finished, best first.
    """

    position: int
    start: int
    before: str
    shared: int
    open: int
    lines: tuple[Line, ...]
    ended: tuple[EndedText, ...]


class Search:
    """The newest positions of one search; `frame` tells of any of them."""

    def __init__(self, kept: int = KEPT) -> None:
        #: The character of each id.
        self.alphabet: Sequence[str] = ()
        self._kept = kept
        self._parents: list[Any] = []  # [K] for each position
        self._ids: list[Any] = []
        self._scores: list[Any] = []
        self._ended: dict[str, EndedText] = {}
        #: Positions that were forgotten.
        self.first = 0

    @property
    def length(self) -> int:
        """Positions searched so far."""
        return self.first + len(self._ids)

    @property
    def oldest(self) -> int:
        """The first position of which there is a frame."""
        return self.first + 1 if self._ids else 0

    def extend(self, part: SearchPart) -> None:
        """Take in what the search did next."""
        self.alphabet = part.alphabet
        for parents, ids, scores in zip(part.parents, part.ids, part.scores, strict=True):
            if parents[0] >= 0:  # else all logits overflowed, and nothing went on
                self._parents.append(parents)
                self._ids.append(ids)
                self._scores.append(scores)
        self._ended |= {text.text: text for text in part.ended}
        if self._ids:
            over = len(self._ids) - min(self._kept, max(100, _SLOTS // len(self._ids[-1])))
            if over > 0:
                del self._parents[:over], self._ids[:over], self._scores[:over]
                self.first += over

    def frame(self, position: int, start: int, most: int) -> Frame:
        """The search at a position (`oldest` to `length`), seen from `start` on.

        At most `most` lines: open hypotheses, the best first, then those that were cut lately.
        """
        start = max(start, self.first)
        slots = self._open(position)
        tree = _Tree(self, start)
        for slot in slots[:most]:
            tree.add(position, slot)
        for at in range(position, max(position - _MOURNED, start + 1), -1):
            for slot, cut in self._gone(at):
                if len(tree.lines) < most:
                    tree.add(at - 1, slot, cut)
        best = self.text(position, 0)[: start - self.first] if start > self.first else ()
        ended = [text for text in self._ended.values() if text.length <= position]
        ended.sort(key=lambda text: -text.score)
        return Frame(position, start, "".join(best), self.shared(position), len(slots),
                     tuple(tree.lines), tuple(ended))  # fmt: skip

    def text(self, position: int, slot: int) -> tuple[str, ...]:
        """The characters of a hypothesis, from the first position that is remembered."""
        return self.texts(self.way(position, slot, self.first), self.first)

    def texts(self, way: Sequence[int], start: int) -> tuple[str, ...]:
        """The characters of the slots of a way that begins behind position `start`."""
        first = start - self.first
        return tuple(self.alphabet[int(self._ids[first + i][slot])] for i, slot in enumerate(way))

    def way(self, position: int, slot: int, start: int) -> list[int]:
        """The slots that led to a slot at a position behind `start`, from `start` on."""
        way = [slot]
        for at in range(position, start + 1, -1):
            way.append(self.parent(at, way[-1]))
        return way[::-1]

    def shared(self, position: int) -> int:
        """How many positions all open hypotheses have in common."""
        slots = set(self._open(position))
        while position > self.first and len(slots) > 1:
            slots = {self.parent(position, slot) for slot in slots}
            position -= 1
        return position

    def parent(self, position: int, slot: int) -> int:
        """The slot at the position before that a slot came from."""
        return int(self._parents[position - 1 - self.first][slot])

    def score(self, position: int, slot: int) -> float:
        """What a hypothesis was ranked by."""
        return float(self._scores[position - 1 - self.first][slot])

    def _open(self, position: int) -> list[int]:
        """The slots that were taken, best first."""
        if not self.first < position <= self.length:
            return []
        parents = self._parents[position - 1 - self.first]
        return [slot for slot, parent in enumerate(parents.tolist()) if parent >= 0]

    def _gone(self, at: int) -> Iterator[tuple[int, Cut | EndedText]]:
        """The slots of the position before that have no child at `at`, and why."""
        stayed = set(self._parents[at - 1 - self.first].tolist()) - {-1}
        last = self.score(at - 1, max(stayed))
        ended = {text.text: text for text in self._ended.values() if text.length == at}
        for slot in self._open(at - 1):
            if slot not in stayed:
                text = "".join(self.text(at - 1, slot)) if ended and not self.first else ""
                yield slot, ended.get(text) or Cut(at, last - self.score(at - 1, slot))


class _Tree:
    """Lines in the order of a tree: behind the line it leaves, after those that left before."""

    def __init__(self, search: Search, start: int) -> None:
        self.lines: list[Line] = []
        self._search, self._start = search, start
        self._owners: dict[tuple[int, int], Line] = {}  # of a slot at a position
        self._trunk = -1  # the slot of the first line at the start

    def add(self, position: int, slot: int, gone: Cut | EndedText | None = None) -> None:
        """Put in a hypothesis, open at a position behind the start; better ones come before."""
        search, start = self._search, self._start
        way = search.way(position, slot, start)
        leaves = position
        while leaves > start and (leaves, way[leaves - 1 - start]) not in self._owners:
            leaves -= 1
        place = 0
        if self.lines:
            owner = self._owners[leaves, way[leaves - 1 - start]] if leaves > start else None
            place = next((i for i, line in enumerate(self.lines) if line is owner), 0) + 1
            while place < len(self.lines) and self.lines[place].leaves >= leaves:
                place += 1
        root = search.parent(start + 1, way[0])
        if not self.lines:
            self._trunk = root
        line = Line(search.texts(way, start), leaves, leaves == start and root != self._trunk,
                    search.score(position, slot), slot if gone is None else -1, gone)  # fmt: skip
        for at in range(leaves + 1, position + 1):
            self._owners[at, way[at - 1 - start]] = line
        self.lines.insert(place, line)


def branches(lines: Sequence[Line]) -> list[list[tuple[int, str]]]:
    """What joins each line to those above it: (position, glyph) pairs, leftmost first.

    A glyph stands at the last position that is shared; before the start where that is there.
    """
    drawn: list[list[tuple[int, str]]] = []
    waiting: set[int] = set()  # positions from which a line further below leaves
    for line in reversed(lines):
        waiting = {leaves for leaves in waiting if leaves <= line.leaves}
        glyph = "‹" if line.early else "├" if line.leaves in waiting else "└"
        bars = [(leaves, "│") for leaves in sorted(waiting - {line.leaves})]
        drawn.append([(leaves - 1, sign) for leaves, sign in [*bars, (line.leaves, glyph)]])
        waiting.add(line.leaves)
    if drawn:
        drawn[-1] = []  # the first line leaves none
    return drawn[::-1]
