"""The functions of arrays that a model needs, in NumPy and in double precision.

V vocabulary
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from charlm.model.cells import Arrays

Vector = NDArray[np.float64]


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def log_softmax(logits: Vector) -> Vector:
    """log(exp(logits) / sum exp(logits)), [V]."""
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


#: What the equations of the cells ask for.
NUMPY = Arrays(sigmoid, np.tanh, np.where)
