"""The filters of sampling over rows of logits [.., V], one small function each.

Each sees the renormalised survivors of the one before, in the order of `Sampling`'s fields, and at
least one id survives. Every cut is noted with the filter that made it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from charlm.decoding import FILTERS, BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.reference.arrays import Vector
from charlm.reference.margin import Margin

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows in the order (logit descending, id ascending). kept: which are left, [.., V]."""

    logits: Floats  # over the temperature, once that has acted
    kept: Flags
    ids: NDArray[np.int64]

    @property
    def mass(self) -> Floats:
        """exp of the logits over the best of those left; 0 for the others."""
        return np.exp(_over_best(np.where(self.kept, self.logits, -np.inf)))

    def keep(self, where: Flags) -> Rows:
        """Those that are left and hold."""
        return replace(self, kept=self.kept & where)


def _top_n_sigma(rows: Rows, value: float, margin: Margin) -> Rows:
    """Those within n standard deviations of the best logit (Tang et al. 2024).

    l >= max - n * sigma; sigma is of all that are left, over their number.
    """
    count = rows.kept.sum(axis=-1, keepdims=True)
    behind = np.where(rows.kept, _over_best(np.where(rows.kept, rows.logits, -np.inf)), 0)
    mean = behind.sum(axis=-1, keepdims=True) / count
    squares = np.where(rows.kept, (behind - mean) ** 2, 0).sum(axis=-1, keepdims=True)
    edge = -value * np.sqrt(squares / count)
    margin.between(0.0, (behind - edge)[rows.kept])
    return rows.keep(behind >= edge)


def _temperature(rows: Rows, value: float, margin: Margin) -> Rows:
    """logits / T; at 0 the best alone is left."""
    return _top_k(rows, 1, margin) if value == 0 else replace(rows, logits=rows.logits / value)


def _top_k(rows: Rows, value: float, margin: Margin) -> Rows:
    """The k most probable."""
    inside = rows.keep(rows.kept.cumsum(axis=-1) <= value)
    _note_edge(rows.logits, rows.kept, inside.kept, margin)
    return inside


def _top_p(rows: Rows, value: float, margin: Margin) -> Rows:
    """The smallest set that holds p of the mass (Holtzman et al. 2019)."""
    return rows.keep(_first_reaching(value, rows.mass, margin))


def _min_p(rows: Rows, value: float, margin: Margin) -> Rows:
    """Those at least min_p times as probable as the best."""
    mass = rows.mass
    margin.between(math.log(value), np.log(mass[mass > 0]))
    return rows.keep(mass >= value)


def _typical_p(rows: Rows, value: float, margin: Margin) -> Rows:
    """The smallest set with p of the mass, nearest to the entropy first (Meister et al. 2022)."""
    p = rows.mass / rows.mass.sum(axis=-1, keepdims=True)
    surprise = -np.log(np.where(p > 0, p, 1))
    entropy = (p * surprise).sum(axis=-1, keepdims=True)
    far = np.where(rows.kept, np.abs(surprise - entropy), np.inf)
    nearest = np.lexsort((rows.ids, far), axis=-1)
    first = _first_reaching(value, np.take_along_axis(p, nearest, -1), margin)
    inside = np.zeros_like(rows.kept)
    np.put_along_axis(inside, nearest, first, -1)
    _note_edge(-far, rows.kept, rows.kept & inside, margin)
    return rows.keep(inside)


Filter = Callable[[Rows, float, Margin], Rows]
#: Of each of `decoding.FILTERS`.
_FILTERS: Mapping[str, Filter] = {
    "top_n_sigma": _top_n_sigma,
    "temperature": _temperature,
    "top_k": _top_k,
    "top_p": _top_p,
    "min_p": _min_p,
    "typical_p": _typical_p,
}


@dataclass(frozen=True)
class Filtered:
    """What the filters left of rows, by id, [.., V].

    logits: over the temperature. cut: 0 for an id that is left, n for one that the n-th of
    `decoding.FILTERS` cut, -1 for one that was forbidden before. order: the ids from the best on.
    """

    logits: Floats
    cut: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def log_probs(self) -> Floats:
        """Renormalised; -inf where cut."""
        left = _over_best(np.where(self.cut == 0, self.logits, -np.inf))
        total = np.exp(left).sum(axis=-1, keepdims=True)
        return left - np.log(np.where(total > 0, total, 1))


def filtered(
    logits: NDArray[np.floating], strategy: Sampling, banned: Flags, margin: Margin | None = None
) -> Filtered:
    """What is left of logits [.., V] where `banned` [.., V] does not hold; float64."""
    margin = margin or Margin()
    allowed = np.where(banned, -np.inf, logits.astype(np.float64))
    order = np.argsort(-allowed, axis=-1, kind="stable")
    ranked = np.take_along_axis(allowed, order, -1)
    rows = Rows(ranked, ranked > -np.inf, order)
    cut = np.where(rows.kept, 0, -1)
    for place, name in enumerate(FILTERS, start=1):
        value = getattr(strategy, name)
        if value == getattr(_NEUTRAL, name):
            continue
        left = _FILTERS[name](rows, value, margin)
        cut[rows.kept & ~left.kept] = place
        rows = left
        if strategy.temperature == 0 and name == "temperature":
            break  # one is left
    by_id = np.argsort(order, axis=-1)
    return Filtered(
        np.take_along_axis(rows.logits, by_id, -1), np.take_along_axis(cut, by_id, -1), order
    )


def kept_ids(
    logits: Vector, strategy: Sampling, banned: Collection[int], margin: Margin
) -> list[int]:
    """The ids that the filters leave of logits [V], in the order (logit descending, id)."""
    forbidden = np.isin(np.arange(len(logits)), list(banned))
    left = filtered(logits, strategy, forbidden, margin)
    return [id for id in left.order.tolist() if left.cut[id] == 0]


def rule_of(strategy: Strategy) -> Sampling:
    """The filters that a strategy writes by; of a beam, those that its hypotheses rank by."""
    match strategy:
        case Greedy():
            return Sampling(temperature=0)
        case BeamSearch():
            return Sampling()
        case NucleusBeam():
            return Sampling(top_p=strategy.top_p)
    return strategy


_NEUTRAL = Sampling()


def _over_best(logits: Floats) -> Floats:
    """Rows of logits less their largest; a row of which nothing is left stays as it is."""
    best = logits.max(axis=-1, keepdims=True)
    return np.asarray(logits - np.where(best > -np.inf, best, 0))


def _first_reaching(share: float, mass: Floats, margin: Margin) -> Flags:
    """Which places have less than `share` of their row's mass ahead of them."""
    reached = mass.cumsum(axis=-1)
    ahead = np.concatenate([np.zeros_like(reached[..., :1]), reached[..., :-1]], axis=-1)
    whole = reached[..., -1:]
    margin.between(share, (ahead / whole)[(mass > 0) & (ahead > 0)])
    return np.asarray(ahead < share * whole)


def _note_edge(values: Floats, before: Flags, kept: Flags, margin: Margin) -> None:
    """Note how far the best that is out is from those that are kept, where any is out."""
    out = before & ~kept
    best_out = np.where(out, values, -np.inf).max(axis=-1, keepdims=True)
    where = kept & out.any(axis=-1, keepdims=True)
    margin.between(0.0, values[where] - np.broadcast_to(best_out, values.shape)[where])
