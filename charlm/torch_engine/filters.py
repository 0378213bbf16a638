"""The filters of sampling on tensors: which ids may be drawn.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        neutral = self.top_k == 0 and self.top_p == 1 and self.min_p == 0 and self.typical_p == 1
        if self.temperature == 0 or neutral:
            return allowed
        scaled = (logits / self.temperature).masked_fill(~allowed, -torch.inf)
        # In the order (logit descending, id ascending) all but typical_p keep the first ids.
        ranked, order = scaled.sort(dim=1, descending=True, stable=True)
        keep = ranked > -torch.inf
        if self.top_k > 0:
            keep[:, self.top_k :] = False
        mass = (ranked - ranked[:, :1]).exp()
        if self.top_p < 1:
            keep &= _first_reaching(self.top_p, mass * keep)
        if self.min_p > 0:
            keep &= mass >= self.min_p
        if self.typical_p < 1:
            keep &= _typical(self.typical_p, mass * keep, order)
        return torch.zeros_like(keep).scatter(1, order, keep)


def _first_reaching(share: float, mass: Tensor) -> Tensor:
    """Which columns have less than `share` of their row's mass ahead of them."""
    reached = mass.cumsum(1)
    ahead = torch.nn.functional.pad(reached[:, :-1], (1, 0))
    return ahead < share * reached[:, -1:]


def _typical(share: float, mass: Tensor, order: Tensor) -> Tensor:
    """Those whose surprise is nearest to the entropy (Meister et al. 2022); ties by id."""
    p = mass / mass.sum(1, keepdim=True)
    surprise = -p.log()
    entropy = torch.special.entr(p).sum(1, keepdim=True)
    far = (surprise - entropy).abs()
    by_id = order.argsort(1)
    nearest = by_id.gather(1, far.gather(1, by_id).argsort(dim=1, stable=True))
    inside = _first_reaching(share, mass.gather(1, nearest))
    return torch.zeros_like(inside).scatter(1, nearest, inside)
