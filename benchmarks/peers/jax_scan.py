"""The equations in JAX: many characters to a compiled scan."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from benchmarks.peers import BeamWriter, Ids, Peer, Writer
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS

State = list[tuple[Array, ...]]
CHUNK = 64  # characters that one call of the compiled function writes


class JaxModel:
    """Weights on the device, and one step over all layers."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config = checkpoint.config
        self.weights = {name: jnp.asarray(t) for name, t in checkpoint.tensors.items()}

    def zero_state(self, rows: int) -> State:
        parts = 2 if self.config.cell == "lstm" else 1
        zeros = jnp.zeros((rows, self.config.hidden_size))
        return [(zeros,) * parts for _ in range(self.config.layers)]

    def step(self, weights: dict[str, Array], ids: Array, state: State) -> tuple[Array, State]:
        """ids [rows] -> logits [rows, V] and the state after them."""
        x, after = weights["embedding"][ids], []
        for i, before in enumerate(state):
            names = ("input_weight", "hidden_weight", "bias")
            own = [weights.get(f"layers.{i}.{name}", 0.0) for name in names]
            cell = self._lstm if self.config.cell == "lstm" else self._gru
            after.append(cell(*own, x, *before))
            x = after[-1][0]
        return times(x, weights["output_weight"]) + weights["output_bias"], after

    def _lstm(self, w_x, w_h, bias, x, h, c):  # type: ignore[no-untyped-def]
        i, f, g, o = jnp.split(times(x, w_x) + times(h, w_h) + bias, 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    def _gru(self, w_x, w_h, bias, x, h):  # type: ignore[no-untyped-def]
        zr, n = jnp.split(times(x, w_x) + bias, [2 * h.shape[1]], 1)
        w_zr, w_n = jnp.split(w_h, [2 * h.shape[1]], 0)
        z, r = jnp.split(jax.nn.sigmoid(zr + times(h, w_zr)), 2, 1)
        return (h + z * (jnp.tanh(n + times(r * h, w_n)) - h),)


def times(x: Array, weight: Array) -> Array:
    """x [rows, inputs] weight [outputs, inputs] -> [rows, outputs], without a transposed copy."""
    return lax.dot_general(x, weight, (((1,), (1,)), ((), ())))


def nucleus_draw(logits_BV: Array, u_B: Array, top_p: float) -> Array:
    """One id per row from the nucleus, by its cumulated mass and a uniform number."""
    p_BV, order_BV = lax.top_k(jax.nn.softmax(logits_BV), logits_BV.shape[1])
    mass_BV = jnp.cumsum(p_BV, 1)
    kept_B = jnp.sum(jnp.where(mass_BV - p_BV < top_p, p_BV, 0), 1)
    place_B = jnp.sum(mass_BV < (u_B * kept_B)[:, None], 1)
    return jnp.take_along_axis(order_BV, place_B[:, None], 1)[:, 0]


class JaxScan(Peer):
    name = "JAX"

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer:
        model = JaxModel(checkpoint)

        @jax.jit
        def write_chunk(weights, ids, state, key):  # type: ignore[no-untyped-def]
            def advance(carry, u):  # type: ignore[no-untyped-def]
                logits, state = model.step(weights, *carry)
                ids = nucleus_draw(logits, u, top_p).astype(jnp.int32)
                return (ids, state), ids

            uniform = jax.random.uniform(key, (CHUNK, rows))
            return lax.scan(advance, (ids, state), uniform)

        def write(positions: int) -> Ids:
            carry = (jnp.full(rows, EOS, jnp.int32), model.zero_state(rows))
            written = []
            for chunk in range(-(-positions // CHUNK)):
                key = jax.random.fold_in(jax.random.key(0), chunk)
                carry, ids = write_chunk(model.weights, *carry, key)
                written.append(np.asarray(ids))
            return np.concatenate(written)[:positions].astype(np.int64)

        return write

    def beam_writer(self, checkpoint: Checkpoint) -> BeamWriter:
        model = JaxModel(checkpoint)
        V = checkpoint.config.vocabulary_size

        def search(weights, prompts, width, positions):  # type: ignore[no-untyped-def]
            P, K = len(prompts), width
            first = jnp.arange(P)[:, None] * K

            def feed(state, ids):  # type: ignore[no-untyped-def]
                logits, state = model.step(weights, ids, state)
                return state, logits

            def advance(carry, _):  # type: ignore[no-untyped-def]
                ids, scores, state = carry
                logits, state = model.step(weights, ids.reshape(-1), state)
                log_probs = jax.nn.log_softmax(logits).reshape(P, K, V)
                scores, best = lax.top_k((scores[..., None] + log_probs).reshape(P, -1), K)
                parents, ids = best // V, best % V
                state = jax.tree.map(lambda part: part[(parents + first).reshape(-1)], state)
                return (ids, scores, state), (parents, ids)

            def follow(slot, event):  # type: ignore[no-untyped-def]
                parents, ids = (jnp.take_along_axis(part, slot, 1) for part in event)
                return parents, ids[:, 0]

            state, logits = lax.scan(feed, model.zero_state(P), prompts.T)
            scores, ids = lax.top_k(jax.nn.log_softmax(logits[-1]), K)
            state = jax.tree.map(lambda part: jnp.repeat(part, K, 0), state)
            _, events = lax.scan(advance, (ids, scores, state), length=positions - 1)
            slot, text = lax.scan(follow, jnp.zeros((P, 1), jnp.int32), events, reverse=True)
            return jnp.concatenate([jnp.take_along_axis(ids, slot, 1), text.T], 1)

        compiled = jax.jit(search, static_argnums=(2, 3))

        def write(prompts: Ids, width: int, positions: int) -> Ids:
            found = compiled(model.weights, prompts.astype(np.int32), width, positions)
            return np.asarray(found).astype(np.int64)

        return write


PEERS = [JaxScan()]
