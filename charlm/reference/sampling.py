"""Sampling one character at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from charlm.decoding import Sampling
from charlm.reference.arrays import Vector, log_softmax
from charlm.reference.dice import gumbel_noise
from charlm.reference.filters import kept_ids
from charlm.reference.margin import Margin
from charlm.reference.model import ReferenceModel
from charlm.reference.restrictions import banned_here, ends_with_stop
from charlm.text.vocabulary import EOS, PAD


@dataclass(frozen=True)
class ReferenceDetail:
    """rank and entropy of one character; (id, log_prob, log_prob after the filters) of rivals."""

    rank: int
    entropy: float
    rivals: list[tuple[int, float, float]]


def detail_of(
    logits: Vector, id: int, rivals: int, kept: Sequence[int], temperature: float
) -> ReferenceDetail:
    """What the model thought when `id` was chosen among the `kept` ids."""
    log_probs = log_softmax(logits)
    kept_log_probs = np.full(len(logits), -math.inf)
    if temperature == 0:
        kept_log_probs[kept] = 0.0
    else:
        kept_log_probs[kept] = log_softmax(logits[kept] / temperature)
    order = sorted(set(range(len(logits))) - {PAD}, key=lambda id: (-logits[id], id))
    return ReferenceDetail(
        order.index(id),
        -float((np.exp(log_probs) * log_probs).sum()),
        [
            (other, float(log_probs[other]), float(kept_log_probs[other]))
            for other in order[:rivals]
        ],
    )


@dataclass(frozen=True)
class ReferenceSample:
    """ids (EOS included), log_probs and details of one completion; the margin of its choices."""

    ids: list[int]
    log_probs: list[float]
    details: list[ReferenceDetail]
    margin: float


def sample(
    model: ReferenceModel,
    prompt: Sequence[int],
    strategy: Sampling,
    *,
    seed: int = 1,
    dice: int = 0,
    index: int = 0,
    max_length: int = 400,
    min_length: int = 0,
    banned: Sequence[int] = (PAD,),
    stops: Sequence[Sequence[int]] = (),
    rivals: int = 0,
) -> ReferenceSample:
    """Sample number `index` of a prompt (which begins with the start id). T = 0 is greedy.

    dice: their name (`charlm.dice`); 0 is that of shared dice.
    """
    state, logits = model.feed(model.initial_state(), prompt)
    margin = Margin()
    result = ReferenceSample([], [], [], math.inf)
    ids = result.ids
    for position in range(len(prompt), len(prompt) + max_length):
        here = banned_here(
            len(logits),
            banned,
            prompt,
            ids,
            min_length=min_length,
            no_repeat_ngram=strategy.no_repeat_ngram,
        )
        kept = kept_ids(logits, strategy, here, margin)
        noise = gumbel_noise(len(logits), seed ^ dice, index, position, 0)
        perturbed = logits + strategy.temperature * noise
        id = max(kept, key=lambda id: (perturbed[id], -id))
        margin.between(perturbed[id], [perturbed[other] for other in kept if other != id])
        ids.append(id)
        result.log_probs.append(float(log_softmax(logits)[id]))
        result.details.append(detail_of(logits, id, rivals, kept, strategy.temperature))
        if id == EOS or ends_with_stop(ids, stops, min_length):
            break
        state, logits = model.step(state, id)
    return replace(result, margin=margin.least)
