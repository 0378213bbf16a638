"""One batch being decoded, and what comes out of it.

A session is pulled: `advance` runs some positions with the GIL released and returns their
arrays; cancelling is not calling it again. Shapes: n positions, N rows, P prompts, K slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm import _engine
from charlm.checkpoint import Checkpoint
from charlm.config import TextConfig, check_range
from charlm.corpus import prepare_prompt
from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy, is_beam
from charlm.errors import InputError
from charlm.vocabulary import EOS, PAD, Unknown, Vocabulary

MAX_LENGTH = 2**31 - 1
MAX_SAMPLES = 2**20


@dataclass(frozen=True)
class Completion:
    """A text that follows a prompt.

    log_prob: of the raw model, in nats, EOS included. score: what ranks it (log_prob, unless a
    beam says otherwise). length: new characters and EOS. finished: EOS was reached; if not, the
    text was cut or is still growing.
    """

    prompt: str
    text: str
    log_prob: float
    score: float
    length: int
    finished: bool


@dataclass(frozen=True)
class SampleEvents:
    """n positions of N rows; after a row's end its ids are PAD and its log_probs 0."""

    ids: NDArray[np.int32]  # [n, N]
    log_probs: NDArray[np.float32]  # [n, N], of the raw model
    finished: NDArray[np.bool_]  # [N]


@dataclass(frozen=True)
class BeamEvents:
    """n positions of P prompts and K slots; an empty slot has parent -1."""

    parents: NDArray[np.int32]  # [n, P, K]: slot at the position before
    ids: NDArray[np.int32]  # [n, P, K]
    scores: NDArray[np.float64]  # [n, P, K]
    finished: NDArray[np.bool_]  # [P]


class Session:
    """One batch being decoded. Rows: n samples of each prompt in order, or a beam a prompt."""

    def __init__(
        self,
        model: _engine.Model,
        checkpoint: Checkpoint,
        prompts: Sequence[str],
        strategy: Strategy,
        *,
        threads: int = 1,
        n: int = 1,
        max_length: int = 400,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> None:
        check_range("n", n, 1, MAX_SAMPLES)
        check_range("max_length", max_length, 0, MAX_LENGTH)
        check_range("seed", seed, 0, 2**64 - 1)
        if isinstance(strategy, BeamSearch | NucleusBeam) and n > strategy.width:
            raise InputError(f"n is {n}: a beam of width {strategy.width} has no more texts")
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self._text = checkpoint.text
        self.strategy = strategy
        self.notices: list[str] = []
        self.prompts: list[str] = []
        self.n = n
        ids = [self._encode(prompt, unknown) for prompt in prompts]
        self._native = _native_session(
            strategy,
            n,
            model=model,
            prompts=ids,
            banned=banned_ids(checkpoint.text),
            threads=threads,
            max_length=max_length,
            seed=seed,
        )
        self.rows = len(ids) if is_beam(strategy) else len(ids) * n
        self._ids: list[NDArray[np.int32]] = []  # [n, N] each
        self._log_probs = np.zeros(self.rows)

    def _encode(self, prompt: str, unknown: Unknown) -> list[int]:
        ids, notices = self.vocabulary.encode(prepare_prompt(prompt, self._text), unknown)
        self.notices += [notice for notice in notices if notice not in self.notices]
        self.prompts.append(self.vocabulary.code2string(ids))
        return [self._text.start_id, *ids]

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._native.done()

    def advance(self, n: int = 1, budget_ms: float = 20) -> SampleEvents | BeamEvents:
        """Run up to n positions, or until the budget is used (by at most one position more)."""
        check_range("n", n, 1, MAX_LENGTH)
        if isinstance(self._native, _engine.BeamSession):
            return BeamEvents(*self._native.advance(n, budget_ms))
        events = SampleEvents(*self._native.advance(n, budget_ms))
        self._ids.append(events.ids)
        self._log_probs += events.log_probs.sum(axis=0, dtype=np.float64)
        return events

    def completions(self) -> list[list[Completion]]:
        """For every prompt its n completions as they stand, the best of a beam first."""
        if isinstance(self._native, _engine.BeamSession):
            return [
                [self._completion(p, *best) for best in self._native.best(p)[: self.n]]
                for p in range(len(self.prompts))
            ]
        self._join()
        rows = [self._sample(row) for row in range(self.rows)]
        return [rows[i : i + self.n] for i in range(0, len(rows), self.n)]

    def settled(self, row: int) -> str:
        """The part of a row's text that can no longer change."""
        if not isinstance(self._native, _engine.BeamSession):
            self._join()
            return self._sample(row).text
        best = [ids for ids, *_ in self._native.best(row)]
        if self._native.done():
            best = best[:1]
        if not best:
            return ""
        low, high = min(best), max(best)
        same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), None)
        return self.vocabulary.code2string(low[:same])

    def _join(self) -> None:
        if len(self._ids) > 1:
            self._ids = [np.concatenate(self._ids)]

    def _sample(self, row: int) -> Completion:
        ids = self._ids[0][:, row].tolist() if self._ids else []
        while ids and ids[-1] == PAD:
            ids.pop()
        log_prob = float(self._log_probs[row])
        finished = bool(ids) and ids[-1] == EOS
        return self._completion(row // self.n, ids, log_prob, log_prob, len(ids), finished)

    def _completion(
        self,
        prompt: int,
        ids: Sequence[int],
        log_prob: float,
        score: float,
        length: int,
        finished: bool,
    ) -> Completion:
        text = self.vocabulary.code2string(ids)
        return Completion(self.prompts[prompt], text, log_prob, score, length, finished)


def banned_ids(text: TextConfig) -> list[int]:
    """What is never written: PAD, and in continuous text EOS."""
    return [PAD, EOS] if text.unit == "continuous" else [PAD]


def _native_session(
    strategy: Strategy, n: int, **common: Any
) -> _engine.SamplingSession | _engine.BeamSession:
    if isinstance(strategy, BeamSearch):
        return _engine.BeamSession(**asdict(strategy), nucleus=False, top_p=1.0, **common)
    if isinstance(strategy, NucleusBeam):
        return _engine.BeamSession(**asdict(strategy), nucleus=True, **common)
    filters = Sampling(temperature=0) if isinstance(strategy, Greedy) else strategy
    return _engine.SamplingSession(**asdict(filters), samples=n, **common)
