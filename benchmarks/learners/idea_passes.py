"""Ideas about how an LSTM learns, or what is made of several, that charlm has not.

T times, B rows, V vocabulary, P positions
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from charlm.errors import InputError
from charlm.options.train_config import TrainConfig
from charlm.run.checkpoint import load_checkpoint
from charlm.text.vocabulary import PAD
from charlm.train.average import Average
from charlm.train.dataset import Batch
from charlm.train.learner import Learner
from charlm.train.loop import LoopPass
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.passes import Learned

SMOOTHED, TAUGHT = 0.05, 0.5  # shares of the soft targets in the loss
AVERAGED = 0.5  # of the budget, after which weights are averaged


class Softened(LoopPass):
    """Learns from soft targets beside the real ones: label smoothing, whose are all characters
    alike (Szegedy et al. 2016; Mueller et al. 2019), as a part `SMOOTHED` of the loss.
    """

    share = SMOOTHED

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch while learning: see `ModelPass.learn`."""
        result = model.forward_pass(batch.inputs_TB, state)
        loss = masked_cross_entropy(result.logits_TBV, batch.targets_TB, PAD)
        log_probs_TBV = torch.log_softmax(result.logits_TBV, -1)
        soft = -(self.targets(batch, log_probs_TBV) * log_probs_TBV).sum(-1).mean()
        total = (1 - self.share) * loss + self.share * soft
        return Learned(total, loss.item(), detached(result.state))

    def targets(self, batch: Batch, log_probs_TBV: Tensor) -> Tensor:
        """The soft targets, [T, B, V]: probabilities."""
        return torch.full_like(log_probs_TBV, 1 / log_probs_TBV.shape[-1])


class Ensemble(nn.Module):
    """The mean of the probabilities of several models, with the face of a `CharModel`."""

    def __init__(self, runs: Sequence[str], learner: Learner) -> None:
        super().__init__()
        self.models, self.device = nn.ModuleList(), torch.device("cpu")
        for run in runs:
            checkpoint = load_checkpoint(run)
            if checkpoint.vocabulary.characters != learner.vocabulary.characters:
                raise InputError(f"{run} has learned other characters than those of the text")
            model = CharModel(checkpoint.config).eval().requires_grad_(False)
            model.from_tensors(checkpoint.tensors)
            self.models.append(model)

    def zero_state(self, rows: int) -> Any:
        """The state before any text: the layers of one model after the other's."""
        return tuple(layer for model in self._each() for layer in model.zero_state(rows))

    def forward(self, ids_TB: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The logarithms of the mean probabilities, [T, B, V], and the state after."""
        told, after, layers = [], [], iter(state)
        for model in self._each():
            own = tuple(itertools.islice(layers, model.config.layers))
            logits_TBV, own = model(ids_TB, own)
            told.append(torch.log_softmax(logits_TBV, -1))
            after += own
        return torch.stack(told).logsumexp(0) - math.log(len(told)), tuple(after)

    def _each(self) -> list[CharModel]:
        return cast(list[CharModel], list(self.models))


class Taught(Softened):
    """Learns from the probabilities of a teacher (Hinton, Vinyals and Dean 2015), as they are."""

    share = TAUGHT

    def __init__(self, options: TrainConfig, teacher: Ensemble) -> None:
        super().__init__(options)
        self._teacher, self._state = teacher, teacher.zero_state(1)

    @torch.no_grad()
    def targets(self, batch: Batch, log_probs_TBV: Tensor) -> Tensor:
        """The soft targets, [T, B, V]: probabilities."""
        if batch.fresh:
            self._state = self._teacher.zero_state(batch.inputs_TB.shape[1])
        told_TBV, self._state = self._teacher(batch.inputs_TB, self._state)
        return cast(Tensor, told_TBV.exp())


class Watched(LoopPass):
    """Measures, and adds up how sure a model is of the likeliest character, how often it comes.

    surplus: by how much the first mean is above the second, of 1; below 0 it is too timid.
    """

    def __init__(self, options: TrainConfig) -> None:
        super().__init__(options)
        self._sure, self._right, self._count = 0.0, 0, 0

    @torch.no_grad()
    def measure(
        self, model: CharModel, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses, and the state after: see `ModelPass.measure`."""
        logits_TBV, after = model(inputs_TB, state)
        if targets_TB is None:
            return 0.0, after
        real_P = (targets_P := targets_TB.flatten()) != PAD
        log_probs_PV = torch.log_softmax(logits_TBV, -1).flatten(0, 1)[real_P]
        targets_P = targets_P[real_P]
        best_P, ids_P = log_probs_PV.max(1)
        self._sure += float(best_P.double().exp().sum())
        self._right += int((ids_P == targets_P).sum())
        self._count += len(targets_P)
        return -float(log_probs_PV.gather(1, targets_P[:, None]).double().sum()), after

    @property
    def surplus(self) -> float:
        """By how much it is too sure."""
        return (self._sure - self._right) / self._count


class MeanFrom(Average):
    """The mean of all weights from a point on (Polyak and Juditsky 1992), which NT-ASGD (Merity
    et al. 2018) finds by the validation loss; here it is a share `AVERAGED` of the budget.
    """

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner.model, learner.options)
        self._learner, self._count = learner, 0

    @torch.no_grad()
    def update(self, model: CharModel, step: int) -> None:
        """Take in the weights after an update."""
        self._count += self._learner.progress() >= AVERAGED
        for mean, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.lerp_(weight, 1 / max(1, self._count))
