"""Prompts of different lengths fed together, once each, whatever follows them.

Shapes: P prompts, V vocabulary; a state is [P, L, S, H].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.torch_engine.model import Model
from charlm.torch_engine.parts import EngineError, check_ids, padded, step_all

if TYPE_CHECKING:
    from charlm.engine.contract import Start

FloatArray = NDArray[np.float32]


@dataclass
class _FeedingPart:
    """Some prompts being fed; `position` of each row's rest is next."""

    model: Model
    ends: frozenset[int]  # the lengths of all rests
    rest: Tensor  # [P, longest] ids not fed yet when this began
    length: Tensor  # [P] of the rest
    state: Tensor
    logits: Tensor  # [P, V]
    position: int = 0

    def __len__(self) -> int:
        return len(self.rest)

    def take(self, rows: Tensor) -> _FeedingPart:
        rows = rows.to(self.rest.device)
        tensors = ("rest", "length", "state", "logits")
        return replace(self, **{name: getattr(self, name)[rows] for name in tensors})

    def step(self) -> None:
        """Feed one id to the prompts that have one left."""
        open_P = self.position < self.length
        state = self.model.step(self.state, self.rest[:, self.position])
        state = torch.where(open_P[:, None, None, None], state, self.state)
        logits = self.logits
        if self.position + 1 in self.ends:
            logits = torch.where(open_P[:, None], self.model.output(state), logits)
        self.state, self.logits, self.position = state, logits, self.position + 1


class Prompts:
    """Prompts being fed. starts: None, or the state from which the first ids need no feeding."""

    def __init__(
        self,
        model: Model,
        prompts: Sequence[Sequence[int]],
        starts: Sequence[Start | None],
    ) -> None:
        if len(starts) != len(prompts):
            raise EngineError(f"{len(prompts)} prompts with {len(starts)} starts")
        size, device = model.config.vocabulary_size, model.device
        state, logits = model.zero_state(len(prompts)), torch.zeros(len(prompts), size)
        rest = []
        for p, (ids, start) in enumerate(zip(prompts, starts, strict=True)):
            if not ids:
                raise EngineError("a prompt must hold at least the start id")
            check_ids(ids, size)
            if start is not None:
                _check_start(model, start, len(ids))
                state[p] = torch.tensor(start[0])
                logits[p] = torch.tensor(start[1])
            rest.append(ids[start[2] if start else 0 :])
        self.lengths = torch.tensor([len(ids) for ids in prompts], device=device)
        self._rests = [len(ids) for ids in rest]
        self._ids = sum(map(len, prompts))
        self._longest = max(self._rests, default=0)
        left = torch.tensor([len(ids) for ids in rest], device=device)
        ends = frozenset(map(len, rest))
        whole = _FeedingPart(model, ends, padded(rest, device), left, state, logits.to(device))
        self._parts = [whole]
        self._position = 0

    @property
    def fed(self) -> bool:
        """Whether every prompt has been fed to its end."""
        return self._position == self._longest

    @property
    def progress(self) -> tuple[int, int]:
        """How many ids of the prompts have been fed, of how many."""
        return self._ids - sum(max(0, rest - self._position) for rest in self._rests), self._ids

    def step(self) -> None:
        """Feed one id to every prompt that has one left."""
        step_all(self._parts)
        self._position += 1

    def ends(self) -> tuple[Tensor, Tensor]:
        """states [P, L, S, H] and logits [P, V] of what follows the prompts."""
        if len(self._parts) > 1:
            state = torch.cat([part.state for part in self._parts])
            logits = torch.cat([part.logits for part in self._parts])
            return state, logits
        return self._parts[0].state, self._parts[0].logits

    def prompt_state(self, prompt: int) -> tuple[FloatArray, FloatArray]:
        """state [L, S, H] and logits [V] after a prompt. Raises EngineError before it is fed."""
        if not 0 <= prompt < len(self.lengths):
            raise EngineError(f"prompt {prompt} of {len(self.lengths)}")
        if not self.fed:
            raise EngineError("the prompt has not been fed yet")
        state, logits = self.ends()
        return state[prompt].cpu().numpy(), logits[prompt].cpu().numpy()


def _check_start(model: Model, start: Start, length: int) -> None:
    state, logits, fed = start
    if state.shape != model.state_shape or logits.shape != (model.config.vocabulary_size,):
        raise EngineError(
            f"a state {state.shape} with logits {logits.shape} is not one of this model:"
            f" {model.state_shape} and {(model.config.vocabulary_size,)} are expected"
        )
    if not (np.isfinite(state).all() and np.isfinite(logits).all()):
        raise EngineError("the state of a start holds a NaN or infinite number")
    if not 1 <= fed <= length:
        raise EngineError(f"{fed} ids of a prompt of {length} are said to be fed")
