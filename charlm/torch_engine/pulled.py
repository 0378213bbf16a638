"""What sampling and beams share: prompts fed first, then positions as long as rows are open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.torch_engine.model import Model
from charlm.torch_engine.parts import (
    POSITIONS_PER_LOOK,
    Budget,
    Given,
    OpenPart,
    memory_named,
    step_all,
)
from charlm.torch_engine.prompts import FloatArray, Prompts

if TYPE_CHECKING:
    from charlm.engine.contract import Start

P = TypeVar("P", bound=OpenPart)
T = TypeVar("T", bound=np.generic)


class PulledSession(ABC, Generic[P]):
    """Rows that are decoded position by position, whenever `advance` is called.

    rows: how many (texts, or searches). _finished: which of them have ended, bool [rows].
    """

    def __init__(
        self,
        model: Model,
        prompts: Sequence[Sequence[int]],
        starts: Sequence[Start | None],
        rows: int,
        max_length: int,
    ) -> None:
        self._model, self._max_length = model, max_length
        self._prompts = Prompts(model, prompts, starts)
        self._parts: list[P] = []
        self._finished = np.zeros(rows, np.bool_)
        self._produced = 0

    def done(self) -> bool:
        """Whether the prompts have been fed and every row has ended."""
        cut = self._produced == self._max_length
        return self._prompts.fed and (cut or bool(self._finished.all()))

    def prompt_state(self, prompt: int) -> tuple[FloatArray, FloatArray]:
        """state [L, S, H] and logits [V] after a prompt. Raises EngineError before it is fed."""
        return self._prompts.prompt_state(prompt)

    def prompt_progress(self) -> tuple[int, int]:
        """How many ids of the prompts have been fed, of how many."""
        return self._prompts.progress

    @abstractmethod
    def _begin(self) -> P:
        """All rows, each at the end of its prompt."""

    @abstractmethod
    def _drop(self, part: P, ended: Tensor) -> None:
        """Keep what will be asked of the rows of a part that have ended and go."""

    @torch.inference_mode()
    def _run(self, n: int, budget_ms: float) -> list[Given]:
        """Up to n positions, or until the budget is used; some more behind the last end."""
        budget = Budget(budget_ms)
        given: list[Given] = []
        with memory_named(self._model.device):
            while len(given) < n and not self.done():
                if self._prompts.fed:
                    given.append(self._position())
                    if len(given) % POSITIONS_PER_LOOK == 0:
                        self._look()
                else:
                    self._prompts.step()
                if budget.used_up():
                    break
            self._look()
        return given

    def _position(self) -> Given:
        if self._produced == 0:
            self._parts = [self._begin()]
        step_all(self._parts)
        self._produced += 1
        return self._gather()

    def _gather(self) -> Given:
        """What every part was given at the newest position, put together; zero where none was."""
        if len(self._parts) == 1 and len(self._parts[0]) == len(self._finished):
            return self._parts[0].given
        together = []
        for tensors in zip(*(part.given for part in self._parts), strict=True):
            whole = tensors[0].new_zeros(len(self._finished), *tensors[0].shape[1:])
            for part, tensor in zip(self._parts, tensors, strict=True):
                whole[part.rows] = tensor
            together.append(whole)
        return tuple(together)

    def _look(self) -> None:
        """Note which rows have ended; a part of which most have is cut down to the others."""
        parts = []
        for part in self._parts:
            open_ = part.open.cpu()
            self._finished[part.rows.cpu().numpy()] = ~open_.numpy()
            left = open_.nonzero()[:, 0]
            if 2 * len(left) > len(part):
                parts.append(part)
                continue
            self._drop(part, (~open_).nonzero()[:, 0])
            if len(left) > 0:
                parts.append(part.take(left))
        self._parts = parts
        if self._produced == self._max_length:
            self._finished[:] = True


def fetched(
    given: Sequence[Given], which: int, axes: tuple[int, ...], dtype: type[T]
) -> NDArray[T]:
    """Tensor number `which` of every position, as an array [positions, *axes]."""
    array = np.zeros((len(given), *axes), dtype)
    if given:
        array[:] = torch.stack([position[which] for position in given]).cpu().numpy()
    return array
