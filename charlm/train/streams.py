"""Continuous text: the batches of a text that is read as one stream.

The text is read by B readers, each in its own stretch, T characters at a time; the state is
carried from one batch to the next and the graph cut there (truncated back-propagation through
time). Every pass starts at another offset, so that the cuts fall elsewhere.
"""

from __future__ import annotations

import numpy as np
import torch

from charlm.train.dataset import Batch


class StreamBatches:
    """The batches of every pass over one text; the same for the same seed."""

    def __init__(self, ids: np.ndarray, rows: int, length: int, start_id: int, seed: int) -> None:
        # [start, ids]: the input of position p is entry p, its target entry p + 1.
        self._ids = np.concatenate([[start_id], ids]).astype(np.int64)
        self._characters, self._length, self._seed = len(ids), length, seed
        self.rows = max(1, min(rows, len(ids) // length))

    def count(self, epoch: int) -> int:
        """Batches in one pass."""
        return -(-self._stretch(self._offset(epoch)) // self._length)

    def batch(self, epoch: int, index: int) -> Batch:
        """One batch of one pass; the first is fresh."""
        offset = self._offset(epoch)
        stretch = self._stretch(offset)
        begin = index * self._length
        end = min(begin + self._length, stretch)
        firsts = offset + stretch * np.arange(self.rows)
        places_TB = np.arange(begin, end)[:, None] + firsts[None, :]
        return Batch(
            torch.from_numpy(self._ids[places_TB]),
            torch.from_numpy(self._ids[places_TB + 1]),
            index == 0,
        )

    def _offset(self, epoch: int) -> int:
        if epoch == 0:
            return 0
        most = min(self._length, self._characters // 10)
        return int(np.random.default_rng((self._seed, epoch)).integers(0, most + 1))

    def _stretch(self, offset: int) -> int:
        return (self._characters - offset) // self.rows
