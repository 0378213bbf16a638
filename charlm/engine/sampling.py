"""A session whose rows are sampled, n of each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from charlm.checks import check_integer
from charlm.engine.contract import Given, NativeSampling
from charlm.engine.events import Completion, Details, SampleEvents
from charlm.engine.prompts import AnyPrompt
from charlm.engine.session import Session, Task
from charlm.errors import InputError
from charlm.text.vocabulary import EOS, PAD


class SampleSession(Session):
    """Row r is sample r % n of prompt r // n."""

    _native: NativeSampling

    def __init__(self, task: Task, prompts: Sequence[AnyPrompt]) -> None:
        self.rows = len(prompts) * task.n
        self._ids: list[NDArray[np.int32]] = []  # [n, N] each
        self._log_probs = np.zeros(self.rows)
        self._told: list[SampleEvents] = []  # when details were asked for
        super().__init__(task, prompts)

    def _options(self) -> dict[str, object]:
        return super()._options() | {"samples": self.n, "rivals": self._task.rivals}

    def _open(self, given: Given) -> NativeSampling:
        return self._task.loaded.sampling(**given)

    def _advance(self, n: int, budget_ms: float) -> SampleEvents:
        ids, log_probs, finished, details = self._native.advance(n, budget_ms)
        self._ids.append(ids)
        self._log_probs += log_probs.sum(axis=0, dtype=np.float64)
        events = SampleEvents(ids, log_probs, finished, Details(*details) if details else None)
        if details:
            self._told.append(events)
        return events

    def completions(self) -> list[list[Completion]]:
        """For every prompt its n completions as they stand."""
        with self._lock:
            self._join()
            rows = [self._completion(row) for row in range(self.rows)]
        return [rows[i : i + self.n] for i in range(0, len(rows), self.n)]

    def told(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.float32], Details]:
        """ids [T], log_probs [T] and details [T], [T, R] of a row, where they were asked for."""
        if self._task.rivals < 0:
            raise InputError("no details were asked for")
        check_integer("row", row, 0, self.rows - 1)
        with self._lock:
            self._join()
            length = len(self._written(row))
            told = self._told or [self._nothing_told()]
        ids, log_probs = (
            np.concatenate([getattr(events, name)[:, row] for events in told])[:length]
            for name in ("ids", "log_probs")
        )
        details = (
            np.concatenate([getattr(events.details, f.name)[:, row] for events in told])
            for f in fields(Details)
        )
        return ids, log_probs, Details(*(array[:length] for array in details))

    def _nothing_told(self) -> SampleEvents:
        """Events of no positions, for a session that was never advanced."""
        ids = np.zeros((0, self.rows), np.int32)
        numbers = np.zeros((0, self.rows), np.float32)
        rival_ids = np.zeros((0, self.rows, self._task.rivals), np.int32)
        rivals = np.zeros(rival_ids.shape, np.float32)
        details = Details(ids, numbers, rival_ids, rivals, rivals)
        return SampleEvents(ids, numbers, self._finished, details)

    def written_ids(self, prompt: int, rank: int) -> list[int]:
        """The ids of one of a prompt's completions as they stand, its end included."""
        with self._lock:
            self._join()
            return self._written(prompt * self.n + rank)

    def settled(self, row: int) -> str:
        """The text of a row: what was drawn never changes."""
        with self._lock:
            self._join()
            return self.vocabulary.code2string(self._written(row))

    def _join(self) -> None:
        if len(self._ids) > 1:
            self._ids = [np.concatenate(self._ids)]

    def _written(self, row: int) -> list[int]:
        """The ids of a row so far, without what follows its end."""
        ids: list[int] = self._ids[0][:, row].tolist() if self._ids else []
        while ids and ids[-1] == PAD:
            ids.pop()
        return ids

    def _completion(self, row: int) -> Completion:
        ids, log_prob = self._written(row), float(self._log_probs[row])
        finished = len(ids) >= self.limits.min_length and (
            ids[-1:] == [EOS] or any(ids[-len(stop) :] == stop for stop in self._stops)
        )
        return Completion(
            self.prompts[row // self.n],
            self.vocabulary.code2string(ids),
            log_prob,
            log_prob,
            len(ids),
            self._end(row, ids, len(ids), finished),
        )
