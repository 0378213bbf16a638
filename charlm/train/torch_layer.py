"""LSTM and RNN as torch's own layers compute them, by cuDNN on a GPU: with the same weights.

One call takes a layer over all times, where the loop of `charlm.train.sequence` launches several
kernels for each. Torch stacks the gates of an LSTM as i, f, g, o too; it adds two biases, the
second of which is 0 here.

Shapes: T times, B rows, I inputs, H hidden units, G = gates x H.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from charlm.model.cells import Cell, State

_LAYERS: dict[str, Callable[..., Any]] = {"rnn": torch._VF.rnn_tanh, "lstm": torch._VF.lstm}


def has_layer(cell: Cell, recurrent_dropout: float) -> bool:
    """Whether torch has a layer that computes this: of an RNN or LSTM, nothing hidden inside.

    torch's GRU resets behind its product, which is another equation (docs/course.md), and the
    minimal cells it has not. Recurrent dropout reaches into a cell at every time. Dropout between
    layers stands outside, and a recurrent weight that is hidden for a batch is a weight like
    others.
    """
    return cell.name in _LAYERS and not recurrent_dropout


def run_layer(
    cell: Cell,
    x_TBI: Tensor,
    state: State,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor | None,
) -> tuple[Tensor, State]:
    """The outputs h_TBH and the state after, in float32 under autocast too.

    For cuDNN knows bfloat16 only from its version 9.13 on, and then carries the state in it.
    """
    weights = [input_weight, hidden_weight]
    if bias is not None:
        weights += [bias, torch.zeros_like(bias)]
    before = [vector.unsqueeze(0).contiguous() for vector in state]
    learns = torch.is_grad_enabled()
    with torch.autocast(x_TBI.device.type, enabled=False), warnings.catch_warnings():
        # cuDNN wants all weights in one piece of memory. It copies ours, in no time beside the
        # update, and complains each time.
        warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
        h_TBH, *after = _LAYERS[cell.name](
            x_TBI.to(input_weight.dtype),
            before if len(before) > 1 else before[0],
            weights,
            bias is not None,
            1,  # layers
            0.0,  # dropout between them
            learns,
            False,  # not in both directions
            False,  # times first
        )
    return h_TBH, tuple(vector.squeeze(0) for vector in after)
