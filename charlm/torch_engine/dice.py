"""The dice on tensors: Philox4x32-10 in int64, word for word that of `charlm.reference`.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
import torch
from torch import Tensor

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF
_BLOCK = 16  # positions whose noise is made at once, where it is
_BLOCK_SIZE = 2**22  # numbers at most

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox4x32(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Four random words (Salmon et al. 2011) for every counter and key.

    All are int64 that hold 32 bits each.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        # The 64 bits of a product are right though int64 reads the top one as a sign.
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c2 = (p1 >> 32 & _WORD) ^ c1 ^ k0, (p0 >> 32 & _WORD) ^ c3 ^ k1
        c1, c3 = p1 & _WORD, p0 & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


def gumbel_noise(size: int, key: Tensor, sample: Tensor, position: Tensor, slot: Tensor) -> Tensor:
    """-log(-log u) of ids 0 to size - 1, float32 [..., size].

    key: its 64 bits as an int64 (`keys_of`). The axes of key and counters broadcast.
    """
    id4 = torch.arange(-(-size // 4), device=sample.device)
    low, high = key[..., None] & _WORD, key[..., None] >> 32 & _WORD
    words = philox4x32((sample[..., None], position[..., None], slot[..., None], id4), (low, high))
    # All four have the counters' full shape: every round mixes them.
    ordered = torch.stack(words, -1).flatten(-2)[..., :size]
    u = ((ordered >> 9).to(torch.float32) + 0.5) * 2.0**-23
    return -torch.log(-torch.log(u))


def keys_of(dice: Sequence[tuple[int, int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Keys (their bits as they are) and indices of the first samples of P prompts, int64 [P]."""
    keys = np.array([key for key, _ in dice], np.uint64).view(np.int64)
    samples = np.array([sample for _, sample in dice], np.int64)
    return torch.tensor(keys, device=device), torch.tensor(samples, device=device)


class Dice:
    """The noise of rows at coming positions, made a block at a time: no text is asked for it.

    key, sample, slot and position (of the first character that is drawn): [R], or [P, K] of beams.
    """

    def __init__(self, size: int, key: Tensor, sample: Tensor, position: Tensor, slot: Tensor):
        self._size, self._key = size, key
        self._counter = (sample, position, slot)
        self._first = 0
        self._block = torch.empty(0)

    @property
    def shape(self) -> torch.Size:
        """[R], or [P, K]."""
        return self._counter[0].shape

    def at(self, n: int, last: int) -> Tensor:
        """The noise [R, V] of the n-th character drawn, of `last` at most."""
        if not 0 <= n - self._first < len(self._block):
            sample, position, slot = self._counter
            count = _BLOCK_SIZE // (self._size * max(1, sample.numel()))
            count = max(1, min(count, _BLOCK, last - n))
            coming = torch.arange(n, n + count, device=sample.device)
            coming = position + coming.view(-1, *(1,) * position.dim())
            self._block = gumbel_noise(self._size, self._key, sample, coming, slot)
            self._first = n
        return self._block[n - self._first]

    def take(self, rows: Tensor) -> Dice:
        """The dice of these rows, going on where they are."""
        taken = copy(self)
        sample, position, slot = self._counter
        taken._key = self._key[rows]
        taken._counter = (sample[rows], position[rows], slot[rows])
        taken._block = self._block[:, rows] if len(self._block) else self._block
        return taken
