"""The optimisers: what a gradient does to the weights."""

from __future__ import annotations

from typing import Any

import torch

from charlm.train.model import CharModel

_BETAS = (0.9, 0.99)


def make_optimiser(options: Any, model: CharModel) -> torch.optim.Optimizer:
    """The optimiser that the options name, over every weight of the model.

    adamw   Adam with the decay of the weights outside its moments (Loshchilov and Hutter
            2019), betas 0.9 and 0.99
    sgd     stochastic gradient descent with Nesterov's momentum (Sutskever et al. 2013)
    """
    weights, rate, decay = model.parameters(), options.learning_rate, options.weight_decay
    if options.optimiser == "adamw":
        return torch.optim.AdamW(weights, lr=rate, betas=_BETAS, weight_decay=decay)
    momentum = options.momentum
    return torch.optim.SGD(
        weights, lr=rate, momentum=momentum, weight_decay=decay, nesterov=momentum > 0
    )
