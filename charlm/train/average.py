"""A moving average of the weights, which often writes better than the last of them."""

from __future__ import annotations

import copy

import torch

from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE
from charlm.train.model import CharModel
from charlm.train.native import approach


class Average:
    """The exponential moving average of a model's weights (Polyak and Juditsky 1992).

        a = d a + (1 - d) w,   d = min(decay, (1 + step) / (10 + step))

    The smaller d of the first steps forgets the weights that training began with. `model` is
    a model with the averaged weights, to measure and to save.
    """

    def __init__(self, model: CharModel, options: TrainConfig) -> None:
        self.decay, self._native = options.average, options.sequence == NATIVE
        self.model = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, model: CharModel, step: int) -> None:
        """Take in the weights after update number `step`, counted from 1."""
        kept = min(self.decay, (1 + step) / (10 + step))
        for mean, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            if self._native:
                approach(mean, weight, 1 - kept)
            else:
                mean.lerp_(weight, 1 - kept)
