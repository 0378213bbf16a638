"""Beam search, and beam search with a nucleus: expand, select, finish, reorder."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from charlm.decoding import BeamSearch, NucleusBeam, Sampling
from charlm.reference.arrays import Vector, log_softmax
from charlm.reference.dice import gumbel_noise
from charlm.reference.filters import kept_ids
from charlm.reference.margin import Margin
from charlm.reference.model import ModelState, ReferenceModel
from charlm.reference.restrictions import banned_here, ends_with_stop
from charlm.text.vocabulary import EOS, PAD


@dataclass(frozen=True)
class Hypothesis:
    """One partial text of a beam. total: what ranks it before the length penalty.

    finished: it ends with EOS or a stop.
    """

    ids: tuple[int, ...]
    log_prob: float
    total: float
    score: float
    finished: bool
    state: ModelState = field(default_factory=list, repr=False)  # a pooled one has its parent's
    logits: Vector | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Search:
    """What a search is asked for, and the margin of its choices."""

    strategy: BeamSearch | NucleusBeam
    prompt: Sequence[int]
    key: int
    index: int
    max_length: int
    min_length: int
    banned: Sequence[int]
    stops: Sequence[Sequence[int]]
    margin: Margin = field(default_factory=Margin)

    def score(self, total: float, length: int) -> float:
        """total / length ** length_penalty."""
        return float(total / length**self.strategy.length_penalty)


def beam_search(
    model: ReferenceModel,
    prompt: Sequence[int],
    strategy: BeamSearch | NucleusBeam,
    *,
    seed: int = 1,
    dice: int = 0,
    index: int = 0,
    max_length: int = 400,
    min_length: int = 0,
    banned: Sequence[int] = (PAD,),
    stops: Sequence[Sequence[int]] = (),
) -> tuple[list[Hypothesis], float]:
    """The K best hypotheses, best first, and the margin of the search's choices.

    A hypothesis finishes with EOS, or once its new ids, min_length of them or more, end with
    one of the stops. dice, index: as of `sample`, for a nucleus that is drawn from.
    """
    search = _Search(strategy, prompt, seed ^ dice, index, max_length, min_length, banned, stops)
    width, margin = strategy.width, search.margin
    state, logits = model.feed(model.initial_state(), prompt)
    open_ = [Hypothesis((), 0.0, 0.0, 0.0, False, state, logits)]
    finished: list[Hypothesis] = []
    ends = 0
    for length in range(1, max_length + 1):
        pool = _expand(search, open_, length)
        ended, going_on = _select(pool, width, margin)
        ends += len(ended)
        finished = sorted([*finished, *ended], key=lambda h: -h.score)[:width]
        open_ = []
        for hypothesis in going_on:
            state, logits = model.step(hypothesis.state, hypothesis.ids[-1])
            open_.append(replace(hypothesis, state=state, logits=logits))
        if not open_ or _decided(search, open_, finished, ends, length):
            return finished, margin.least
    best = sorted([*finished, *open_], key=lambda h: -h.score)
    margin.between_neighbours([h.score for h in best[: width + 1]])
    return best[:width], margin.least


def _expand(search: _Search, open_: Sequence[Hypothesis], length: int) -> list[Hypothesis]:
    """Every candidate of every hypothesis, in the order (score descending, parent rank, id)."""
    pool: list[tuple[tuple[float, int, int], Hypothesis]] = []
    for rank, parent in enumerate(open_):
        assert parent.logits is not None
        log_probs = log_softmax(parent.logits)
        for id, gain in _offers(search, parent, rank, log_probs).items():
            total = parent.total + gain
            log_prob = parent.log_prob + float(log_probs[id])
            score = search.score(total, length)
            ids = (*parent.ids, id)
            ends = id == EOS or ends_with_stop(ids, search.stops, search.min_length)
            child = Hypothesis(ids, log_prob, total, score, ends, parent.state)
            pool.append(((-score, rank, id), child))
    return [child for _, child in sorted(pool, key=lambda candidate: candidate[0])]


def _offers(search: _Search, parent: Hypothesis, rank: int, log_probs: Vector) -> dict[int, float]:
    """The ids that may follow a hypothesis, and what each adds to its total."""
    strategy = search.strategy
    banned = banned_here(
        len(log_probs),
        search.banned,
        search.prompt,
        parent.ids,
        min_length=search.min_length,
        no_repeat_ngram=strategy.no_repeat_ngram,
    )
    if isinstance(strategy, BeamSearch):
        return {id: float(p) for id, p in enumerate(log_probs) if id not in banned}
    assert parent.logits is not None
    return _members(search, strategy, parent.logits, banned, len(parent.ids), rank)


def _members(
    search: _Search,
    strategy: NucleusBeam,
    logits: Vector,
    banned: Collection[int],
    length: int,
    rank: int,
) -> dict[int, float]:
    """K ids of the nucleus, with log p_nucleus: drawn (Gumbel-top-K), or the most probable."""
    margin, width = search.margin, strategy.width
    nucleus = kept_ids(logits, Sampling(top_p=strategy.top_p), banned, margin)
    log_mass = math.log(np.exp(logits[nucleus] - logits[nucleus[0]]).sum())
    values = logits
    if strategy.mode == "sample":
        position = len(search.prompt) + length
        values = logits + gumbel_noise(len(logits), search.key, search.index, position, rank)
    ranked = sorted(nucleus, key=lambda id: (-values[id], id))
    if width < len(ranked):
        margin.between_neighbours(values[ranked[width - 1 : width + 1]])
    best = logits[nucleus[0]]
    return {id: float(logits[id] - best - log_mass) for id in ranked[:width]}


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
    search: _Search,
    open_: Sequence[Hypothesis],
    finished: Sequence[Hypothesis],
    ends: int,
    length: int,
) -> bool:
    """What the stop rule says; at max_length the open ones are looked at whatever it says.

    `ends`: how many have finished so far, kept or not.

    exact: no open hypothesis can strictly beat the K-th finished one, not even if it loses
    nothing more and ends at the length that flatters it most.
    """
    strategy = search.strategy
    if length == search.max_length:
        return False
    if strategy.stop_rule == "first":
        return ends >= strategy.width
    if strategy.stop_rule == "patience":
        return ends >= math.ceil(strategy.width * strategy.patience)
    if len(finished) < strategy.width:
        return False
    longest = search.max_length if strategy.length_penalty > 0 else length + 1
    bounds = [search.score(h.total, longest) for h in open_]
    search.margin.between(finished[-1].score, bounds)
    return max(bounds) <= finished[-1].score
