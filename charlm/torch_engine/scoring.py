"""The log-probability of every character of given texts, under the raw model.

Shapes: R texts fed together, T targets of a text, t positions, V vocabulary, J rivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.torch_engine.details import FloatArray, IntArray, check_rivals, details_of
from charlm.torch_engine.model import Model
from charlm.torch_engine.parts import (
    POSITIONS_PER_LOOK,
    Budget,
    EngineError,
    check_ids,
    memory_named,
    padded,
    step_all,
)

if TYPE_CHECKING:
    from charlm.engine.contract import ScoredDetails

Ids = Sequence[int] | IntArray
_GROUP = 4096  # texts fed together, of nearly equal length


@dataclass
class _FedTexts:
    """Some texts; what their targets got stays on the device until it is fetched."""

    model: Model
    rivals: int
    rows: Tensor  # [R] places in the group
    length: Tensor  # [R]
    inputs: Tensor  # [R, longest], filled up with PAD
    targets: Tensor
    state: Tensor
    position: int
    scored: list[tuple[Tensor, ...]]  # of each position since: log_probs [R], and details

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Tensor) -> _FedTexts:
        rows = rows.to(self.rows.device)
        tensors = ("rows", "length", "inputs", "targets", "state")
        taken = {name: getattr(self, name)[rows] for name in tensors}
        scored = [tuple(tensor[rows] for tensor in position) for position in self.scored]
        return replace(self, **taken, scored=scored)

    def step(self) -> None:
        """Feed one id to every text and note how its target did; PAD behind a text's end."""
        targets = self.targets[:, self.position]
        state = self.model.step(self.state, self.inputs[:, self.position])
        log_probs = torch.log_softmax(self.model.output(state), 1)
        scored: tuple[Tensor, ...] = (log_probs.gather(1, targets[:, None])[:, 0],)
        if self.rivals >= 0:
            scored += details_of(log_probs, targets, log_probs, self.rivals)[:4]
        self.scored.append(scored)
        self.state = state
        self.position += 1


class ScoringSession:
    """log_probs of targets[s], fed inputs[s], as `_engine.pyi` has it. threads is not used."""

    @torch.inference_mode()
    def __init__(
        self,
        *,
        model: Model,
        inputs: Sequence[Ids],
        targets: Sequence[Ids],
        rivals: int,
        threads: int,
    ) -> None:
        if list(map(len, inputs)) != list(map(len, targets)):
            raise EngineError("inputs and targets differ in length")
        for ids in (*inputs, *targets):
            check_ids(ids, model.config.vocabulary_size)
        check_rivals(rivals, model.config.vocabulary_size)
        self._model, self._rivals = model, rivals
        self._inputs, self._targets = inputs, targets
        some = (s for s in range(len(inputs)) if len(inputs[s]))
        full = sorted(some, key=lambda s: -len(inputs[s]))
        self._groups = [full[i : i + _GROUP] for i in range(0, len(full), _GROUP)]
        self._parts: list[_FedTexts] = []
        self._scored = [self._room(len(ids)) for ids in inputs]
        self._fetched: list[NDArray[Any]] = []  # of the group being fed: [longest, R, ...]

    def _room(self, *axes: int) -> list[NDArray[Any]]:
        """Arrays for log_probs, and for ranks, entropies and rivals if they are asked for."""
        arrays: list[NDArray[Any]] = [np.zeros(axes, np.float32)]
        if self._rivals >= 0:
            arrays += [np.zeros(axes, np.int32), np.zeros(axes, np.float32)]
            arrays += [np.zeros((*axes, self._rivals), t) for t in (np.int32, np.float32)]
        return arrays

    def done(self) -> bool:
        """Whether every text has been scored."""
        return not self._groups

    def progress(self) -> tuple[int, int]:
        """How many targets have been scored, of how many; a group counts when it has ended."""
        left = sum(len(self._inputs[s]) for group in self._groups for s in group)
        all_ = sum(map(len, self._inputs))
        return all_ - left, all_

    @torch.inference_mode()
    def advance(self, n: int, budget_ms: float) -> None:
        """Feed up to n positions, or until the budget is used."""
        budget = Budget(budget_ms)
        with memory_named(self._model.device):
            for _ in range(n):
                if self.done():
                    return
                if not self._parts:
                    self._begin(self._groups[0])
                step_all(self._parts)
                ended = self._parts[0].position == len(self._fetched[0])
                if ended or len(self._parts[0].scored) == POSITIONS_PER_LOOK:
                    self._fetch()
                if ended:
                    self._end(self._groups.pop(0))
                if budget.used_up():
                    return

    def log_probs(self) -> list[FloatArray]:
        """For every text float32 [T]; zero before it is scored, no number where logits overflow."""
        return [scored[0] for scored in self._scored]

    def details(self) -> list[ScoredDetails] | None:
        """For every text its details; None if they were not asked for."""
        if self._rivals < 0:
            return None
        return [(ranks, entropies, ids, of) for _, ranks, entropies, ids, of in self._scored]

    def _begin(self, group: Sequence[int]) -> None:
        device = self._model.device
        inputs = padded([self._inputs[s] for s in group], device)
        whole = _FedTexts(
            model=self._model,
            rivals=self._rivals,
            rows=torch.arange(len(group), device=device),
            length=torch.tensor([len(self._inputs[s]) for s in group], device=device),
            inputs=inputs,
            targets=padded([self._targets[s] for s in group], device),
            state=self._model.zero_state(len(group)),
            position=0,
            scored=[],
        )
        self._parts = [whole]
        self._fetched = self._room(inputs.shape[1], len(group))

    def _fetch(self) -> None:
        """Copy what has been scored to the host; a part of which most have ended is cut down."""
        parts = []
        for part in self._parts:
            rows = part.rows.cpu().numpy()
            places = slice(part.position - len(part.scored), part.position)
            for array, tensors in zip(self._fetched, zip(*part.scored, strict=True), strict=True):
                array[places, rows] = torch.stack(tensors).cpu().numpy()
            part.scored.clear()
            left = (part.length > part.position).nonzero()[:, 0]
            parts.append(part if 2 * len(left) > len(part) else part.take(left))
        self._parts = parts

    def _end(self, group: Sequence[int]) -> None:
        for row, s in enumerate(group):
            for array, fetched in zip(self._scored[s], self._fetched, strict=True):
                array[:] = fetched[: len(array), row]
        self._parts = []
