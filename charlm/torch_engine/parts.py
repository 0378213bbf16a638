"""A batch in parts: looked at now and then, and halved where the device lacks memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm._engine import EngineError as EngineError  # one for both engines
from charlm.errors import CharlmError

#: Positions queued between two looks at the device: a look waits for all that was queued.
POSITIONS_PER_LOOK = 16

#: What one position gave: tensors whose first axis is the rows of a part, or of the session.
Given = tuple[Tensor, ...]


class Part(Protocol):
    """Rows that are stepped together. A step that fails leaves them as they were."""

    def __len__(self) -> int: ...

    def step(self) -> None:
        """One position of every row. Nothing is read back from the device."""

    def take(self, rows: Tensor) -> Self:
        """A part of these rows alone."""


P = TypeVar("P", bound=Part)


def step_all(parts: list[P]) -> None:
    """Step every part; one that lacks memory becomes its halves, which are tried again.

    Raises torch.OutOfMemoryError when a single row is too much.
    """
    done = 0
    while done < len(parts):
        try:
            parts[done].step()
            done += 1
            continue
        except torch.OutOfMemoryError:
            if len(parts[done]) < 2:
                raise
        # Here the failed step's tensors are gone with the exception that held them.
        torch.cuda.empty_cache()
        rows = torch.arange(len(parts[done]))
        parts[done : done + 1] = [parts[done].take(half) for half in rows.chunk(2)]


@contextmanager
def memory_named(device: torch.device) -> Iterator[None]:
    """Turn what no halving could save into one line. Raises CharlmError."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise CharlmError(
            f"out of memory on {device}: lower -n, the width or the number of prompts at a time,"
            " or take --device cpu"
        ) from None


class OpenPart(Part, Protocol):
    """Rows of a session, each of which ends some time."""

    rows: Tensor  # [R] their places in the session
    open: Tensor  # bool [R]
    given: Given  # of the newest position


class Budget:
    """The milliseconds of one call. Raises EngineError for fewer than 0."""

    def __init__(self, budget_ms: float) -> None:
        if not budget_ms >= 0:
            raise EngineError("budget_ms must be 0 or more")
        self._end = time.monotonic() + budget_ms / 1000

    def used_up(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end


def check_ids(ids: Sequence[int] | NDArray[np.int32], vocabulary_size: int) -> None:
    """Raise EngineError for an id outside of the vocabulary."""
    array = np.asarray(ids, np.int64)
    for id in array[(array < 0) | (array >= vocabulary_size)]:
        raise EngineError(f"id {id} is not in a vocabulary of {vocabulary_size}")


def padded(texts: Sequence[Sequence[int] | NDArray[np.int32]], device: torch.device) -> Tensor:
    """Texts side by side, filled up with PAD (0): int64 [texts, longest]."""
    rows = torch.zeros(len(texts), max(map(len, texts), default=0), dtype=torch.int64)
    for row, ids in zip(rows, texts, strict=True):
        row[: len(ids)] = torch.from_numpy(np.array(ids, np.int64))
    return rows.to(device)
