"""The pass through a model in PyTorch: the readable twin of csrc/train, the path for other devices
than the CPU, and for runs that began before there was a native one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import BFLOAT16
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Batch
from charlm.train.gates import gates_of
from charlm.train.loss import masked_cross_entropy
from charlm.train.model import CharModel, ModelState, detached
from charlm.train.passes import Learned
from charlm.train.regularise import activation_penalty, slowness_penalty


class LoopPass:
    """`charlm.train.passes.ModelPass` over `charlm.train.sequence`; masks come from torch.

    Ids are taken to where the model is. With --precision bfloat16 products are in it while
    learning; what is measured is the model as it is written with, in float32.
    """

    def __init__(self, options: TrainConfig) -> None:
        self._options = options

    def learn(
        self, model: CharModel, batch: Batch, state: ModelState, step: int, number: int
    ) -> Learned:
        """One batch while learning: see `ModelPass.learn`."""
        options, device = self._options, model.device
        inputs_TB, targets_TB = batch.inputs_TB.to(device), batch.targets_TB.to(device)
        of_targets, of_changes = batch.shares()
        low = options.precision == BFLOAT16
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            result = model.forward_pass(inputs_TB, state, batch.part)
        logits_TBV = result.logits_TBV.float() if low else result.logits_TBV
        loss = masked_cross_entropy(logits_TBV, targets_TB, PAD) * of_targets
        real_TB = targets_TB != PAD
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
        logits_TBV, after = model(inputs_TB.to(model.device), state)
        if targets_TB is None:
            return 0.0, after
        logits_PV, targets_P = logits_TBV.flatten(0, 1), targets_TB.to(model.device).flatten()
        each = torch.nn.functional.cross_entropy(
            logits_PV, targets_P, reduction="none", ignore_index=PAD
        )
        return float(each.double().sum()), after

    def gates(self, model: CharModel, inputs_TB: Tensor, state: ModelState) -> dict[str, Tensor]:
        """The gates of every layer: see `ModelPass.gates`."""
        return gates_of(model, inputs_TB.to(model.device), state)

    def norm(self, values: Tensor) -> float:
        """The Euclidean norm: see `ModelPass.norm`."""
        return float(values.norm())
