"""The pass through a model in PyTorch: the readable twin of csrc/train, and the path for runs that
began before there was one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from charlm.options.train_config import TrainConfig
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch
from charlm.train.gates import gates_of
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.passes import Learned
from charlm.train.regularise import activation_penalty, slowness_penalty


class LoopPass:
    """`charlm.train.passes.ModelPass` over `charlm.train.sequence`; masks come from torch."""

    def __init__(self, options: TrainConfig) -> None:
        self._options = options

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch while learning: see `ModelPass.learn`."""
        result = model.forward_pass(batch.inputs_TB, state, batch.part)
        of_targets, of_changes = batch.shares()
        loss = masked_cross_entropy(result.logits_TBV, batch.targets_TB, PAD) * of_targets
        options, real_TB = self._options, batch.targets_TB != PAD
        penalty: Tensor | float = 0.0
        if options.activation_penalty and of_targets:
            each = activation_penalty(result.output_TBH, real_TB)
            penalty += options.activation_penalty * of_targets * each
        if options.slowness_penalty:
            each = slowness_penalty(result.h_TBH, real_TB)
            penalty += options.slowness_penalty * of_changes * each
        return Learned(loss + penalty, loss.item(), detached(result.state))

    @torch.no_grad()
    def measure(
        self, model: CharModel, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses, and the state after: see `ModelPass.measure`."""
        logits_TBV, after = model(inputs_TB, state)
        if targets_TB is None:
            return 0.0, after
        each = torch.nn.functional.cross_entropy(
            logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none", ignore_index=PAD
        )
        return float(each.double().sum()), after

    def gates(self, model: CharModel, inputs_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
        """The gates of every layer: see `ModelPass.gates`."""
        return gates_of(model, inputs_TB, state)

    def norm(self, values: Tensor) -> float:
        """The Euclidean norm: see `ModelPass.norm`."""
        return float(values.norm())
