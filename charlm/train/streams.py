"""Continuous text: the batches of a text that is read as one stream.

The text is read by B readers, each in its own stretch, T characters at a time; the state is
carried from one batch to the next and the graph cut there (truncated back-propagation through
time). Every pass starts at another offset, so that the cuts fall elsewhere.
"""

from __future__ import annotations

import numpy as np
import torch

from charlm.text.prepared import Ids
from charlm.train.dataset import Batch, Stream

_SHORT = 0.05  # share of the random lengths that are about half
_SPREAD = 5 / 70  # their standard deviation, of the length
_SHORTEST = 5


class StreamBatches:
    """The batches of every pass over one text; the same for the same seed.

    `random_length`: T varies as in Merity et al. 2018, section 5 (there for 70 characters, with
    a standard deviation of 5; here in proportion). Short batches take a smaller learning rate.
    """

    def __init__(
        self,
        ids: np.ndarray | Ids,
        rows: int,
        length: int,
        start_id: int,
        seed: int,
        random_length: bool = False,
    ) -> None:
        self._text = Stream(ids, start_id)
        self._characters, self._length, self._seed = len(ids), length, seed
        self._random_length = random_length
        self.rows = max(1, min(rows, len(ids) // length))
        self._plan: tuple[int, np.ndarray] = (-1, np.empty(0))

    def count(self, epoch: int) -> int:
        """Batches in one pass."""
        return len(self._cuts(epoch)) - 1

    def batch(self, epoch: int, index: int) -> Batch:
        """One batch of one pass; the first is fresh."""
        offset = self._offset(epoch)
        firsts = offset + self._stretch(offset) * np.arange(self.rows)
        begin, end = self._cuts(epoch)[index : index + 2]
        positions_TB = np.arange(begin, end)[:, None] + firsts[None, :]
        return Batch(
            torch.from_numpy(self._text.inputs(positions_TB)),
            torch.from_numpy(self._text.targets(positions_TB)),
            index == 0,
        )

    def _cuts(self, epoch: int) -> np.ndarray:
        """Where the batches of a pass begin in a reader's stretch, and the end of the last."""
        if self._plan[0] != epoch:
            stretch = self._stretch(self._offset(epoch))
            lengths = np.full(-(-stretch // self._length), self._length)
            if self._random_length:
                lengths = self._random_lengths(stretch, epoch)
            begins = np.concatenate([[0], np.cumsum(lengths)])
            self._plan = (epoch, np.append(begins[begins < stretch], stretch))
        return self._plan[1]

    def _random_lengths(self, stretch: int, epoch: int) -> np.ndarray:
        """Lengths that fill a stretch and more."""
        random = np.random.default_rng((self._seed, epoch, 1))
        shortest = min(_SHORTEST, self._length)
        count = -(-stretch // shortest)
        middles = np.where(random.random(count) < _SHORT, self._length / 2, self._length)
        lengths = random.normal(middles, _SPREAD * self._length).astype(np.int64)
        return np.maximum(lengths, shortest)

    def _offset(self, epoch: int) -> int:
        if epoch == 0:
            return 0
        spare = self._characters - self.rows  # beside one for each reader
        most = max(0, min(self._length, self._characters // 10, spare))
        return int(np.random.default_rng((self._seed, epoch)).integers(0, most + 1))

    def _stretch(self, offset: int) -> int:
        return (self._characters - offset) // self.rows
