"""The units of a text, one behind the other in a file, and the pieces that are its examples.

Of a unit, and of a piece, some 13 bytes stay in memory; no text, and no object of Python's.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.text.long_text import CodeFile, Codes, Room, Scratch, batches

_DIGEST = 16  # bytes of a hash: two of 10^9 units are alike by chance once in 10^21 texts
_AT_ONCE = 1 << 20  # hashes that are compared together, about; units that are cut together
_STEP = 1 << 20  # characters that are copied at once
Lengths = NDArray[np.int32]


class Pieces:
    """Pieces of a text that lies in a file: where each begins, its length, whether it ends."""

    def __init__(
        self,
        text: CodeFile,
        begins: NDArray[np.int64],
        lengths: NDArray[Any],
        ends: NDArray[np.bool_],
    ) -> None:
        self.begins, self.lengths, self.ends = begins, lengths, ends
        self.text = text

    def __len__(self) -> int:
        return len(self.begins)

    def __getitem__(self, place: int) -> str:
        begin = int(self.begins[place])
        return self.text.text(begin, begin + int(self.lengths[place]))

    def length(self, begin: int, end: int) -> int:
        """Characters of the pieces from `begin` up to before `end`."""
        return int(self.lengths[begin:end].sum(dtype=np.int64))

    def at(self, places: NDArray[np.int64]) -> Pieces:
        """Some of them."""
        return Pieces(self.text, self.begins[places], self.lengths[places], self.ends[places])

    def codes(self, begin: int, end: int) -> Iterator[Codes]:
        """The characters of the pieces from `begin` up to before `end`, as numbers."""
        while begin < end:
            first, length = int(self.begins[begin]), int(self.lengths[begin])
            if length >= _STEP:
                yield from self.text.steps(first, first + length)
                begin += 1
                continue
            ahead = begin + int(np.searchsorted(self.begins[begin:end], first + _STEP))
            while int(self.begins[ahead - 1]) + int(self.lengths[ahead - 1]) > first + _STEP:
                ahead -= 1
            yield self._between(begin, ahead)
            begin = ahead

    def _between(self, begin: int, end: int) -> Codes:
        """The same of pieces that lie near each other; what lies between them is left out."""
        begins = self.begins[begin:end] - self.begins[begin]
        lengths = self.lengths[begin:end].astype(np.int64)
        first, size = int(self.begins[begin]), int(begins[-1] + lengths[-1])
        codes, wanted = self.text.codes(first, first + size), int(lengths.sum())
        if wanted == size:
            return codes
        before = np.cumsum(lengths) - lengths
        return codes[np.repeat(begins - before, lengths) + np.arange(wanted)]


class Units:
    """The units of a text in their order. found: how many there were before repeats went."""

    def __init__(self, room: Room, units: Iterable[str], once: bool = False) -> None:
        """`once`: a unit that is there already is left out."""
        self.text, hashes, lengths = CodeFile(room), room.file(), array("i")
        for some in batches(units):
            self.text.append("".join(some))
            lengths.extend(map(len, some))
            if once:
                hashes.write(b"".join(map(_hash, some)))
        self.found = len(lengths)
        self.lengths: Lengths = np.frombuffer(lengths, np.int32)
        self._begins = np.zeros(self.found, np.int64)
        np.cumsum(self.lengths[:-1], out=self._begins[1:])
        if once:
            first = _first_ones(hashes, self.found)
            self.lengths, self._begins = self.lengths[first], self._begins[first]
        hashes.close()

    def __len__(self) -> int:
        return len(self.lengths)

    def count(self, size: int) -> int:
        """How many pieces of at most `size` characters they make; 0: each is one."""
        return int(_counts(self.lengths, size).sum())

    def pieces(self, size: int) -> Pieces:
        """Those pieces, of which the last of each unit ends."""
        total = self.count(size)
        begins, lengths = np.empty(total, np.int64), np.empty(total, np.int32)
        ends, done = np.empty(total, np.bool_), 0
        for start in range(0, len(self), _AT_ONCE):
            of = slice(start, start + _AT_ONCE)
            counts = _counts(self.lengths[of], size)
            number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            to = slice(done, done + len(number))
            begins[to] = np.repeat(self._begins[of], counts) + number * size
            rest = np.repeat(self.lengths[of], counts) - number * size
            lengths[to], ends[to] = np.minimum(rest, size or rest), rest <= (size or rest)
            done += len(number)
        return Pieces(self.text, begins, lengths, ends)

    def firsts(self, size: int) -> NDArray[np.int64]:
        """The place of the first piece of each unit, and behind the last of all."""
        return np.concatenate([[0], np.cumsum(_counts(self.lengths, size))])


def _counts(lengths: Lengths, size: int) -> NDArray[np.int64]:
    return -(-lengths.astype(np.int64) // size) if size else np.ones(len(lengths), np.int64)


def _hash(unit: str) -> bytes:
    data = unit.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()


def _first_ones(hashes: Scratch, count: int) -> NDArray[np.bool_]:
    """Which of so many units are not repeats of one before, by their hashes.

    Those that fall into one of several parts are compared together, so that few are in memory.
    """
    first, parts = np.zeros(count, np.bool_), count // _AT_ONCE + 1
    for part in range(parts):
        places, found = [np.empty(0, np.int64)], [np.empty((0, 2), "<u8")]
        for begin in range(0, count, _AT_ONCE):
            read = hashes.read(begin * _DIGEST, _AT_ONCE * _DIGEST)
            pairs = np.frombuffer(read, "<u8").reshape(-1, 2)
            mine = np.flatnonzero(pairs[:, 0] % parts == part)
            places.append(mine + begin)
            found.append(pairs[mine])
        together = np.concatenate(found)
        order = np.lexsort(together.T)  # keeps those that are alike in their order
        together = together[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (together[1:] != together[:-1]).any(axis=1)
        first[np.concatenate(places)[order[new]]] = True
    return first
