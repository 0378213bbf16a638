"""Beam search, and beam search with a nucleus: expand, select, finish, reorder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from charlm.decoding import BeamSearch, NucleusBeam, Sampling
from charlm.reference.dice import gumbel_noise
from charlm.reference.margin import Margin
from charlm.reference.model import ReferenceModel, State, Vector, log_softmax
from charlm.reference.sampling import kept_ids
from charlm.vocabulary import EOS


@dataclass(frozen=True)
class Hypothesis:
    """One partial text of a beam. total: what ranks it before the length penalty."""

    ids: tuple[int, ...]
    log_prob: float
    total: float
    score: float
    finished: bool
    state: State = field(default_factory=list, repr=False)  # a pooled one has its parent's
    logits: Vector | None = field(default=None, repr=False)


def beam_search(
    model: ReferenceModel,
    prompt: Sequence[int],
    strategy: BeamSearch | NucleusBeam,
    *,
    seed: int = 1,
    max_length: int = 400,
    banned: Sequence[int] = (0,),
) -> tuple[list[Hypothesis], float]:
    """The K best hypotheses, best first, and the margin of the search's choices."""
    width, margin = strategy.width, Margin()
    state, logits = model.feed(model.initial_state(), prompt)
    open_ = [Hypothesis((), 0.0, 0.0, 0.0, False, state, logits)]
    finished: list[Hypothesis] = []
    for length in range(1, max_length + 1):
        dice = (seed, len(prompt) + length - 1)
        pool = _expand(open_, strategy, length, dice, banned, margin)
        ended, going_on = _select(pool, width, margin)
        finished = sorted([*finished, *ended], key=lambda h: -h.score)[:width]
        open_ = []
        for hypothesis in going_on:
            state, logits = model.step(hypothesis.state, hypothesis.ids[-1])
            open_.append(replace(hypothesis, state=state, logits=logits))
        if not open_ or _decided(open_, finished, strategy, length, max_length, margin):
            return finished, margin.least
    best = sorted([*finished, *open_], key=lambda h: -h.score)
    margin.between_neighbours([h.score for h in best[: width + 1]])
    return best[:width], margin.least


def _expand(
    open_: Sequence[Hypothesis],
    strategy: BeamSearch | NucleusBeam,
    length: int,
    dice: tuple[int, int],
    banned: Sequence[int],
    margin: Margin,
) -> list[Hypothesis]:
    """Every candidate of every hypothesis, in the order (score descending, parent rank, id)."""
    pool: list[tuple[tuple[float, int, int], Hypothesis]] = []
    for rank, parent in enumerate(open_):
        assert parent.logits is not None
        log_probs = log_softmax(parent.logits)
        if isinstance(strategy, NucleusBeam):
            offers = _drawn(parent.logits, strategy, (*dice, rank), banned, margin)
        else:
            offers = {id: float(p) for id, p in enumerate(log_probs) if id not in banned}
        for id, gain in offers.items():
            total = parent.total + gain
            log_prob = parent.log_prob + float(log_probs[id])
            score = total / length**strategy.length_penalty
            ids = (*parent.ids, id)
            child = Hypothesis(ids, log_prob, total, score, id == EOS, parent.state)
            pool.append(((-score, rank, id), child))
    return [child for _, child in sorted(pool, key=lambda candidate: candidate[0])]


def _drawn(
    logits: Vector,
    strategy: NucleusBeam,
    dice: tuple[int, int, int],
    banned: Sequence[int],
    margin: Margin,
) -> dict[int, float]:
    """K ids drawn without replacement from the nucleus, with log p_nucleus (Gumbel-top-K)."""
    seed, position, slot = dice
    nucleus = kept_ids(logits, Sampling(top_p=strategy.top_p), banned, margin)
    log_mass = math.log(np.exp(logits[nucleus] - logits[nucleus[0]]).sum())
    perturbed = logits + gumbel_noise(len(logits), seed, 0, position, slot)
    ranked = sorted(nucleus, key=lambda id: (-perturbed[id], id))
    if strategy.width < len(ranked):
        margin.between_neighbours(perturbed[ranked[strategy.width - 1 : strategy.width + 1]])
    best = logits[nucleus[0]]
    return {id: float(logits[id] - best - log_mass) for id in ranked[: strategy.width]}


def _select(
    pool: Sequence[Hypothesis], width: int, margin: Margin
) -> tuple[list[Hypothesis], list[Hypothesis]]:
    """The ends among the first K of the pool, and the K best of the others."""
    ended = [h for h in pool[:width] if h.finished]
    going_on = [h for h in pool if not h.finished][: width + 1]
    margin.between_neighbours([h.score for h in pool[: width + 1]])
    margin.between_neighbours([h.score for h in going_on])
    return ended, going_on[:width]


def _decided(
    open_: Sequence[Hypothesis],
    finished: Sequence[Hypothesis],
    strategy: BeamSearch | NucleusBeam,
    length: int,
    max_length: int,
    margin: Margin,
) -> bool:
    """Stop rule `exact`: no open hypothesis can strictly beat the K-th finished one."""
    if length == max_length or len(finished) < strategy.width:
        return False
    alpha = strategy.length_penalty
    longest = max_length if alpha > 0 else length + 1
    bounds = [float(h.total / longest**alpha) for h in open_]
    margin.between(finished[-1].score, bounds)
    return max(bounds) <= finished[-1].score
