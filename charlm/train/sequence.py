"""A cell run over time: the readable loop, and a fast path with its backward written by hand.

Shapes: T times, B rows, H hidden units, G = gates x H. Both take x_TBG, the input's part of
the gates for all times, and give h_TBH and the last state. The fast path keeps the gates of
every time, walks back once, and leaves the weights' gradient to one product over all times at
the end, where autograd would do a small product per time. Tests hold the two equal. A cell that
has no fast path takes the loop.

`keep_TBH` masks the candidates of a cell that has one (`regularise.mask_of`).

Under autocast the products with the hidden weight are in its precision; states, gates and sums are
float32, so that a memory does not fade by rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from charlm.model.cells import Arrays, Cell, State, product_with

_TORCH = Arrays.of(torch)
# What a gate's sum gets from what the gate got: d * y * (1 - y), and d * (1 - y * y).
_through_sigmoid = torch.ops.aten.sigmoid_backward.grad_input
_through_tanh = torch.ops.aten.tanh_backward.grad_input


def run_cell_plainly(
    cell: Cell,
    x_TBG: Tensor,
    state: State,
    hidden_weight: Tensor | None,
    keep_TBH: Tensor | None = None,
) -> tuple[Tensor, State]:
    """The loop as one would write it; autograd does the rest."""
    h_TBH, product = [], product_with(hidden_weight)
    for t, x_BG in enumerate(x_TBG):
        keep_BH = None if keep_TBH is None else keep_TBH[t]
        state = cell.step(_TORCH, x_BG, state, product, keep_BH)
        h_TBH.append(state[0])
    return torch.stack(h_TBH), state


def run_cell(
    cell: Cell,
    x_TBG: Tensor,
    state: State,
    hidden_weight: Tensor | None,
    keep_TBH: Tensor | None = None,
) -> tuple[Tensor, State]:
    """The same, faster where it can be; differentiable once in x_TBG, state and hidden_weight."""
    if torch.is_autocast_enabled(kind := x_TBG.device.type):
        x_TBG = x_TBG.float()
        if hidden_weight is not None:
            hidden_weight = hidden_weight.to(torch.get_autocast_dtype(kind))
    fused = _FUSED.get(cell.name)
    if fused is None:
        return run_cell_plainly(cell, x_TBG, state, hidden_weight, keep_TBH)
    h_TBH, *others = fused.apply(x_TBG, *state, hidden_weight, keep_TBH)
    return h_TBH, (h_TBH[-1], *others)


def _before(h_TBH: Tensor, h0_BH: Tensor) -> Tensor:
    """The state each time started from, [T, B, H]."""
    return torch.cat([h0_BH.unsqueeze(0), h_TBH[:-1]])


def _add_product(x_BG: Tensor, h_BH: Tensor, weight_HG: Tensor, out: Tensor) -> Tensor:
    """x + h W into `out`; the product in the precision of the weight."""
    if weight_HG.dtype == x_BG.dtype:
        return torch.addmm(x_BG, h_BH, weight_HG, out=out)
    return torch.add(x_BG, h_BH.to(weight_HG.dtype) @ weight_HG, out=out)


def _product(d_BG: Tensor, weight_GH: Tensor, out: Tensor) -> Tensor:
    """d W into `out`; in the precision of the weight."""
    if weight_GH.dtype == d_BG.dtype:
        return torch.mm(d_BG, weight_GH, out=out)
    return out.copy_(d_BG.to(weight_GH.dtype) @ weight_GH)


def _weight_gradient(d_TBG: Tensor, input_TBH: Tensor, weight: Tensor) -> Tensor:
    """Sum over times and rows of the outer products: one product, [G, H], as the weight is."""
    d_RG, input_RH = (each.flatten(0, 1).to(weight.dtype) for each in (d_TBG, input_TBH))
    return d_RG.T @ input_RH


class _Rnn(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x_TBG: Tensor, h_BH: Tensor, weight: Tensor, keep_TBH: None
    ) -> tuple[Tensor]:
        h_TBH = torch.empty_like(x_TBG)
        h0_BH, weight_T = h_BH, weight.T
        for x_BG, out_BH in zip(x_TBG, h_TBH, strict=True):
            h_BH = torch.tanh(_add_product(x_BG, h_BH, weight_T, out_BH), out=out_BH)
        ctx.save_for_backward(h_TBH, h0_BH, weight)
        return (h_TBH,)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_TBH: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        h_TBH, h0_BH, weight = ctx.saved_tensors
        d_TBG = torch.empty_like(h_TBH)
        dh_BH = torch.zeros_like(h0_BH)
        for t in reversed(range(len(h_TBH))):
            _through_tanh(dh_BH.add_(grad_TBH[t]), h_TBH[t], grad_input=d_TBG[t])
            _product(d_TBG[t], weight, dh_BH)
        return d_TBG, dh_BH, _weight_gradient(d_TBG, _before(h_TBH, h0_BH), weight), None


class _Gru(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x_TBG: Tensor, h_BH: Tensor, weight: Tensor, keep_TBH: Tensor | None
    ) -> tuple[Tensor]:
        times, rows, size = x_TBG.shape[0], *h_BH.shape
        h0_BH, weight_zr_T, weight_n_T = h_BH, weight[: 2 * size].T, weight[2 * size :].T
        zr_TBG, n_TBH, reset_TBH, h_TBH = (
            x_TBG.new_empty(times, rows, k * size) for k in (2, 1, 1, 1)
        )
        for t in range(times):
            x_BG = x_TBG[t]
            zr_BG = _add_product(x_BG[:, : 2 * size], h_BH, weight_zr_T, zr_TBG[t]).sigmoid_()
            reset_BH = torch.mul(zr_BG[:, size:], h_BH, out=reset_TBH[t])
            n_BH = _add_product(x_BG[:, 2 * size :], reset_BH, weight_n_T, n_TBH[t]).tanh_()
            if keep_TBH is not None:
                n_BH = n_BH * keep_TBH[t]
            h_BH = torch.lerp(h_BH, n_BH, zr_BG[:, :size], out=h_TBH[t])
        ctx.save_for_backward(zr_TBG, n_TBH, reset_TBH, h_TBH, h0_BH, weight, keep_TBH)
        return (h_TBH,)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_TBH: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        zr_TBG, n_TBH, reset_TBH, h_TBH, h0_BH, weight, keep_TBH = ctx.saved_tensors
        size = h0_BH.shape[1]
        weight_zr, weight_n = weight[: 2 * size], weight[2 * size :]
        before_TBH = _before(h_TBH, h0_BH)
        d_TBG = grad_TBH.new_empty(*zr_TBG.shape[:2], 3 * size)
        dh_BH, dreset_BH = torch.zeros_like(h0_BH), torch.empty_like(h0_BH)
        for t in reversed(range(len(h_TBH))):
            z_BH, r_BH, n_BH = zr_TBG[t, :, :size], zr_TBG[t, :, size:], n_TBH[t]
            dz_BH, dr_BH, dn_BH = d_TBG[t].chunk(3, dim=1)
            dh_BH.add_(grad_TBH[t])
            torch.mul(dh_BH, z_BH, out=dn_BH)
            entered_BH = n_BH
            if keep_TBH is not None:
                entered_BH = n_BH * keep_TBH[t]
                dn_BH.mul_(keep_TBH[t])
            torch.sub(entered_BH, before_TBH[t], out=dz_BH).mul_(dh_BH)
            _through_sigmoid(dz_BH, z_BH, grad_input=dz_BH)
            _through_tanh(dn_BH, n_BH, grad_input=dn_BH)
            _product(dn_BH, weight_n, dreset_BH)
            torch.mul(dreset_BH, before_TBH[t], out=dr_BH)
            _through_sigmoid(dr_BH, r_BH, grad_input=dr_BH)
            dh_BH.addcmul_(dh_BH, z_BH, value=-1).addcmul_(dreset_BH, r_BH)
            _add_product(dh_BH, d_TBG[t, :, : 2 * size], weight_zr, dh_BH)
        dweight = torch.cat(
            [
                _weight_gradient(d_TBG[..., : 2 * size], before_TBH, weight),
                _weight_gradient(d_TBG[..., 2 * size :], reset_TBH, weight),
            ]
        )
        return d_TBG, dh_BH, dweight, None


class _Lstm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x_TBG: Tensor,
        h_BH: Tensor,
        c_BH: Tensor,
        weight: Tensor,
        keep_TBH: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        times, rows, size = x_TBG.shape[0], *h_BH.shape
        h0_BH, weight_T = h_BH, weight.T
        gates_TBG = torch.empty_like(x_TBG)
        tanh_c_TBH, h_TBH = (x_TBG.new_empty(times, rows, size) for _ in range(2))
        c_TBH = x_TBG.new_empty(times + 1, rows, size)  # the first is the one before any time
        c_TBH[0] = c_BH
        for t in range(times):
            gates_BG = _add_product(x_TBG[t], h_BH, weight_T, gates_TBG[t])
            if_BG, g_BH = (
                gates_BG[:, : 2 * size].sigmoid_(),
                gates_BG[:, 2 * size : 3 * size].tanh_(),
            )
            o_BH = gates_BG[:, 3 * size :].sigmoid_()
            c_BH = torch.mul(if_BG[:, size:], c_TBH[t], out=c_TBH[t + 1])
            if keep_TBH is not None:
                g_BH = g_BH * keep_TBH[t]
            c_BH.addcmul_(if_BG[:, :size], g_BH)
            h_BH = torch.mul(o_BH, torch.tanh(c_BH, out=tanh_c_TBH[t]), out=h_TBH[t])
        ctx.save_for_backward(gates_TBG, c_TBH, tanh_c_TBH, h_TBH, h0_BH, weight, keep_TBH)
        return h_TBH, c_TBH[-1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: Any, grad_TBH: Tensor, dc_BH: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        gates_TBG, c_TBH, tanh_c_TBH, h_TBH, h0_BH, weight, keep_TBH = ctx.saved_tensors
        d_TBG = torch.empty_like(gates_TBG)
        dh_BH, dc_BH, part_BH = torch.zeros_like(h0_BH), dc_BH.clone(), torch.empty_like(h0_BH)
        for t in reversed(range(len(h_TBH))):
            i_BH, f_BH, g_BH, o_BH = gates_TBG[t].chunk(4, dim=1)
            di_BH, df_BH, dg_BH, do_BH = d_TBG[t].chunk(4, dim=1)
            dh_BH.add_(grad_TBH[t])
            torch.mul(dh_BH, o_BH, out=part_BH)
            dc_BH.add_(_through_tanh(part_BH, tanh_c_TBH[t], grad_input=part_BH))
            torch.mul(dh_BH, tanh_c_TBH[t], out=do_BH)
            torch.mul(dc_BH, g_BH, out=di_BH)
            torch.mul(dc_BH, c_TBH[t], out=df_BH)
            torch.mul(dc_BH, i_BH, out=dg_BH)
            if keep_TBH is not None:
                di_BH.mul_(keep_TBH[t])
                dg_BH.mul_(keep_TBH[t])
            for d_BH, gate_BH in ((di_BH, i_BH), (df_BH, f_BH), (do_BH, o_BH)):
                _through_sigmoid(d_BH, gate_BH, grad_input=d_BH)
            _through_tanh(dg_BH, g_BH, grad_input=dg_BH)
            dc_BH.mul_(f_BH)
            _product(d_TBG[t], weight, dh_BH)
        dweight = _weight_gradient(d_TBG, _before(h_TBH, h0_BH), weight)
        return d_TBG, dh_BH, dc_BH, dweight, None


#: By the cell's name; each gives h_TBH and the last of every other state.
_FUSED: dict[str, type[torch.autograd.Function]] = {"rnn": _Rnn, "gru": _Gru, "lstm": _Lstm}
