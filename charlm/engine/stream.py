"""Decode events -> text as shown.

A session yields arrays of ids; a reader wants text. `TextStream` keeps the shown text of every
row and says after each `advance` what changed. The rows of a sampling session only grow. A beam
session has one row per prompt, the best open hypothesis, and the best may take another way:
then the tail of its text is rewritten. When a prompt's search ends, its row becomes the best
text found.

    n positions of one advance, N rows, P prompts, K slots of a beam
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from math import nan
from typing import TYPE_CHECKING, cast

import numpy as np

from charlm.decoding import BeamSearch, is_beam
from charlm.display import visible_text
from charlm.text.vocabulary import EOS

if TYPE_CHECKING:
    from charlm.engine.events import BeamEvents, SampleEvents
    from charlm.engine.session import Session


@dataclass(frozen=True)
class Change:
    """A row's text became `old[:keep] + text`. `finished`: nothing more will come."""

    row: int
    keep: int
    text: str
    finished: bool


class TextStream:
    """The texts of a session (without their prompts), as they come.

    filtered: every character goes through `display.visible_text`, for a terminal.
    characters: written so far in all rows, the end not counted; of a search that goes on, the
    positions. log_prob: nats of the first row under the model, the end included; NaN while a
    nucleus beam is at work, which ranks by another sum. events: what the last `advance` of the
    session gave; None before the first.
    """

    def __init__(self, session: Session, *, filtered: bool = True) -> None:
        vocabulary = session.vocabulary
        characters = [vocabulary.to_char(id) for id in range(len(vocabulary))]
        self._shown = [visible_text(c) for c in characters] if filtered else characters
        self._filtered = filtered
        self._session = session
        self._beam = _Beam(len(session.prompts)) if is_beam(session.strategy) else None
        self._texts = [""] * (len(session.prompts) if self._beam else session.rows)
        self._over = [False] * len(self._texts)
        self._searched = [0] * len(self._texts)
        self.characters = 0
        self.log_prob = 0.0
        self.events: SampleEvents | BeamEvents | None = None

    @property
    def done(self) -> bool:
        """Whether every row is finished and has been told so."""
        return all(self._over)

    def text(self, row: int) -> str:
        """The text of a row as it is shown now."""
        return self._texts[row]

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[Change]:
        """Write up to n positions, or until the budget is used; what changed in which row."""
        changes: list[Change] = []
        if not self._session.done:
            self.events = events = self._session.advance(n, budget_ms)
            if self._beam is None:
                changes = self._append(cast("SampleEvents", events))
            else:
                changes = self._move(self._beam, cast("BeamEvents", events))
        for change in changes:
            self._texts[change.row] = self._texts[change.row][: change.keep] + change.text
            self._over[change.row] = change.finished
        return changes + self._end_rows()

    def _append(self, events: SampleEvents) -> list[Change]:
        """What the rows of a sampling session gained."""
        self.characters += int(np.count_nonzero(events.ids > EOS))
        if self._texts:
            self.log_prob += float(events.log_probs[:, 0].sum(dtype=np.float64))
        changes = []
        for row, over in enumerate(self._over):
            if over:
                continue
            text = "".join([self._shown[id] for id in events.ids[:, row].tolist()])
            finished = bool(events.finished[row])
            if text or finished:
                changes.append(Change(row, len(self._texts[row]), text, finished))
        return changes

    def _move(self, beam: _Beam, events: BeamEvents) -> list[Change]:
        """How the best open hypotheses moved; a prompt whose search ended gets its result."""
        beam.extend(events)
        ended = events.finished | self._session.done  # found, or cut at the maximum length
        results = self._session.completions() if ended.any() else []
        changes = []
        for row, over in enumerate(self._over):
            if over:
                continue
            positions = int(np.count_nonzero(events.parents[:, row, 0] >= 0))
            self.characters += positions
            self._searched[row] += positions
            if ended[row]:
                best = results[row][0]
                self.characters += len(best.text) - self._searched[row]
                change = self._replace(row, best.text)
                if row == 0:
                    self.log_prob = best.log_prob
            else:
                change = Change(row, *beam.move_to_best(row, self._shown), False)
                if row == 0:
                    self.log_prob = self._searched_log_prob(beam, events)
            if change.text or change.finished or change.keep < len(self._texts[row]):
                changes.append(change)
        return changes

    def _replace(self, row: int, text: str) -> Change:
        """The change that ends a row with `text`, which the model wrote."""
        old, new = self._texts[row], visible_text(text) if self._filtered else text
        pairs = zip(old, new, strict=False)
        keep = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return Change(row, keep, new[keep:], True)

    def _searched_log_prob(self, beam: _Beam, events: BeamEvents) -> float:
        """log_prob of the first prompt's best open hypothesis, from its score."""
        if not len(events.scores):  # the prompt took all of the budget
            return self.log_prob
        strategy = self._session.strategy
        if not isinstance(strategy, BeamSearch):
            return nan
        penalty: float = beam.length**strategy.length_penalty
        return float(events.scores[-1, 0, 0]) * penalty

    def _end_rows(self) -> list[Change]:
        """With the session over, the rows that were cut, or had nothing to write, end too."""
        if not self._session.done:
            return []
        open_rows = [row for row, over in enumerate(self._over) if not over]
        self._over = [True] * len(self._over)
        return [Change(row, len(self._texts[row]), "", True) for row in open_rows]


class _Beam:
    """The way to the best open hypothesis of every prompt, through its parents.

    A way is the slot taken at each position; `_ends[p][t]` is where the text shown of position
    t ends, so that a rewritten tail is found without comparing texts.
    """

    def __init__(self, prompts: int) -> None:
        self._parents: list[np.ndarray] = []  # [P, K] for each position
        self._ids: list[np.ndarray] = []
        self._ways: list[list[int]] = [[] for _ in range(prompts)]
        self._ends: list[list[int]] = [[] for _ in range(prompts)]

    @property
    def length(self) -> int:
        """Positions searched so far."""
        return len(self._ids)

    def extend(self, events: BeamEvents) -> None:
        """Take in the positions of one advance."""
        self._parents.extend(events.parents)
        self._ids.extend(events.ids)

    def move_to_best(self, row: int, shown: list[str]) -> tuple[int, str]:
        """Go over to the best open hypothesis, slot 0: (characters shown that stay, new ones)."""
        way, ends = self._ways[row], self._ends[row]
        slots: list[int] = []
        slot = 0
        for position in range(self.length - 1, -1, -1):
            if position < len(way) and way[position] == slot:
                break  # the new way meets the old one
            slots.append(slot)
            slot = int(self._parents[position][row, slot])
        meeting = self.length - len(slots)
        del way[meeting:], ends[meeting:]
        keep = end = ends[-1] if ends else 0
        pieces = []
        for position, slot in enumerate(reversed(slots), start=meeting):
            pieces.append(shown[int(self._ids[position][row, slot])])
            end += len(pieces[-1])
            way.append(slot)
            ends.append(end)
        return keep, "".join(pieces)
