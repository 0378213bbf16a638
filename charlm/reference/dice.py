"""The dice: random numbers that are counted, not drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charlm.reference.arrays import Vector

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF


def philox4x32(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al. 2011): four random words named by a counter and a key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _WORD, (p0 >> 32) ^ c3 ^ k1, p0 & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


def gumbel_noise(size: int, key: int, sample: int, position: int, slot: int) -> Vector:
    """The noise of ids 0 to size - 1: -log(-log u), u = ((word >> 9) + 0.5) 2^-23.

    key: the seed, exclusive-or the name of the dice (`charlm.dice`).
    """
    halves = (key & _WORD, key >> 32)
    words = [
        word
        for q in range(-(-size // 4))
        for word in philox4x32((sample, position, slot, q), halves)
    ]
    u = (np.array(words[:size], np.float64) // 512 + 0.5) * 2.0**-23
    return -np.log(-np.log(u))
