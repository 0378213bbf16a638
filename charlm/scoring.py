"""How well a model foresees a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint import Checkpoint
from charlm.config import check_range
from charlm.cutting import examples_of
from charlm.errors import CharlmError, InputError
from charlm.events import Details
from charlm.vocabulary import EOS, Unknown

if TYPE_CHECKING:
    from charlm._engine import ScoredDetails


@dataclass(frozen=True)
class Score:
    """How well a model foresees a text of T targets, EOS included.

    ids: int32 [T], the targets. log_probs: float32 [T], nats. details: when asked for.
    """

    ids: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    details: Details | None = None

    @property
    def count(self) -> int:
        """Number of targets."""
        return len(self.log_probs)

    @property
    def loss(self) -> float:
        """Nats per character."""
        return -float(self.log_probs.sum(dtype=np.float64)) / self.count

    @property
    def bpc(self) -> float:
        """Bits per character."""
        return self.loss / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(loss): among how many equally likely characters it hesitates."""
        return math.exp(self.loss)

    @classmethod
    def of(
        cls,
        targets: Sequence[Sequence[int]],
        log_probs: Sequence[NDArray[np.float32]],
        details: Sequence[ScoredDetails] | None,
    ) -> Score:
        """What a native session found for each of several texts, as of one.

        Raises CharlmError where the model's numbers left the range of float32.
        """
        joined = np.concatenate(log_probs)
        if not np.isfinite(joined).all():
            place = int(np.flatnonzero(~np.isfinite(joined))[0])
            raise CharlmError(f"the model's numbers overflow at character {place + 1:,}")
        ids = np.fromiter(chain.from_iterable(targets), np.int32)
        return cls(ids, joined, None if details is None else _joined(details))


class Scoring:
    """A text being scored: pulled like a session; who wants it no longer just stops pulling."""

    def __init__(self, native: Any, targets: list[list[int]]) -> None:
        self._native, self._targets = native, targets

    @property
    def done(self) -> bool:
        """Whether every character is scored."""
        return bool(self._native.done())

    def advance(self, n: int = 4096, budget_ms: float = 20.0) -> None:
        """Score up to n positions of each text, or until the budget is used."""
        check_range("n", n, 1, 2**31 - 1)
        self._native.advance(n, budget_ms)

    def score(self) -> Score:
        """The whole score, advancing to its end. Raises CharlmError where numbers overflow."""
        while not self.done:
            self.advance()
        return Score.of(self._targets, self._native.log_probs(), self._native.details())


def inputs_and_targets(
    checkpoint: Checkpoint, text: str, unknown: Unknown
) -> tuple[list[list[int]], list[list[int]]]:
    """A text as the trainer splits it: what the model reads, and what follows each character.

    Raises InputError for an empty text and, with unknown "error", for unknown characters.
    """
    config = checkpoint.text
    inputs: list[list[int]] = []
    targets: list[list[int]] = []
    for example in examples_of(text, config):
        ids, _ = checkpoint.vocabulary.encode(example.text, unknown)
        inputs.append([config.start_id, *ids] if example.ends else [config.start_id, *ids[:-1]])
        targets.append([*ids, EOS] if example.ends else ids)
    if not any(targets):
        raise InputError("the text to score is empty")
    return inputs, targets


def _joined(texts: Sequence[ScoredDetails]) -> Details:
    """The details of several texts as of one; what nothing filtered is kept as it is."""
    ranks, entropies, rivals, log_probs = (
        np.concatenate(arrays) for arrays in zip(*texts, strict=True)
    )
    return Details(ranks, entropies, rivals, log_probs, log_probs)
