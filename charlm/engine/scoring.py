"""How well a model foresees a text.

T targets of a text, R rivals of each
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from charlm.checks import check_budget, check_integer
from charlm.engine.contract import Ints, NativeScoring, ScoredDetails
from charlm.engine.encoded_text import EncodedText, Piece
from charlm.engine.events import Details
from charlm.errors import CharlmError, InputError, argument
from charlm.text.readers import AT_ONCE, LONGEST, WARM_UP

#: Characters of the texts that are read side by side, at most, unless one alone is longer.
_BATCH = AT_ONCE * (LONGEST + WARM_UP)


@dataclass(frozen=True)
class ScoreTotal:
    """How well a model foresees `count` characters: `nats` are the sum of -log p.

    readers: how many read a continuous text side by side; with more than one the numbers are
    approximate (`charlm.text.readers`).
    """

    count: int
    nats: float
    readers: int = 1

    @property
    def approximate(self) -> bool:
        """Whether many readers stand for one."""
        return self.readers > 1

    @property
    def loss(self) -> float:
        """Nats per character."""
        return self.nats / self.count

    @property
    def bpc(self) -> float:
        """Bits per character."""
        return self.loss / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(loss): among how many equally likely characters it hesitates; may be infinite."""
        try:
            return math.exp(self.loss)
        except OverflowError:
            return math.inf


@dataclass(frozen=True)
class Score:
    """How well a model foresees a text of T targets, EOS included.

    ids: int32 [T], the targets. log_probs: float32 [T], nats. details: when asked for. readers:
    as in `ScoreTotal`.
    """

    ids: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    details: Details | None = None
    readers: int = 1

    @property
    def total(self) -> ScoreTotal:
        """The sum over the text."""
        nats = -float(self.log_probs.sum(dtype=np.float64))
        return ScoreTotal(self.count, nats, self.readers)

    @property
    def count(self) -> int:
        """Number of targets."""
        return len(self.log_probs)

    @property
    def approximate(self) -> bool:
        """Whether many readers stand for one."""
        return self.readers > 1

    @property
    def loss(self) -> float:
        """Nats per character."""
        return self.total.loss

    @property
    def bpc(self) -> float:
        """Bits per character."""
        return self.total.bpc

    @property
    def perplexity(self) -> float:
        """exp(loss): among how many equally likely characters it hesitates; may be infinite."""
        return self.total.perplexity


class _Found:
    """What is known of one text, batch after batch."""

    def __init__(self) -> None:
        self.ids: list[NDArray[np.int32]] = []
        self.log_probs: list[NDArray[np.float32]] = []
        self.details: list[ScoredDetails] = []
        self.count, self.nats = 0, 0.0


