"""Initial weights: functions of a seed and a weight's name, the same bits on every machine.

NumPy's Philox counts instead of drawing, and what is made of its words is exact: sums of integers,
and one rounding at the end. torch's own normal numbers differ between processors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

_TERMS = 12  # of a sum of uniform numbers whose variance is 1


def _words(seed: int, name: str, count: int) -> np.ndarray:
    """`count` words of 32 bits, as uint64."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
    words: np.ndarray = np.random.Philox(key=key).random_raw(count) >> np.uint64(32)
    return words


def uniform(seed: int, name: str, shape: Sequence[int], bound: float) -> np.ndarray:
    """Numbers in (-bound, bound), float32."""
    words = _words(seed, name, int(np.prod(shape)))
    values = (words.astype(np.float64) + 0.5) * 2.0**-31 - 1.0
    return (values * bound).astype(np.float32).reshape(shape)


def normal(seed: int, name: str, shape: Sequence[int]) -> np.ndarray:
    """About normal numbers, float32: the sum of 12 uniform ones, less 6 (none is beyond 6)."""
    words = _words(seed, name, _TERMS * int(np.prod(shape))).reshape(_TERMS, *shape)
    sums = words.sum(axis=0).astype(np.float64) + _TERMS / 2
    values: np.ndarray = (sums * 2.0**-32 - _TERMS / 2).astype(np.float32)
    return values
