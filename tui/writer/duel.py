"""Two decoders on one prompt: how much likelier one makes each character than the other.

n characters; R rivals of each, the most probable first
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.decoding import Limits, Strategy
from charlm.engine.engine import MAX_RIVALS, Engine
from charlm.engine.events import BeamEvents, Details, SampleEvents
from charlm.engine.native import banned_ids
from charlm.engine.scoring import Scoring
from charlm.reference.filters import filtered, rule_of
from charlm.text.vocabulary import EOS

from .snapshots import LaneWritten

#: Rivals of all characters of a text together, for the memory they take.
_MOST = 10_000_000
_FEWEST = 128
#: Which characters of a session's arrays: a slice, or with the row of a session behind it.
Places = slice | tuple[slice, int]


class Duel:
    """Tells the log-ratios of both texts: of drawn characters as they come, of a beam afterwards.

    looks: the looks back at whole texts that are not done yet.
    """

    def __init__(self, engine: Engine, sides: Sequence[Strategy]) -> None:
        self._engine, self._sides = engine, sides
        checkpoint = engine.checkpoint
        self._never = [
            banned_ids(checkpoint.vocabulary, checkpoint.text, side, Limits()) for side in sides
        ]
        self.looks: list[tuple[Scoring, str, LaneWritten]] = []

    def told(self, events: SampleEvents | BeamEvents | None) -> tuple[float, ...]:
        """Of the characters that a session of one row has just drawn; none of a beam's."""
        if not isinstance(events, SampleEvents) or events.details is None:
            return ()
        ratios = log_ratios(Rivals.of(events.details, np.s_[:, 0]), self._sides, self._never)
        return tuple(ratios[events.ids[:, 0] > EOS].tolist())

    def look_back(self, prompt: str, text: str, last: LaneWritten) -> None:
        """Score a text that is whole. last: what was last told of it."""
        if text:
            ids = self._engine.vocabulary.string2code(prompt + text)
            scoring = self._engine.start_score_ids(ids, details=rivals_of(len(ids)))
            self.looks.append((scoring, text, last))

    def advance(self, budget_ms: float) -> list[LaneWritten]:
        """Go on looking back; a text that is done is told again, with its ratios."""
        if not self.looks:
            return []
        scoring, text, last = self.looks[0]
        scoring.advance(budget_ms=budget_ms)
        if not scoring.done:
            return []
        del self.looks[0]
        details = scoring.score().details
        assert details is not None
        rivals = Rivals.of(details, np.s_[-len(text) :])
        ratios = tuple(log_ratios(rivals, self._sides, self._never).tolist())
        return [last._replace(keep=0, text=text, ratios=ratios)]


def rivals_of(length: int) -> int:
    """How many rivals of each character to tell of in a text of that length: nearly always all."""
    return max(_FEWEST, min(MAX_RIVALS, _MOST // max(1, length)))


class Rivals(NamedTuple):
    """ranks [n]: which of its rivals each character is; ids and log_probs [n, R]."""

    ranks: NDArray[np.int32]
    ids: NDArray[np.int32]
    log_probs: NDArray[np.float32]

    @classmethod
    def of(cls, details: Details, places: Places = np.s_[:]) -> Rivals:
        """From what a session told, at some places."""
        return cls(
            details.ranks[places], details.rival_ids[places], details.rival_log_probs[places]
        )


def log_ratios(
    rivals: Rivals, sides: Sequence[Strategy], never: Sequence[Collection[int]]
) -> NDArray[np.float64]:
    """log p under the first minus log p under the second, nats [n].

    Infinite where only one of the two writes the character at all; 0 for one that is not among
    its rivals. never: for each side, ids that it does not write.
    """
    p, q = (_written(rivals, *side) for side in zip(sides, never, strict=True))
    ratios = np.zeros(len(p))
    np.subtract(p, q, out=ratios, where=p != q)  # also where neither may
    return ratios


def _written(rivals: Rivals, strategy: Strategy, never: Collection[int]) -> NDArray[np.float64]:
    """log p of the characters when this decoder is to write: -inf where it cuts them. [n]

    A beam draws nothing: what its hypotheses are ranked by stands for it. That a decoder repeats
    no n-gram is not looked at.
    """
    banned = np.isin(rivals.ids, list(never))
    log_p = filtered(rivals.log_probs, rule_of(strategy), banned).log_probs
    told = rivals.ranks < log_p.shape[1]
    places = np.where(told, rivals.ranks, 0)[:, None]
    return np.where(told, np.take_along_axis(log_p, places, axis=1)[:, 0], 0.0)
