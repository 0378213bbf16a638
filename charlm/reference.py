"""The decoders in plain NumPy: the specification of csrc, and its oracle in the tests.

Slow and readable: float64, one row at a time, one formula per line. NumPy has no fused
multiply-add, so its choices equal the engine's except where two compared numbers are nearly
equal; every decoder here therefore also returns its `margin`, the smallest difference that any
of its choices hung on.

    V vocabulary, E embedding, H hidden, K hypotheses
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import Checkpoint
from charlm.decoding import BeamSearch, NucleusBeam, Sampling
from charlm.vocabulary import EOS

Vector = NDArray[np.float64]
State = list[dict[str, Vector]]  # one per layer: h [H], and for an LSTM c [H]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF


def philox4x32(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al. 2011): four random words named by a counter and a key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _WORD, (p0 >> 32) ^ c3 ^ k1, p0 & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


def gumbel_noise(size: int, seed: int, sample: int, position: int, slot: int) -> Vector:
    """The noise of ids 0 to size - 1: -log(-log u), u = ((word >> 9) + 0.5) 2^-23."""
    key = (seed & _WORD, seed >> 32)
    words = [
        word for q in range(-(-size // 4)) for word in philox4x32((sample, position, slot, q), key)
    ]
    u = (np.array(words[:size], np.float64) // 512 + 0.5) * 2.0**-23
    return -np.log(-np.log(u))


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def log_softmax(logits: Vector) -> Vector:
    """log(exp(logits) / sum exp(logits)), [V]."""
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


class ReferenceModel:
    """The cells of a checkpoint, from the practical's equations. A state is a plain value."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config = checkpoint.config
        self.weights = {name: t.astype(np.float64) for name, t in checkpoint.tensors.items()}

    def initial_state(self) -> State:
        """All zero."""
        names = ("h", "c") if self.config.cell == "lstm" else ("h",)
        zero = np.zeros(self.config.hidden_size)
        return [dict.fromkeys(names, zero) for _ in range(self.config.layers)]

    def step(self, state: State, id: int) -> tuple[State, Vector]:
        """Feed one character: the new state, and the logits [V] of what follows."""
        x = self.weights["embedding"][id]
        cell = {"rnn": self._rnn, "gru": self._gru, "lstm": self._lstm}[self.config.cell]
        new: State = []
        for layer, old in enumerate(state):
            new.append(cell(layer, x, old))
            x = new[-1]["h"]
        return new, self.weights["output_weight"] @ x + self.weights["output_bias"]

    def feed(self, state: State, ids: Sequence[int]) -> tuple[State, Vector]:
        """Feed several characters; at least one."""
        for id in ids:
            state, logits = self.step(state, id)
        return state, logits

    def _products(self, layer: int, x: Vector, h: Vector) -> tuple[Vector, Vector]:
        """W_x x + b and W_h h, each with a row for every gate: [G, H]."""
        w, name = self.weights, f"layers.{layer}"
        from_x = w[f"{name}.input_weight"] @ x + w.get(f"{name}.bias", 0.0)
        from_h = w[f"{name}.hidden_weight"] @ h
        shape = (len(self.config.gates), self.config.hidden_size)
        return from_x.reshape(shape), from_h.reshape(shape)

    def _rnn(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, old["h"])
        return {"h": np.tanh(from_x[0] + from_h[0])}

    def _gru(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        h = old["h"]
        from_x, from_h = self._products(layer, x, h)
        z = sigmoid(from_x[0] + from_h[0])
        r = sigmoid(from_x[1] + from_h[1])
        # The reset acts before the product, as in Cho et al. 2014 and the practical.
        n = np.tanh(from_x[2] + self._products(layer, x, r * h)[1][2])
        return {"h": (1 - z) * h + z * n}

    def _lstm(self, layer: int, x: Vector, old: dict[str, Vector]) -> dict[str, Vector]:
        from_x, from_h = self._products(layer, x, old["h"])
        i, f, g, o = from_x + from_h
        c = sigmoid(f) * old["c"] + sigmoid(i) * np.tanh(g)
        return {"h": sigmoid(o) * np.tanh(c), "c": c}


@dataclass
class Margin:
    """The smallest difference that a choice hung on; below 1e-4 another arithmetic may differ."""

    least: float = math.inf

    def between(self, chosen: float, others: Sequence[float] | Vector) -> None:
        """Note how far `chosen` is from each of the others."""
        if len(others):
            self.least = min(self.least, float(np.abs(np.asarray(others) - chosen).min()))

    def between_neighbours(self, ranked: Sequence[float] | Vector) -> None:
        """Note the smallest step of a ranking."""
        if len(ranked) > 1:
            self.least = min(self.least, float(np.abs(np.diff(ranked)).min()))


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
