"""The optimisers: what a gradient does to the weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE
from charlm.train import native
from charlm.train.model import CharModel

_BETAS = (0.9, 0.99)


#: What an optimiser remembers of each weight: "step" is one number, the rest is as the weight is.
_REMEMBERED = {"adamw": {"step", "exp_avg", "exp_avg_sq"}, "sgd": {"momentum_buffer"}}


def remembered(optimiser: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """What it has learned of each weight, by the weight's number."""
    state = optimiser.state_dict()["state"]
    return {
        number: {name: value for name, value in of_one.items() if isinstance(value, Tensor)}
        for number, of_one in state.items()
    }


def remember(
    optimiser: torch.optim.Optimizer, name: str, values: Mapping[int, Mapping[str, Tensor]]
) -> None:
    """Take up what `remembered` gave; `name`: of the optimiser. Raises ValueError."""
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    if values and values.keys() != set(range(len(weights))):
        raise ValueError(f"the optimiser knows {len(values)} weights of {len(weights)}")
    for number, of_one in values.items():
        if of_one.keys() != _REMEMBERED[name]:
            raise ValueError(f"the optimiser remembers {', '.join(sorted(of_one))[:60]}")
        for what, value in of_one.items():
            shape = () if what == "step" else tuple(weights[number].shape)
            if tuple(value.shape) != shape:
                raise ValueError(f"optimiser {number} {what}: {tuple(value.shape)}, not {shape}")
            if what == "step" and value < 0:
                raise ValueError(f"optimiser {number} is at step {value.item():g}")
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": dict(values), "param_groups": groups})


def make_optimiser(options: TrainConfig, model: CharModel) -> torch.optim.Optimizer:
    """The optimiser that the options name, over every weight of the model.

    adamw   Adam with the decay of the weights outside its moments (Loshchilov and Hutter
            2019), betas 0.9 and 0.99
    sgd     stochastic gradient descent with Nesterov's momentum (Sutskever et al. 2013)
    """
    weights, rate, decay = model.parameters(), options.learning_rate, options.weight_decay
    natively = options.sequence == NATIVE
    if options.optimiser == "adamw":
        adamw = native.NativeAdamW if natively else torch.optim.AdamW
        return adamw(weights, lr=rate, betas=_BETAS, weight_decay=decay)
    momentum = options.momentum or 0.0
    if natively:
        return native.NativeSGD(weights, lr=rate, momentum=momentum, weight_decay=decay)
    return torch.optim.SGD(
        weights, lr=rate, momentum=momentum, weight_decay=decay, nesterov=momentum > 0
    )


def clip(options: TrainConfig, model: CharModel) -> float:
    """Scale the gradients to a norm of at most `clip`; returns the norm that they had."""
    if options.sequence == NATIVE:
        return native.clip(model.parameters(), options.clip)
    return float(torch.nn.utils.clip_grad_norm_(model.parameters(), options.clip))
