"""How much likelier one decoder makes each character of a text than another does.

n characters, R of the most probable ids at each, best first
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy

#: Of so many ids the probabilities are told; a character beyond them counts as even.
MAX_RIVALS = 128


def log_ratios(
    details: Any, sides: Sequence[Strategy], never: Collection[int]
) -> NDArray[np.float64]:
    """log p under the first minus log p under the second, nats [n].

    Infinite where only one of the two writes the character at all.

    details: charlm.events.Details of n characters. never: ids that no decoder writes.
    """
    p, q = (_written(details, strategy, never) for strategy in sides)
    ratios = np.zeros(len(p))
    np.subtract(p, q, out=ratios, where=p != q)  # also where neither may
    return ratios


def _written(details: Any, strategy: Strategy, never: Collection[int]) -> NDArray[np.float64]:
    """log p of the characters when this decoder is to write: -inf where it cuts them. [n]

    A beam draws nothing: what its hypotheses are ranked by stands for it.
    """
    scaled = np.where(np.isin(details.rival_ids, list(never)), -np.inf, details.rival_log_probs)
    if (rule := _rule(strategy)).temperature == 0:
        kept = np.arange(scaled.shape[1]) == scaled.argmax(axis=1)[:, None]
        log_p = np.where(kept, 0.0, -np.inf)
    else:
        log_p = _filtered(scaled.astype(np.float64) / rule.temperature, rule)
    told = details.ranks < scaled.shape[1]
    places = np.where(told, details.ranks, 0)[:, None]
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
