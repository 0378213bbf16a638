"""The filters of sampling on tensors: which ids may be drawn.

A filter is a field of `Filters`, in the order in which they act, and a function that is looked up
by its name; one at its neutral value does not act. Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Filters:
    """Temperature, and what it leaves; each filter sees the survivors of the one before."""

    top_n_sigma: float = 0.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0

    def keep(self, logits: Tensor, allowed: Tensor) -> Tensor:
        """Which ids of logits [R, V] survive, of those allowed: bool [R, V]."""
        if self.temperature == 0 or self == Filters(temperature=self.temperature):
            return allowed  # the best is drawn from all, or nothing is cut
        ranked, order = logits.masked_fill(~allowed, -torch.inf).sort(
            dim=1, descending=True, stable=True
        )
        rows = Rows(ranked, ranked > -torch.inf, order)
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                rows = _FILTERS[field.name](rows, value)
        return torch.zeros_like(allowed).scatter(1, order, rows.kept)


class Rows(NamedTuple):
    """Rows in the order (logit descending, id ascending), [R, V]."""

    logits: Tensor  # over the temperature, once that has acted; -inf where not allowed
    kept: Tensor  # bool
    ids: Tensor

    @property
    def mass(self) -> Tensor:
        """exp of the logits over the best of those left; 0 for the others."""
        left = self.logits.masked_fill(~self.kept, -torch.inf)
        return (left - left.amax(1, keepdim=True)).exp()

    def keep(self, where: Tensor) -> Rows:
        """Those that are left and hold."""
        return self._replace(kept=self.kept & where)


def _top_n_sigma(rows: Rows, value: float) -> Rows:
    """Those within n standard deviations of the best logit (Tang et al. 2024)."""
    left = rows.logits.masked_fill(~rows.kept, -torch.inf)
    behind = (left - left.amax(1, keepdim=True)).masked_fill(~rows.kept, 0)
    count = rows.kept.sum(1, keepdim=True)
    mean = behind.sum(1, keepdim=True) / count
    squares = (behind - mean).square().masked_fill(~rows.kept, 0)
    return rows.keep(behind >= -value * (squares.sum(1, keepdim=True) / count).sqrt())


def _temperature(rows: Rows, value: float) -> Rows:
    return rows._replace(logits=rows.logits / value)


def _top_k(rows: Rows, value: float) -> Rows:
    return rows.keep(rows.kept.cumsum(1) <= value)


def _top_p(rows: Rows, value: float) -> Rows:
    """The smallest set that holds p of the mass (Holtzman et al. 2019)."""
    return rows.keep(_first_reaching(value, rows.mass))


def _min_p(rows: Rows, value: float) -> Rows:
    return rows.keep(rows.mass >= value)


def _typical_p(rows: Rows, value: float) -> Rows:
    """Those whose surprise is nearest to the entropy (Meister et al. 2022); ties by id."""
    mass = rows.mass
    p = mass / mass.sum(1, keepdim=True)
    far = (-p.log() - torch.special.entr(p).sum(1, keepdim=True)).abs()
    by_id = rows.ids.argsort(1)
    nearest = by_id.gather(1, far.gather(1, by_id).argsort(dim=1, stable=True))
    inside = _first_reaching(value, mass.gather(1, nearest))
    return rows.keep(torch.zeros_like(inside).scatter(1, nearest, inside))


def _first_reaching(share: float, mass: Tensor) -> Tensor:
    """Which columns have less than `share` of their row's mass ahead of them."""
    reached = mass.cumsum(1)
    ahead = torch.nn.functional.pad(reached[:, :-1], (1, 0))
    return ahead < share * reached[:, -1:]


_FILTERS: Mapping[str, Callable[[Rows, float], Rows]] = {
    "top_n_sigma": _top_n_sigma,
    "temperature": _temperature,
    "top_k": _top_k,
    "top_p": _top_p,
    "min_p": _min_p,
    "typical_p": _typical_p,
}
