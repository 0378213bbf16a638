"""One batch being decoded: what sampled rows and beams have in common.

A session is pulled: `advance` runs some positions with the GIL released and returns their
arrays; cancelling is not calling it again. Shapes: n positions, N rows, P prompts, K slots.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from charlm import dice
from charlm.checks import check_budget, check_integer
from charlm.decoding import Limits, Strategy
from charlm.engine.contract import Given, NativeModel, NativeSession, refusals
from charlm.engine.devices import LoadedModel
from charlm.engine.events import (
    BeamEvents,
    Completion,
    CompletionDetails,
    Details,
    End,
    SampleEvents,
)
from charlm.engine.native import banned_ids, strategy_options
from charlm.engine.prompt_state import PromptState
from charlm.engine.prompts import AnyPrompt, Prompt, PromptReader
from charlm.errors import InputError, argument
from charlm.run.checkpoint import Checkpoint
from charlm.text.cutting import prepare_text
from charlm.text.vocabulary import EOS, Unknown, Vocabulary
from charlm.wording import counted

MAX_SAMPLES = 2**20
MAX_SEED = 2**64 - 1
MAX_SAMPLE = 2**32 - 1
T = TypeVar("T", int, str)
NO_DETAILS = "details are of sampling: a beam has none"


@dataclass(frozen=True)
class Task:
    """What a session is to do; `Engine.start` says what each means. Raises InputError.

    rivals: -1 for no details.
    """

    loaded: LoadedModel[NativeModel]
    checkpoint: Checkpoint
    strategy: Strategy
    limits: Limits
    n: int = 1
    first_sample: int | Sequence[int] = 0
    seed: int = 1
    dice: str | Sequence[str] = "prompt"
    unknown: Unknown = "error"
    rivals: int = -1
    threads: int = 1

    def __post_init__(self) -> None:
        check_integer("n", self.n, 1, MAX_SAMPLES)
        check_integer("seed", self.seed, 0, MAX_SEED)

    @property
    def precision(self) -> str:
        """Of the model."""
        return self.loaded.model.precision


class Session(ABC):
    """One batch being decoded. Rows: n samples of each prompt in order, or a beam a prompt.

    dice, first_samples: of each prompt, the name of its dice (`charlm.dice`) and the index of its
    first sample, which are what a text hangs on beside seed, strategy and prompt. Threads may
    share a session: whoever advances it, its texts keep their order.
    """

    rows: int

    def __init__(self, task: Task, prompts: Sequence[AnyPrompt]) -> None:
        self.vocabulary: Vocabulary = task.checkpoint.vocabulary
        self.strategy = task.strategy
        self.limits = task.limits
        self.n = task.n
        self._task = task
        self._lock = threading.RLock()
        self._text = task.checkpoint.text
        reader = PromptReader(task.checkpoint, task.precision, task.unknown)
        read = [reader.read(prompt) for prompt in prompts]
        self.prompts = [prompt.text for prompt in read]
        self._ids_of = [prompt.ids for prompt in read]
        self._known = sum(prompt.start[2] for prompt in read if prompt.start is not None)
        self.dice, self.first_samples = self._dice_of(read)
        self.notices = reader.notices
        self._stops = [
            self.vocabulary.string2code(prepare_text(stop, self._text), "stop")
            for stop in task.limits.stop
        ]
        dice_given = [
            (task.seed ^ name, first)
            for name, first in zip(self.dice, self.first_samples, strict=True)
        ]
        self._native: NativeSession = self._open(
            Given(
                prompts=self._ids_of,
                starts=[prompt.start for prompt in read],
                dice=dice_given,
                options=self._options(),
                threads=task.threads,
            )
        )
        self._finished = np.zeros(self.rows, np.bool_)
        seconds = task.limits.seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def _dice_of(self, prompts: Sequence[Prompt]) -> tuple[list[int], list[int]]:
        """Of each prompt: the name of its dice, and the index of its first sample."""
        task = self._task
        words = _each("dice", task.dice, len(prompts))
        firsts = _each("first_sample", task.first_sample, len(prompts))
        for first in firsts:
            check_integer("first_sample", first, 0, MAX_SAMPLE - task.n + 1)
        pairs = zip(words, prompts, strict=True)
        return [dice.choose(word, prompt.dice) for word, prompt in pairs], firsts

    def _options(self) -> dict[str, object]:
        """The options of the native session by name."""
        strategy, limits = self.strategy, self.limits
        return {
            **strategy_options(strategy),
            "banned": banned_ids(self.vocabulary, self._text, strategy, limits),
            "max_length": limits.max_length,
            "min_length": limits.min_length,
            "stops": self._stops,
        }

    @abstractmethod
    def _open(self, given: Given) -> NativeSession:
        """The native session."""

    @abstractmethod
    def _advance(self, n: int, budget_ms: float) -> SampleEvents | BeamEvents:
        """Run the native session."""

    @abstractmethod
    def completions(self) -> list[list[Completion]]:
        """For every prompt its n completions as they stand, the best of a beam first."""

    def told(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.float32], Details]:
        """ids [T], log_probs [T] and details [T], [T, R] of a row, where they were asked for."""
        raise InputError(NO_DETAILS)

    def details(self, row: int) -> CompletionDetails:
        """What the model thought of the characters of a row, where that was asked for."""
        ids, log_probs, told = self.told(row)
        to_char = self.vocabulary.to_char
        rivals = tuple(tuple(map(to_char, position)) for position in told.rival_ids.tolist())
        return CompletionDetails(
            tuple(map(to_char, ids.tolist())), log_probs, told.ranks, told.entropies,
            rivals, told.rival_log_probs, told.rival_kept_log_probs,
        )  # fmt: skip

    @abstractmethod
    def written_ids(self, prompt: int, rank: int) -> list[int]:
        """The ids of one of a prompt's completions as they stand, its end included.

        Raises InputError where a beam has found fewer.
        """

    @abstractmethod
    def settled(self, row: int) -> str:
        """The part of a row's text that can no longer change."""

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._native.done() or self._out_of_time

    @property
    def finished(self) -> NDArray[np.bool_]:
        """bool [N]: of which rows nothing more will come."""
        return self._finished | self.done

    @property
    def prompts_read(self) -> float:
        """The share of the prompts' characters that the model has read, from 0 to 1."""
        fed, ids = self._native.prompt_progress()
        return fed / ids if ids else 1.0

    @property
    def prompt_ids(self) -> int:
        """How many ids the prompts have, those of states left out."""
        return sum(map(len, self._ids_of)) - self._known

    def __repr__(self) -> str:
        prompts, rows = counted(len(self.prompts), "prompt"), counted(self.rows, "row")
        state = "done" if self.done else f"prompts read to {self.prompts_read:.0%}"
        if not self.done and self.prompts_read == 1:
            state = f"{int(self._finished.sum()):,} of {rows} finished"
        name = type(self.strategy).__name__
        return f"<{type(self).__name__}: {prompts}, n {self.n:,}, {name}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a session cannot be pickled: pickle its engine and begin again, or a prompt_state"
        )

    @property
    def _out_of_time(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def advance(self, n: int = 1, budget_ms: float = 20) -> SampleEvents | BeamEvents:
        """Run up to n positions, or until the budget is used (by at most one position more)."""
        check_integer("n", n, 1, 2**31 - 1)
        check_budget(budget_ms)
        with self._lock:
            if self._deadline is not None:
                left = max(0.0, self._deadline - time.monotonic())
                budget_ms = min(budget_ms, 1000 * left)
            events = self._advance(n, budget_ms)
            self._finished = events.finished
        return events

    def prompt_state(self, prompt: int) -> PromptState:
        """The state of a prompt, once it has been fed. Raises InputError."""
        with refusals():
            state, logits = self._native.prompt_state(prompt)
        task = self._task
        ids = np.array(self._ids_of[prompt], np.int32)
        identity = task.checkpoint.identity
        return PromptState(ids, state, logits, identity, task.precision, self.dice[prompt])

    def _end(self, row: int, ids: Sequence[int], length: int, finished: bool) -> End:
        """How a text of the row ended, if it did."""
        if finished:
            return "eos" if ids[-1] == EOS else "stop"
        if length == self.limits.max_length:
            return "length"
        if self._finished[row]:
            return "overflow"
        return "time" if self._out_of_time else ""


def _each(name: str, given: T | Sequence[T], count: int) -> list[T]:
    """An option of every prompt: one value for all, or a list of one for each."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [given] * count
    if len(given) != count:
        values, prompts = counted(len(given), "value"), counted(count, "prompt")
        raise InputError(argument(name), f" has {values} for {prompts}")
    return list(given)
