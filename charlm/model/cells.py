"""One step of each cell on torch tensors: the equations, and nothing else.

Shapes: B rows, H hidden units, G = gates x H stacked in the order of `config.GATES`. `x_BG`
is what the input adds to the gates, W_x x_t + b, computed outside for all times at once, so
that a loop over time holds only what must be sequential. `hidden_weight` [G, H] multiplies
the previous h (for the GRU's candidate: r * h). Written [W_x | W_h] side by side, these are
the W . [h, x] of the equations.

`keep_BH`, if given, multiplies the candidate (n, g) before it enters the state: the mask of
recurrent dropout (Semeniuta et al. 2016), which only training uses.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

State = tuple[Tensor, ...]
Step = Callable[..., State]


def rnn_step(x_BG: Tensor, state: State, hidden_weight: Tensor) -> State:
    """Elman's cell.

    h' = tanh(W [h, x] + b)
    """
    (h_BH,) = state
    return (torch.tanh(x_BG + h_BH @ hidden_weight.T),)


def gru_step(
    x_BG: Tensor, state: State, hidden_weight: Tensor, keep_BH: Tensor | None = None
) -> State:
    """Gated recurrent unit (Cho et al. 2014); the reset gate acts before the product.

    z  = sigmoid(W_z [h, x])
    r  = sigmoid(W_r [h, x])
    n  = tanh(W_n [r * h, x])
    h' = (1 - z) * h + z * n
    """
    (h_BH,) = state
    size = h_BH.shape[1]
    weight_zr, weight_n = hidden_weight[: 2 * size], hidden_weight[2 * size :]
    zr_BG = torch.sigmoid(x_BG[:, : 2 * size] + h_BH @ weight_zr.T)
    z_BH, r_BH = zr_BG.chunk(2, dim=1)
    n_BH = torch.tanh(x_BG[:, 2 * size :] + (r_BH * h_BH) @ weight_n.T)
    if keep_BH is not None:
        n_BH = n_BH * keep_BH
    return ((1 - z_BH) * h_BH + z_BH * n_BH,)


def lstm_step(
    x_BG: Tensor, state: State, hidden_weight: Tensor, keep_BH: Tensor | None = None
) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber; with a forget gate).

    i  = sigmoid(W_i [h, x] + b_i)
    f  = sigmoid(W_f [h, x] + b_f)
    g  = tanh(W_C [h, x] + b_C)
    o  = sigmoid(W_o [h, x] + b_o)
    c' = f * c + i * g
    h' = o * tanh(c')
    """
    h_BH, c_BH = state
    i_BH, f_BH, g_BH, o_BH = (x_BG + h_BH @ hidden_weight.T).chunk(4, dim=1)
    i_BH, f_BH, o_BH = torch.sigmoid(i_BH), torch.sigmoid(f_BH), torch.sigmoid(o_BH)
    g_BH = torch.tanh(g_BH)
    if keep_BH is not None:
        g_BH = g_BH * keep_BH
    c_BH = f_BH * c_BH + i_BH * g_BH
    return (o_BH * torch.tanh(c_BH), c_BH)


STEPS: dict[str, Step] = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}


def zero_state(cell: str, rows: int, like: Tensor, size: int) -> State:
    """The state before any text: (h,), and c for an LSTM, of zeros [rows, size]."""
    return tuple(like.new_zeros(rows, size) for _ in range(2 if cell == "lstm" else 1))
