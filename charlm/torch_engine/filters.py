"""The filters of sampling on tensors: which ids may be drawn.

A filter is a field of `Filters` and a function behind it. Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Filters:
    """Temperature, and what it leaves; each filter sees the survivors of the one before."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0

    def keep(self, logits: Tensor, allowed: Tensor) -> Tensor:
        """Which ids of logits [R, V] survive, of those allowed: bool [R, V]."""
        if self.temperature == 0 or self == Filters(temperature=self.temperature):
            return allowed
        scaled = (logits / self.temperature).masked_fill(~allowed, -torch.inf)
        ranked, order = scaled.sort(dim=1, descending=True, stable=True)
        rows = _Rows(ranked, (ranked - ranked[:, :1]).exp(), order)
        keep = ranked > -torch.inf
        for keep_some in (_top_k, _top_p, _min_p, _typical_p):
            keep = keep_some(self, rows, keep)
        return torch.zeros_like(keep).scatter(1, order, keep)


class _Rows(NamedTuple):
    """Rows in the order (logit descending, id ascending), [R, V]."""

    scaled: Tensor  # logits / T; -inf where not allowed
    mass: Tensor  # over that of the best
    ids: Tensor


def _top_k(filters: Filters, rows: _Rows, keep: Tensor) -> Tensor:
    if filters.top_k == 0:
        return keep
    place = torch.arange(keep.shape[1], device=keep.device)
    return keep & (place < filters.top_k)


def _top_p(filters: Filters, rows: _Rows, keep: Tensor) -> Tensor:
    if filters.top_p == 1:
        return keep
    return keep & _first_reaching(filters.top_p, rows.mass * keep)


def _min_p(filters: Filters, rows: _Rows, keep: Tensor) -> Tensor:
    return keep & (rows.mass >= filters.min_p)


def _typical_p(filters: Filters, rows: _Rows, keep: Tensor) -> Tensor:
    """Those whose surprise is nearest to the entropy (Meister et al. 2022); ties by id."""
    if filters.typical_p == 1:
        return keep
    mass = rows.mass * keep
    p = mass / mass.sum(1, keepdim=True)
    surprise = -p.log()
    entropy = torch.special.entr(p).sum(1, keepdim=True)
    far = (surprise - entropy).abs()
    by_id = rows.ids.argsort(1)
    nearest = by_id.gather(1, far.gather(1, by_id).argsort(dim=1, stable=True))
    inside = _first_reaching(filters.typical_p, mass.gather(1, nearest))
    return keep & torch.zeros_like(inside).scatter(1, nearest, inside)


def _first_reaching(share: float, mass: Tensor) -> Tensor:
    """Which columns have less than `share` of their row's mass ahead of them."""
    reached = mass.cumsum(1)
    ahead = torch.nn.functional.pad(reached[:, :-1], (1, 0))
    return ahead < share * reached[:, -1:]
