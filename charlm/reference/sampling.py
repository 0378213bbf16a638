"""Filters, and sampling one character at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charlm.decoding import Sampling
from charlm.reference.dice import gumbel_noise
from charlm.reference.margin import Margin
from charlm.reference.model import ReferenceModel, Vector, log_softmax
from charlm.vocabulary import EOS


def kept_ids(
    logits: Vector, strategy: Sampling, banned: Sequence[int], margin: Margin
) -> list[int]:
    """The ids that the filters leave, in the order (logit descending, id ascending)."""
    order = sorted(
        (id for id in range(len(logits)) if id not in banned), key=lambda id: (-logits[id], id)
    )
    scaled = logits / strategy.temperature
    if 0 < strategy.top_k < len(order):
        margin.between(scaled[order[strategy.top_k]], scaled[order[: strategy.top_k]])
        order = order[: strategy.top_k]
    mass = np.exp(scaled - scaled[order[0]])
    if strategy.top_p < 1:
        ahead = np.concatenate([[0.0], np.cumsum(mass[order])])
        margin.between(strategy.top_p, ahead[1:-1] / ahead[-1])
        order = [id for id, m in zip(order, ahead, strict=False) if m < strategy.top_p * ahead[-1]]
    if strategy.min_p > 0:
        margin.between(math.log(strategy.min_p), np.log(mass[order]))
        order = [id for id in order if mass[id] >= strategy.min_p]
    return order


@dataclass(frozen=True)
class ReferenceSample:
    """ids (EOS included) and log_probs of one completion, and the margin of its choices."""

    ids: list[int]
    log_probs: list[float]
    margin: float


def sample(
    model: ReferenceModel,
    prompt: Sequence[int],
    strategy: Sampling,
    *,
    seed: int = 1,
    index: int = 0,
    max_length: int = 400,
    banned: Sequence[int] = (0,),
) -> ReferenceSample:
    """Sample number `index` of a prompt (which begins with the start id). T = 0 is greedy."""
    state, logits = model.feed(model.initial_state(), prompt)
    margin = Margin()
    ids: list[int] = []
    log_probs: list[float] = []
    for position in range(len(prompt), len(prompt) + max_length):
        if strategy.temperature == 0:
            kept = sorted(set(range(len(logits))) - set(banned))
            perturbed = logits
        else:
            kept = kept_ids(logits, strategy, banned, margin)
            noise = gumbel_noise(len(logits), seed, index, position, 0)
            perturbed = logits + strategy.temperature * noise
        id = max(kept, key=lambda id: (perturbed[id], -id))
        margin.between(perturbed[id], [perturbed[other] for other in kept if other != id])
        ids.append(id)
        log_probs.append(float(log_softmax(logits)[id]))
        if id == EOS:
            break
        state, logits = model.step(state, id)
    return ReferenceSample(ids, log_probs, margin.least)
