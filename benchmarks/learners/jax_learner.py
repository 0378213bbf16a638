"""The model of one layer in JAX: a scan over time, the whole update one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from torch import Tensor

from benchmarks.models import E, Size, V
from charlm.model.cells import CELLS

Weights = dict[str, Array]
BETAS = 0.9, 0.99
RATE, DECAY, EPSILON = 0.001, 0.01, 1e-8


def lstm_step(state: tuple[Array, ...], x: Array, weight: Array) -> tuple[Array, ...]:
    """h and c after one time."""
    h, c = state
    i, f, g, o = jnp.split(x + h @ weight, 4, 1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru_step(state: tuple[Array, ...], x: Array, weight: Array) -> tuple[Array, ...]:
    """h after one time; the reset stands before the product."""
    (h,) = state
    H = h.shape[1]
    z, r = jnp.split(jax.nn.sigmoid(x[:, : 2 * H] + h @ weight[:, : 2 * H]), 2, 1)
    n = jnp.tanh(x[:, 2 * H :] + (r * h) @ weight[:, 2 * H :])
    return (h + z * (n - h),)


STEPS = {"gru": (gru_step, 1), "lstm": (lstm_step, 2)}


def loss_of(weights: Weights, ids: Array, cell: str) -> Array:
    """The mean loss on ids [T + 1, B]."""
    step, vectors = STEPS[cell]
    x = weights["embedding"][ids[:-1]] @ weights["input"] + weights["bias"]
    zero = jnp.zeros((ids.shape[1], len(weights["hidden"])))

    def advance(state: tuple[Array, ...], x: Array) -> tuple[tuple[Array, ...], Array]:
        state = step(state, x, weights["hidden"])
        return state, state[0]

    _, h = lax.scan(advance, (zero,) * vectors, x)
    log_p = jax.nn.log_softmax(h @ weights["output"] + weights["output_bias"])
    return -jnp.mean(jnp.take_along_axis(log_p, ids[1:, :, None], 2))


def jax_update(size: Size) -> Callable[[Tensor], None]:
    """An update of it, with AdamW and the clip written out."""
    H, gates = size.hidden_size, len(CELLS[size.cell].gates) * size.hidden_size
    shapes = {"embedding": (V, E), "input": (E, gates), "hidden": (H, gates), "output": (H, V)}
    keys = jax.random.split(jax.random.key(0), len(shapes))
    weights = {
        name: jax.random.normal(key, shape) * shape[0] ** -0.5
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    weights |= {"bias": jnp.zeros(gates), "output_bias": jnp.zeros(V)}
    each = jax.tree.map

    @jax.jit
    def update(held: Any, ids: Array) -> Any:
        weights, mean, square, step = held
        step = step + 1
        gradient = jax.grad(loss_of)(weights, ids, size.cell)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradient)))
        gradient = each(lambda g: g * jnp.minimum(1, 1 / (norm + 1e-6)), gradient)
        mean = each(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, mean, gradient)
        square = each(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, square, gradient)
        grown, rooted = 1 - BETAS[0] ** step, 1 - BETAS[1] ** step
        weights = each(
            lambda w, m, v: w * (1 - RATE * DECAY)
            - RATE * (m / grown) / (jnp.sqrt(v / rooted) + EPSILON),
            weights, mean, square,
        )  # fmt: skip
        return weights, mean, square, step

    zeros = each(jnp.zeros_like, weights)
    held = [(weights, zeros, zeros, 0.0)]

    def run(ids_TB: Tensor) -> None:
        held[0] = jax.block_until_ready(update(held[0], ids_TB.numpy()))

    return run
