"""One batch being decoded.

A session is pulled: `advance` runs some positions with the GIL released and returns their
arrays; cancelling is not calling it again. Shapes: n positions, N rows, P prompts, K slots.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import fields
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm import _engine
from charlm.checkpoint import Checkpoint
from charlm.config import check_range
from charlm.corpus import prepare_text
from charlm.decoding import BeamSearch, Limits, NucleusBeam, Strategy, is_beam
from charlm.errors import InputError
from charlm.events import BeamEvents, Completion, Details, End, SampleEvents
from charlm.native_options import banned_ids, filters, search_options
from charlm.prompt_state import PromptState
from charlm.prompts import PromptReader
from charlm.vocabulary import EOS, PAD, Unknown, Vocabulary

MAX_SAMPLES = 2**20


class Session:
    """One batch being decoded. Rows: n samples of each prompt in order, or a beam a prompt.

    native: the module whose `Model` `model` is, as `_engine.pyi` describes it.
    """

    def __init__(
        self,
        native: ModuleType,
        model: Any,
        checkpoint: Checkpoint,
        prompts: Sequence[str | PromptState],
        strategy: Strategy,
        *,
        precision: str,
        limits: Limits,
        n: int,
        first_sample: int,
        seed: int,
        unknown: Unknown,
        rivals: int,
        threads: int,
    ) -> None:
        check_range("n", n, 1, MAX_SAMPLES)
        check_range("first_sample", first_sample, 0, 2**32 - n)
        check_range("seed", seed, 0, 2**64 - 1)
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self._checkpoint = checkpoint
        self._text = checkpoint.text
        self._precision = precision
        self.strategy = strategy
        self.limits = limits
        self.n = n
        reader = PromptReader(checkpoint, precision, unknown)
        read = [reader.read(prompt) for prompt in prompts]
        self.notices = reader.notices
        self.prompts = [prompt.text for prompt in read]
        self._stops = [
            self.vocabulary.string2code(prepare_text(stop, self._text), "stop")
            for stop in limits.stop
        ]
        common = {
            "model": model,
            "prompts": [prompt.ids for prompt in read],
            "starts": [prompt.start for prompt in read],
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
            if rivals != -1:
                raise InputError("details are of sampling: a beam has none")
            self._beams = native.BeamSession(**common, **search_options(strategy))
        else:
            self._samples = native.SamplingSession(
                **common,
                **filters(strategy),
                samples=n,
                first_sample=first_sample,
                rivals=rivals,
            )
        self.rows = len(read) if is_beam(strategy) else len(read) * n
        self._ids: list[NDArray[np.int32]] = []  # [n, N] each
        self._log_probs = np.zeros(self.rows)
        self._finished = np.zeros(self.rows, np.bool_)
        self._told: list[SampleEvents] = []  # when details were asked for
        self._deadline = None if limits.seconds is None else time.monotonic() + limits.seconds

    def prompt_state(self, prompt: int) -> PromptState:
        """The state of a prompt, once it has been fed. Raises InputError."""
        native = self._samples or self._beams
        try:
            assert native is not None
            state, logits = native.prompt_state(prompt)
        except _engine.EngineError as error:
            raise InputError(str(error)) from None
        ids = [self._text.start_id, *self.vocabulary.string2code(self.prompts[prompt])]
        return PromptState(
            np.array(ids, np.int32), state, logits, self._checkpoint.sha256, self._precision
        )

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
            beams = BeamEvents(*self._beams.advance(n, budget_ms))
            self._finished = beams.finished
            return beams
        assert self._samples is not None
        ids, log_probs, finished, details = self._samples.advance(n, budget_ms)
        self._ids.append(ids)
        self._log_probs += log_probs.sum(axis=0, dtype=np.float64)
        self._finished = finished
        events = SampleEvents(ids, log_probs, finished, Details(*details) if details else None)
        if details:
            self._told.append(events)
        return events

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

    def told(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.float32], Details]:
        """ids [T], log_probs [T] and details [T], [T, R] of a row, where they were asked for."""
        length = self._sample(row).length
        ids, log_probs = (
            np.concatenate([getattr(events, name)[:, row] for events in self._told])[:length]
            for name in ("ids", "log_probs")
        )
        details = (
            np.concatenate([getattr(events.details, f.name)[:, row] for events in self._told])
            for f in fields(Details)
        )
        return ids, log_probs, Details(*(array[:length] for array in details))

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
        ended = len(ids) >= self.limits.min_length and (
            ids[-1:] == [EOS] or any(ids[-len(stop) :] == stop for stop in self._stops)
        )
        return self._completion(row, ids, log_prob, log_prob, len(ids), ended)

    def _completion(
        self,
        row: int,
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
        elif self._finished[row]:
            end = "overflow"
        elif self._out_of_time:
            end = "time"
        text = self.vocabulary.code2string(ids)
        prompt = self.prompts[row if self._beams else row // self.n]
        return Completion(prompt, text, log_prob, score, length, end)
