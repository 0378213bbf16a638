"""Two decoders on one prompt: how much likelier one makes each character than the other.

n characters; R rivals of each, the most probable first
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import MAX_RIVALS
from charlm.text.vocabulary import EOS

from .snapshots import LaneWritten

#: Rivals of all characters of a text together, for the memory they take.
_MOST = 10_000_000
_FEWEST = 128


class Duel:
    """Tells the log-ratios of both texts: of drawn characters as they come, of a beam afterwards.

    looks: the looks back at whole texts that are not done yet.
    """

    def __init__(self, engine: Any, sides: Sequence[Strategy]) -> None:
        self._engine, self._sides = engine, sides
        self._never = (EOS,) if engine.checkpoint.text.unit == "continuous" else ()
        self.looks: list[tuple[Any, str, LaneWritten]] = []

    def told(self, events: Any) -> tuple[float, ...]:
        """Of the characters that a session of one row has just drawn; none of a beam's."""
        details = getattr(events, "details", None)
        if details is None:
            return ()
        ratios = log_ratios(Rivals.of(details, np.s_[:, 0]), self._sides, self._never)
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
        rivals = Rivals.of(scoring.score().details, np.s_[-len(text) :])
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
    def of(cls, details: Any, places: Any = np.s_[:]) -> Rivals:
        """From charlm.engine.events.Details, at some places."""
        arrays = details.ranks, details.rival_ids, details.rival_log_probs
        return cls(*(array[places] for array in arrays))


def log_ratios(
    rivals: Rivals, sides: Sequence[Strategy], never: Collection[int]
) -> NDArray[np.float64]:
    """log p under the first minus log p under the second, nats [n].

    Infinite where only one of the two writes the character at all; 0 for one that is not among
    its rivals. never: ids that no decoder writes.
    """
    p, q = (_written(rivals, strategy, never) for strategy in sides)
    ratios = np.zeros(len(p))
    np.subtract(p, q, out=ratios, where=p != q)  # also where neither may
    return ratios


def _written(rivals: Rivals, strategy: Strategy, never: Collection[int]) -> NDArray[np.float64]:
    """log p of the characters when this decoder is to write: -inf where it cuts them. [n]

    A beam draws nothing: what its hypotheses are ranked by stands for it.
    """
    scaled = np.where(np.isin(rivals.ids, list(never)), -np.inf, rivals.log_probs)
    if (rule := _rule(strategy)).temperature == 0:
        kept = np.arange(scaled.shape[1]) == scaled.argmax(axis=1)[:, None]
        log_p = np.where(kept, 0.0, -np.inf)
    else:
        log_p = _filtered(scaled.astype(np.float64) / rule.temperature, rule)
    told = rivals.ranks < scaled.shape[1]
    places = np.where(told, rivals.ranks, 0)[:, None]
    return np.where(told, np.take_along_axis(log_p, places, axis=1)[:, 0], 0.0)


def _rule(strategy: Strategy) -> Sampling:
    match strategy:
        case Greedy():
            return Sampling(temperature=0)
        case BeamSearch():
            return Sampling()
        case NucleusBeam():
            return Sampling(top_p=strategy.top_p)
    return strategy


def _filtered(scaled: NDArray[np.float64], rule: Sampling) -> NDArray[np.float64]:
    """log p [n, R] of what the filters that the screen has knobs for leave."""
    mass = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    if rule.top_k:
        mass[(mass > 0).cumsum(axis=1) > rule.top_k] = 0
    if rule.top_p < 1:
        ahead = mass.cumsum(axis=1) - mass
        mass[ahead >= rule.top_p * mass.sum(axis=1, keepdims=True)] = 0
    mass[mass < rule.min_p] = 0
    with np.errstate(divide="ignore"):
        log_p: NDArray[np.float64] = np.log(mass / mass.sum(axis=1, keepdims=True))
    return log_p
