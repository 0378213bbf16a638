"""The equations as plain loops over one text, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.typed import List
from numpy.typing import NDArray

from benchmarks.peers import Ids, Peer, Writer
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


@njit(fastmath=True)
def add_product(weight: Matrix, x: Vector, out: Vector) -> None:
    """out += weight x"""
    for i in range(weight.shape[0]):
        total = np.float32(0)
        for j in range(weight.shape[1]):
            total += weight[i, j] * x[j]
        out[i] += total


@njit(fastmath=True)
def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


@njit(fastmath=True)
def lstm(w_x: Matrix, w_h: Matrix, bias: Vector, x: Vector, h: Vector, c: Vector) -> None:
    gates = bias.copy()
    add_product(w_x, x, gates)
    add_product(w_h, h, gates)
    size = len(h)
    for k in range(size):
        i, f, o = sigmoid(gates[k]), sigmoid(gates[size + k]), sigmoid(gates[3 * size + k])
        c[k] = f * c[k] + i * np.tanh(gates[2 * size + k])
        h[k] = o * np.tanh(c[k])


@njit(fastmath=True)
def gru(w_x: Matrix, w_h: Matrix, bias: Vector, x: Vector, h: Vector, reset_h: Vector) -> None:
    gates = bias.copy()
    size = len(h)
    add_product(w_x, x, gates)
    add_product(w_h[: 2 * size], h, gates[: 2 * size])
    for k in range(size):
        reset_h[k] = sigmoid(gates[size + k]) * h[k]
    add_product(w_h[2 * size :], reset_h, gates[2 * size :])
    for k in range(size):
        h[k] += sigmoid(gates[k]) * (np.tanh(gates[2 * size + k]) - h[k])


@njit
def nucleus_draw(logits: Vector, top_p: float) -> int:
    p = np.exp(logits - logits.max())
    p /= p.sum()
    order = np.argsort(-p)
    mass, count = 0.0, 0
    while count < len(order) and mass < top_p:
        mass += p[order[count]]
        count += 1
    left = np.random.random() * mass
    for id in order[:count]:
        left -= p[id]
        if left <= 0:
            return id
    return order[count - 1]


@njit
def write_text(positions, is_lstm, embedding, layers, output, output_bias, top_p):  # type: ignore[no-untyped-def]
    """ids [positions] of one text."""
    size = output.shape[1]
    states = np.zeros((len(layers), 2, size), np.float32)  # h, and c or the GRU's r * h
    ids = np.empty(positions, np.int64)
    id = EOS
    for t in range(positions):
        x = embedding[id]
        for i in range(len(layers)):
            w_x, w_h, bias = layers[i]
            if is_lstm:
                lstm(w_x, w_h, bias, x, states[i, 0], states[i, 1])
            else:
                gru(w_x, w_h, bias, x, states[i, 0], states[i, 1])
            x = states[i, 0]
        logits = output_bias.copy()
        add_product(output, x, logits)
        id = nucleus_draw(logits, top_p)
        ids[t] = id
    return ids


class NumbaLoop(Peer):
    name = "numba"

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer | None:
        config, tensors = checkpoint.config, checkpoint.tensors
        if rows != 1:
            return None
        layers = List()
        for i in range(config.layers):
            w_x, w_h = (tensors[f"layers.{i}.{kind}_weight"] for kind in ("input", "hidden"))
            bias = tensors.get(f"layers.{i}.bias", np.zeros(len(w_x), np.float32))
            layers.append((w_x, w_h, bias))
        rest = (tensors["embedding"], layers, tensors["output_weight"], tensors["output_bias"])

        def write(positions: int) -> Ids:
            return write_text(positions, config.cell == "lstm", *rest, top_p)[:, None]

        return write


PEERS = [NumbaLoop()]
