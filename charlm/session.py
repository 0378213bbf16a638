"""One batch being decoded.

A session is pulled: `advance` runs some positions with the GIL released and returns their
arrays; cancelling is not calling it again. Shapes: n positions, N rows, P prompts, K slots.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from charlm import _engine
from charlm.checkpoint import Checkpoint
from charlm.config import TextConfig, check_range
from charlm.corpus import prepare_prompt, prepare_text
from charlm.decoding import (
    BeamSearch,
    Greedy,
    Limits,
    NucleusBeam,
    Restrictions,
    Sampling,
    Strategy,
    is_beam,
)
from charlm.errors import InputError
from charlm.events import BeamEvents, Completion, Details, End, SampleEvents
from charlm.vocabulary import EOS, PAD, Unknown, Vocabulary

MAX_SAMPLES = 2**20
MAX_RIVALS = 2**16


class Session:
    """One batch being decoded. Rows: n samples of each prompt in order, or a beam a prompt.

    native: the module whose `Model` `model` is, as `_engine.pyi` describes it.
    """

    def __init__(
        self,
        native: ModuleType,
        model: Any,
        checkpoint: Checkpoint,
        prompts: Sequence[str],
        strategy: Strategy,
        *,
        limits: Limits,
        n: int,
        first_sample: int,
        seed: int,
        unknown: Unknown,
        details: int | None,
        threads: int,
    ) -> None:
        check_range("n", n, 1, MAX_SAMPLES)
        check_range("first_sample", first_sample, 0, 2**32 - n)
        check_range("seed", seed, 0, 2**64 - 1)
        if details is not None:
            check_range("details", details, 0, MAX_RIVALS)
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self._text = checkpoint.text
        self.strategy = strategy
        self.limits = limits
        self.notices: list[str] = []
        self.prompts: list[str] = []
        self.n = n
        ids = [self._encode(prompt, unknown) for prompt in prompts]
        self._stops = [
            self.vocabulary.string2code(prepare_text(stop, self._text), "stop")
            for stop in limits.stop
        ]
        common = {
            "model": model,
            "prompts": ids,
            "starts": [None] * len(ids),
            "no_repeat_ngram": strategy.no_repeat_ngram,
            "banned": banned_ids(self.vocabulary, self._text, strategy, limits),
            "seed": seed,
            "max_length": limits.max_length,
            "min_length": limits.min_length,
            "stops": self._stops,
            "threads": threads,
        }
        self._samples: _engine.SamplingSession | None = None
        self._beams: _engine.BeamSession | None = None
        if isinstance(strategy, BeamSearch | NucleusBeam):
            if n > strategy.width:
                raise InputError(f"n is {n}: a beam of width {strategy.width} has no more texts")
            if details is not None:
                raise InputError("details are of sampling: a beam has none")
            self._beams = native.BeamSession(**common, **_search_options(strategy))
        else:
            rivals = -1 if details is None else details
            self._samples = native.SamplingSession(
                **common,
                **_filters(strategy),
                samples=n,
                first_sample=first_sample,
                rivals=rivals,
            )
        self.rows = len(ids) if is_beam(strategy) else len(ids) * n
        self._ids: list[NDArray[np.int32]] = []  # [n, N] each
        self._log_probs = np.zeros(self.rows)
        self._deadline = None if limits.seconds is None else time.monotonic() + limits.seconds

    def _encode(self, prompt: str, unknown: Unknown) -> list[int]:
        ids, notices = self.vocabulary.encode(prepare_prompt(prompt, self._text), unknown)
        self.notices += [notice for notice in notices if notice not in self.notices]
        self.prompts.append(self.vocabulary.code2string(ids))
        return [self._text.start_id, *ids]

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._written or self._out_of_time

    @property
    def _written(self) -> bool:
        native = self._samples or self._beams
        return native is None or native.done()

    @property
    def _out_of_time(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def advance(self, n: int = 1, budget_ms: float = 20) -> SampleEvents | BeamEvents:
        """Run up to n positions, or until the budget is used (by at most one position more)."""
        check_range("n", n, 1, 2**31 - 1)
        if self._deadline is not None:
            left = max(0.0, self._deadline - time.monotonic())
            budget_ms = min(budget_ms, 1000 * left)
        if self._beams is not None:
            return BeamEvents(*self._beams.advance(n, budget_ms))
        assert self._samples is not None
        ids, log_probs, finished, details = self._samples.advance(n, budget_ms)
        self._ids.append(ids)
        self._log_probs += log_probs.sum(axis=0, dtype=np.float64)
        return SampleEvents(ids, log_probs, finished, Details(*details) if details else None)

    def completions(self) -> list[list[Completion]]:
        """For every prompt its n completions as they stand, the best of a beam first."""
        if self._beams is not None:
            return [
                [self._completion(p, *best) for best in self._beams.best(p)[: self.n]]
                for p in range(len(self.prompts))
            ]
        self._join()
        rows = [self._sample(row) for row in range(self.rows)]
        return [rows[i : i + self.n] for i in range(0, len(rows), self.n)]

    def settled(self, row: int) -> str:
        """The part of a row's text that can no longer change."""
        if self._beams is None:
            self._join()
            return self._sample(row).text
        best = [ids for ids, *_ in self._beams.best(row)]
        if self.done:
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
        finished = len(ids) >= self.limits.min_length and (
            ids[-1:] == [EOS] or any(ids[-len(stop) :] == stop for stop in self._stops)
        )
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
        end: End = ""
        if finished:
            end = "eos" if ids[-1] == EOS else "stop"
        elif length == self.limits.max_length:
            end = "length"
        elif self._out_of_time:
            end = "time"
        text = self.vocabulary.code2string(ids)
        return Completion(self.prompts[prompt], text, log_prob, score, length, end)


def banned_ids(
    vocabulary: Vocabulary, text: TextConfig, restrictions: Restrictions, limits: Limits
) -> list[int]:
    """What is never written: PAD, EOS in continuous text or when ignored, banned characters.

    Raises InputError if no character is left.
    """
    ends = text.unit != "continuous" and not limits.ignore_eos
    banned = {PAD} if ends else {PAD, EOS}
    for character, id in vocabulary.to_id.items():
        forbidden = restrictions.allow and character not in restrictions.allow
        if forbidden or character in restrictions.ban:
            banned.add(id)
    if banned.issuperset(vocabulary.to_id.values()):
        raise InputError("ban and allow leave no character that the model could write")
    return sorted(banned)


def _filters(strategy: Greedy | Sampling) -> dict[str, Any]:
    """The filters of a sampler, as the native side names them."""
    filters = Sampling(temperature=0) if isinstance(strategy, Greedy) else strategy
    names = ("temperature", "top_k", "top_p", "min_p", "typical_p")
    return {name: getattr(filters, name) for name in names}


def _search_options(strategy: BeamSearch | NucleusBeam) -> dict[str, Any]:
    """The options of a search, as the native side names them."""
    nucleus = isinstance(strategy, NucleusBeam)
    return {
        "width": strategy.width,
        "length_penalty": strategy.length_penalty,
        "stop_rule": strategy.stop_rule,
        "patience": strategy.patience,
        "nucleus": cast("NucleusBeam", strategy).mode if nucleus else "off",
        "top_p": cast("NucleusBeam", strategy).top_p if nucleus else 1.0,
    }