class Scoring:
    """Texts being scored: pulled like a session; who wants them no longer just stops pulling.

    begin: opens a native session for inputs and targets. keep: whether the log_prob of every
    character is kept, or their sum alone. called: what an error calls one of several texts.
    """

    def __init__(
        self,
        begin: Callable[[Sequence[Ints], Sequence[Ints]], NativeScoring],
        texts: Sequence[EncodedText],
        *,
        keep: bool = True,
        called: str = "text",
    ) -> None:
        self._begin, self._texts, self._keep, self._called = begin, texts, keep, called
        self._found = [_Found() for _ in texts]
        self._next = (0, 0)  # the text and its piece that come next
        self._taken, self._all = 0, sum(map(len, texts))
        self._batch: list[tuple[int, Piece]] = []
        self._native: NativeScoring | None = None
        self._error: CharlmError | None = None
        self._lock = threading.Lock()
        self._open()

    @property
    def done(self) -> bool:
        """Whether every character is scored."""
        return self._native is None

    @property
    def read(self) -> float:
        """The share of the texts that is scored, from 0 to 1."""
        native = self._native
        if native is None:
            return 1.0
        scored, batch = native.progress()
        return float(self._taken + len(self._batch) * scored / batch) / self._all

    def advance(self, n: int = 4096, budget_ms: float = 20.0) -> None:
        """Score up to n positions of each text, or until the budget is used."""
        check_integer("n", n, 1, 2**31 - 1)
        check_budget(budget_ms)
        with self._lock:
            if self._native is None:
                return
            self._native.advance(n, budget_ms)
            if self._native.done():
                self._take(self._native)
                self._open()
            if self._error is not None:
                self._native = None  # nothing behind it is scored

    def score(self) -> Score:
        """The whole score of the one text, advancing to its end.

        Raises CharlmError where numbers overflow.
        """
        [score] = self.scores()
        return score

    def scores(self) -> list[Score]:
        """The score of every text, advancing to their end. Raises CharlmError as `score`."""
        if not self._keep:
            raise InputError(argument("keep", False), " keeps sums alone: ask for totals()")
        self._finish()
        return [
            Score(
                np.concatenate(found.ids),
                np.concatenate(found.log_probs),
                _joined(found.details) if found.details else None,
                text.readers,
            )
            for text, found in zip(self._texts, self._found, strict=True)
        ]

    def totals(self) -> list[ScoreTotal]:
        """The sums of every text, advancing to their end. Raises CharlmError as `score`."""
        self._finish()
        return [
            ScoreTotal(found.count, found.nats, text.readers)
            for text, found in zip(self._texts, self._found, strict=True)
        ]

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a scoring cannot be pickled: pickle its engine and begin again, or take its scores"
        )

    def _finish(self) -> None:
        while not self.done:
            self.advance()
        if self._error is not None:
            raise self._error

    def _open(self) -> None:
        """Begin the next batch, if there is one."""
        self._batch, size = [], 0
        text, place = self._next
        while text < len(self._texts) and size < _BATCH:
            if place == len(self._texts[text]):
                text, place = text + 1, 0
                continue
            piece = self._texts[text].piece(place)
            size += len(piece.targets)
            if self._batch and size > _BATCH:
                break
            self._batch.append((text, piece))
            place += 1
        self._next = text, place
        pieces = [piece for _, piece in self._batch]
        if not pieces:
            self._native = None
            return
        self._native = self._begin([p.inputs for p in pieces], [p.targets for p in pieces])

    def _take(self, native: NativeScoring) -> None:
        """Keep what the batch has come to, warm-ups left out."""
        log_probs, details = native.log_probs(), native.details()
        by_text: dict[int, list[NDArray[np.float32]]] = {}
        for place, (text, piece) in enumerate(self._batch):
            counted = log_probs[place][piece.warm_up :]
            by_text.setdefault(text, []).append(counted)
            if self._keep:
                found = self._found[text]
                found.ids.append(piece.targets[piece.warm_up :])
                found.log_probs.append(counted)
                if details is not None:
                    ranks, entropies, rivals, of = details[place]
                    counts = slice(piece.warm_up, None)
                    told = ranks[counts], entropies[counts], rivals[counts], of[counts]
                    found.details.append(told)
        for text, arrays in by_text.items():
            self._add(text, np.concatenate(arrays))
        self._taken += len(self._batch)

    def _add(self, text: int, log_probs: NDArray[np.float32]) -> None:
        found = self._found[text]
        sound = np.isfinite(log_probs)
        if not sound.all():
            place = found.count + int(np.flatnonzero(~sound)[0])
            which = f"{self._called} {text + 1:,}: " if len(self._texts) > 1 else ""
            message = f"{which}the model's numbers overflow at character {place + 1:,}"
            self._error = self._error or CharlmError(message)
        found.count += len(log_probs)
        found.nats -= float(log_probs.sum(dtype=np.float64))


def _joined(texts: Sequence[ScoredDetails]) -> Details:
    """The details of several pieces as of one text; what nothing filtered is kept as it is."""
    ranks, entropies, rivals, log_probs = (
        np.concatenate(arrays) for arrays in zip(*texts, strict=True)
    )
    return Details(ranks, entropies, rivals, log_probs, log_probs)
