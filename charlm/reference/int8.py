"""int8 in plain NumPy: what enters a product is rounded, all else is as before.

A weight is q times its output's scale and a state p 127ths, q and p whole numbers up to 127. The
engine adds q p as integers and multiplies the sum by scale / 127. In float64 such sums are exact
too, so here a weight is kept as q * (scale / 127) and a state enters as p.

V vocabulary, L layers, G*H outputs of a layer's product, K its inputs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from charlm.reference.arrays import Vector
    from charlm.reference.margin import Margin


def rounded_weights(tensors: Mapping[str, NDArray[np.float32]], layers: int) -> dict[str, Vector]:
    """All weights; those that meet a state, [G*H, K] and [V, H], as q * (scale / 127).

    The input weights of layer 0 are not among them: they meet embeddings, which are not rounded.
    """
    weights = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    products = [["layers.0.hidden_weight"], ["output_weight"]]
    for layer in range(1, layers):
        products.append([f"layers.{layer}.input_weight", f"layers.{layer}.hidden_weight"])
    for product in products:
        names = [name for name in product if name in tensors]  # not every cell has a hidden weight
        if not names:
            continue
        largest = np.max([np.abs(tensors[name]).max(axis=1) for name in names], axis=0)
        # In float32, as the engine has it; a row of zeros has a scale too.
        scale = np.maximum(largest / np.float32(127), np.finfo(np.float32).tiny)[:, None]
        for name in names:
            q = np.rint(tensors[name] / scale)
            weights[name] = q.astype(np.float64) * (scale / np.float32(127))
    return weights


def rounded_state(h: Vector, margin: Margin) -> Vector:
    """p: the nearest whole number of 127ths, ties to even. margin: how near a tie was, in them."""
    exact = 127 * np.clip(h, -1, 1)
    p = np.rint(exact)
    margin.between(0.5, np.abs(exact - p))
    return np.asarray(p)
