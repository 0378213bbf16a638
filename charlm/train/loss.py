"""The loss: nats per real target."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def masked_cross_entropy(output: Tensor, target: Tensor, padcar: int) -> Tensor:
    """Mean of -log p(target) over the targets that are not `padcar`; a scalar.

    output: logits [..., V]; target: ids [...]. The binary mask (1 for a real target, 0 for
    padding) is multiplied in, so padding adds nothing to the loss and gets no gradient.
    """
    each = functional.cross_entropy(output.flatten(0, -2), target.flatten(), reduction="none")
    mask = (target.flatten() != padcar).to(each.dtype)
    return (each * mask).sum() / torch.clamp(mask.sum(), min=1)
