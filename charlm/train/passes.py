"""What takes a batch through a model, as the learner and the evaluation ask it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from charlm.train.dataset import Batch
from charlm.train.model import CharModel, ModelState


class Learned(NamedTuple):
    """What a batch gives while learning.

    total: mean loss over real targets and penalties, to go back from. loss: without penalties,
    nats per character. Of some rows of a batch both are their part of the whole batch's. state:
    after the batch, cut from the graph.
    """

    total: Tensor
    loss: float
    state: ModelState


class ModelPass(Protocol):
    """Takes a batch through a model."""

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch while learning, with what is hidden and paid for: `number` of update `step`."""
        ...

    def measure(
        self, model: CharModel, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses over real targets (0 without any), and the state after."""
        ...

    def gates(self, model: CharModel, inputs_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
        """The gates of every layer, [T, B, H] each, as "layers.0.i"; nothing is hidden."""
        ...

    def norm(self, values: Tensor) -> float:
        """The Euclidean norm of all the numbers of a tensor."""
        ...
