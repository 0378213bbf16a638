"""Against learning by heart: what is hidden, shared or paid for while a model learns.

None of it is in the checkpoint: a model that was trained with it writes without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from charlm.options.train_config import TrainConfig
from charlm.train.dataset import OwnRows


@dataclass(frozen=True)
class Regularisers:
    """What acts while learning; every default is "not at all".

    `dropout`: share of the numbers hidden, of the embedding, between layers and on the last
    output (Srivastava et al. 2014; Zaremba et al. 2014). `locked`: the same numbers at all
    times of a batch (Gal and Ghahramani 2016).
    `embedding_dropout`: share of the characters whose whole embedding is hidden (the same).
    `weight_dropout`: share of the recurrent weights hidden for a batch (Wan et al. 2013; Merity
    et al. 2018). `recurrent_dropout`: share of the candidates (`Cell.candidate`) that do not
    enter the state at a time (Semeniuta et al. 2016).
    `tied`: the output weights are the embedding (Press and Wolf 2017).
    """

    dropout: float = 0.0
    locked: bool = False
    embedding_dropout: float = 0.0
    weight_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    tied: bool = False

    @classmethod
    def of(cls, options: TrainConfig) -> Regularisers:
        """Those that the options of a training ask for."""
        return cls(
            options.dropout,
            options.locked_dropout,
            options.embedding_dropout,
            options.weight_dropout,
            options.recurrent_dropout,
            options.tied,
        )


class Dropout(nn.Module):
    """Hides a share p of x_TBI and scales the rest by 1 / (1 - p)."""

    def __init__(self, p: float, locked: bool) -> None:
        super().__init__()
        self.p, self.locked = p, locked

    def forward(self, x_TBI: Tensor, part: OwnRows | None = None) -> Tensor:
        """The same numbers at all times when locked, others at each time when not.

        part: what the rows are a part of. The masks are those of the whole batch.
        """
        if part is None and not self.locked:
            return functional.dropout(x_TBI, self.p, self.training)
        if not (self.training and self.p):
            return x_TBI
        return x_TBI * mask_of(x_TBI[:1] if self.locked else x_TBI, self.p, part)


def drop_characters(embedding_VE: Tensor, p: float) -> Tensor:
    """The embedding with a share p of its rows 0 and the others scaled by 1 / (1 - p)."""
    return embedding_VE * functional.dropout(embedding_VE.new_ones(len(embedding_VE), 1), p)


def mask_of(x_TBI: Tensor, p: float, part: OwnRows | None = None) -> Tensor:
    """0 for a share p of the numbers, 1 / (1 - p) for the others; drawn anew at each time.

    part: what the rows are a part of. It is drawn for all of that batch, by every process alike.
    """
    if part is None:
        return functional.dropout(torch.ones_like(x_TBI), p)
    times, rows, size = x_TBI.shape
    whole_TBI = functional.dropout(x_TBI.new_ones(times, part.rows, size), p)
    first = min(part.first, part.rows - rows)  # of a part without rows it does not matter
    return whole_TBI[:, first : first + rows]


def activation_penalty(output_TBH: Tensor, real_TB: Tensor) -> Tensor:
    """Mean square of the last layer's output, as dropout left it (AR).

    Merity, McCann and Socher 2017. Both penalties are scalars: means over units and over real
    targets (`real_TB`), so that padding costs nothing.
    """
    return output_TBH[real_TB].square().mean()


def slowness_penalty(h_TBH: Tensor, real_TB: Tensor) -> Tensor:
    """Mean square of h_t - h_(t-1) of the last layer (TAR, the same); 0 for a single time."""
    change = (h_TBH[1:] - h_TBH[:-1])[real_TB[1:]]
    return change.square().mean() if len(change) else h_TBH.new_zeros(())
