"""Examples as ids, and batches of examples of like length.

A batch is [T, B]. Its targets are the examples with EOS behind and PAD behind that; its
inputs are the targets one time later, [start; targets[:-1]], so that the first character is
a target too and an empty prompt means something.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from charlm.text.prepared import Ids, Part
from charlm.text.vocabulary import EOS, PAD, Vocabulary

# Sorted by length together: enough examples, and enough batches, for like lengths to meet.
_POOL = 4096
_POOL_BATCHES = 128


class Item(NamedTuple):
    """One example: its ids (int64), and whether EOS follows them."""

    ids: Tensor
    ends: bool = True


class OwnRows(NamedTuple):
    """What rows are a part of: a batch of `rows`, which begin with number `first` of them.

    targets, changes: real targets of that whole batch, in all and behind the first time.
    """

    first: int
    rows: int
    targets: int
    changes: int


class Batch(NamedTuple):
    """Inputs and targets [T, B]. `fresh`: it starts from the zero state, not from the last.

    part: where it is some rows of a batch, the rest of which other processes have.
    """

    inputs_TB: Tensor
    targets_TB: Tensor
    fresh: bool
    part: OwnRows | None = None

    def rows(self, first: int, end: int) -> Batch:
        """Some of the rows. Of none it is the first, all padding: so every part can be learned."""
        real_TB = self.targets_TB != PAD
        part = OwnRows(first, real_TB.shape[1], int(real_TB.sum()), int(real_TB[1:].sum()))
        inputs_TB, targets_TB = (ids[:, first:end] for ids in (self.inputs_TB, self.targets_TB))
        if first == end:
            inputs_TB, targets_TB = (
                self.inputs_TB[:, :1],
                torch.full_like(real_TB[:, :1], PAD, dtype=torch.int64),
            )
        return Batch(inputs_TB, targets_TB, self.fresh, part)

    def shares(self) -> tuple[float, float]:
        """Of the whole batch's real targets, and of those behind the first time, what is here."""
        if self.part is None:
            return 1.0, 1.0
        real_TB = self.targets_TB != PAD
        targets, changes = int(real_TB.sum()), int(real_TB[1:].sum())
        return targets / self.part.targets, changes / max(self.part.changes, 1)


class Stream:
    """A continuous text: at position p the target is its id p, the input the one before it."""

    def __init__(self, ids: np.ndarray | Ids, start_id: int) -> None:
        self._ids, self._start_id = ids, start_id

    def __len__(self) -> int:
        return len(self._ids)

    def inputs(self, positions: np.ndarray) -> np.ndarray:
        """The inputs at positions from 0 on, int64; the first is the start id."""
        return np.where(positions == 0, self._start_id, self.targets(np.maximum(positions, 1) - 1))

    def targets(self, positions: np.ndarray) -> np.ndarray:
        """The targets at positions, int64; PAD behind the end."""
        inside = self._ids[np.minimum(positions, len(self) - 1)]
        return np.where(positions < len(self), inside, PAD).astype(np.int64, copy=False)


class TextDataset(Dataset[Item]):
    """Examples of a text as ids, which lie where the part has them: in memory or in a file."""

    def __init__(self, part: Part, vocabulary: Vocabulary) -> None:
        self._ids, self._part = part.ids(vocabulary), part

    def __len__(self) -> int:
        return len(self._part)

    def __getitem__(self, index: int) -> Item:
        begin, end = self._part.offsets[index : index + 2]
        return Item(torch.from_numpy(self._ids[begin:end]), bool(self._part.ends[index]))

    def lengths(self) -> np.ndarray:
        """Targets of each example, EOS included."""
        return np.diff(self._part.offsets) + self._part.ends


def encode(text: str, vocabulary: Vocabulary) -> np.ndarray:
    """The ids of a long text whose characters are all known, int32; as `string2code`, faster."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    table = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int32)
    for character, id in vocabulary.to_id.items():
        if ord(character) < len(table):
            table[ord(character)] = id
    return table[codes]


def pad_collate_fn(items: Sequence[Item | Tensor]) -> Tensor:
    """Examples -> targets [T, B]: EOS appended, PAD behind. A plain tensor of ids ends."""
    rows = []
    for item in items:
        ids, ends = item if isinstance(item, Item) else Item(item)
        rows.append(torch.cat([ids, ids.new_tensor([EOS])]) if ends else ids)
    return pad_sequence(rows, padding_value=PAD)


def make_batch(targets_TB: Tensor, start_id: int) -> Batch:
    """Targets with the inputs that ask for them."""
    start_1B = targets_TB.new_full((1, targets_TB.shape[1]), start_id)
    return Batch(torch.cat([start_1B, targets_TB[:-1]]), targets_TB, True)


class ExampleBatches:
    """The batches of every pass over a dataset; the same for the same seed.

    A batch takes examples of like length until rows x longest reaches `positions`, so that
    every batch costs about the same and little of it is padding.
    """

    def __init__(self, dataset: TextDataset, positions: int, start_id: int, seed: int) -> None:
        self._dataset, self._positions, self._start_id = dataset, positions, start_id
        self._seed = seed
        self._plan: tuple[int, list[np.ndarray]] = (-1, [])

    def count(self, epoch: int) -> int:
        """Batches in one pass."""
        return len(self._planned(epoch))

    def batch(self, epoch: int, index: int) -> Batch:
        """One batch of one pass."""
        rows = self._planned(epoch)[index]
        targets_TB = pad_collate_fn([self._dataset[int(row)] for row in rows])
        return make_batch(targets_TB, self._start_id)

    def _planned(self, epoch: int) -> list[np.ndarray]:
        if self._plan[0] != epoch:
            random = np.random.default_rng((self._seed, epoch))
            plan = list(bucket(self._dataset.lengths(), self._positions, random))
            self._plan = (epoch, [plan[i] for i in random.permutation(len(plan))])
        return self._plan[1]


def bucket(
    lengths: np.ndarray, positions: int, random: np.random.Generator | None = None
) -> Iterator[np.ndarray]:
    """Indices of batches with rows x longest <= `positions` (at least one row each).

    With `random`, which examples meet changes; without, all are sorted.
    """
    pool = len(lengths)
    if random:
        pool = max(_POOL, int(_POOL_BATCHES * positions / lengths.mean()))
    order = random.permutation(len(lengths)) if random else np.arange(len(lengths))
    if lengths.max(initial=0) <= np.iinfo(np.uint16).max:  # sorted alike, in a third of the time
        lengths = lengths.astype(np.uint16)
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        longest, first = lengths[part].tolist(), 0
        while first < len(part):
            last = _end(longest, first, positions)
            yield part[first:last]
            first = last


def _end(lengths: list[int], first: int, positions: int) -> int:
    """The end of the batch that begins at `first`; lengths rise, and so does what it takes."""

    def taken(last: int) -> int:
        return (last + 1 - first) * lengths[last]

    return bisect_right(range(len(lengths)), positions, lo=first + 1, key=taken)
