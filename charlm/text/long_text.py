"""Texts that may be longer than memory: their characters numbered as they come, in a file.

A character takes one byte there while up to 256 different ones were met, else two, else four. The
file has no name: whatever ends the process, nothing of it stays. What is short is in memory.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from charlm.text.vocabulary import Vocabulary

#: Numbers of characters, of any width.
Codes = NDArray[np.integer[Any]]
#: Bytes up to which what is prepared stays in memory.
IN_MEMORY = 16_000_000
_STEP = 1 << 20  # numbers that are read at once


def narrowest(count: int) -> np.dtype[Any]:
    """The type that holds the numbers below `count`: of one byte, of two, of four."""
    return np.dtype("u1" if count <= 1 << 8 else "<u2" if count <= 1 << 16 else "<u4")


class Alphabet:
    """The characters that were met, numbered from 0 as they came."""

    def __init__(self) -> None:
        self._number_of = np.empty(0, np.int32)  # by code point; -1: not met
        self._points = np.empty(0, "<u4")

    def __len__(self) -> int:
        return len(self._points)

    def encoded(self, text: str) -> NDArray[np.int32]:
        """The numbers of the characters of a text."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        more = int(points.max(initial=0)) + 1 - len(self._number_of)
        if more > 0:
            self._number_of = np.append(self._number_of, np.full(more, -1, np.int32))
        codes: NDArray[np.int32] = self._number_of[points]
        if codes.min(initial=0) < 0:
            new = np.unique(points[codes < 0])
            self._number_of[new] = np.arange(len(self), len(self) + len(new))
            self._points = np.append(self._points, new)
            codes = self._number_of[points]
        return codes

    def decoded(self, codes: Codes) -> str:
        """The text of such numbers."""
        return str(self._points[codes].tobytes(), "utf-32-le", "surrogatepass")

    def characters(self) -> list[str]:
        """Those that were met, in the order of their numbers."""
        return [chr(point) for point in self._points]

    def ids(self, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """The id in a vocabulary, that has them all, by the number here."""
        return np.array([vocabulary.to_id[c] for c in self.characters()], np.int64)


class Room:
    """Where texts are kept while they are prepared; all is gone when it is left.

    folder: for files of what is larger than `in_memory` bytes; None: all stays in memory.
    tell: called with what is being done and how much of it is done, a share.
    """

    def __init__(
        self,
        folder: Path | None = None,
        in_memory: int = IN_MEMORY,
        tell: Callable[[str, float], None] = lambda what, share: None,
    ) -> None:
        self.tell = tell
        self._folder, self._largest = folder, in_memory
        self._files = ExitStack()

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *of: object) -> None:
        self._files.close()

    def file(self) -> Scratch:
        """A new file without a name."""
        scratch = Scratch(self._folder, self._largest)
        self._files.callback(scratch.close)
        return scratch

    def kept(self, pieces: Iterable[str]) -> LongText:
        """A text of these pieces."""
        codes = CodeFile(self)
        for piece in pieces:
            codes.append(piece)
        return LongText(codes, 0, len(codes))

    def kept_apart(self, texts: Iterable[str]) -> LongTexts:
        """Several texts, one behind the other."""
        codes, lengths = CodeFile(self), array("q", [0])
        for some in batches(texts):
            codes.append("".join(some))
            lengths.extend(map(len, some))
        return LongTexts(codes, np.cumsum(np.frombuffer(lengths, np.int64)))

    def watched(self, what: str, pieces: Iterable[str], total: int) -> Iterator[str]:
        """Pieces of `total` characters; tells how far they have come."""
        done = 0
        for piece in pieces:
            self.tell(what, done / max(1, total))
            yield piece
            done += len(piece)


class Scratch:
    """A file without a name, or memory while it is short: written at its end, read anywhere."""

    def __init__(self, folder: Path | None, largest: int) -> None:
        """`folder`: where it lies once it is larger than `largest` bytes; None: in memory."""
        inside = None if folder is None else str(folder)
        self._file = tempfile.SpooledTemporaryFile(dir=inside)  # noqa: SIM115 (closed)
        self._folder, self._largest = folder, largest
        self._at_end, self._size = True, 0

    def write(self, data: bytes | memoryview) -> None:
        """Add to its end. Raises OSError, as all that writes into a room does."""
        self._size += len(data)
        if self._folder is not None and self._size > self._largest:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            self._file.rollover()
        if not self._at_end:
            self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._at_end = True

    def read(self, begin: int, size: int) -> bytes:
        """So many bytes from a place on. Raises OSError: what is not on the disk yet goes there."""
        self._at_end = False
        self._file.seek(begin)
        return self._file.read(size)

    def close(self) -> None:
        """Give back what it takes."""
        self._file.close()


class CodeFile:
    """A text that grows, in a file, its characters numbered by an alphabet of its own."""

    def __init__(self, room: Room) -> None:
        self.alphabet = Alphabet()
        self._room, self._file = room, room.file()
        self._type, self._count = narrowest(1), 0

    def __len__(self) -> int:
        return self._count

    def append(self, text: str) -> None:
        """Add a text to the end."""
        codes = self.alphabet.encoded(text)
        wanted = narrowest(len(self.alphabet))
        if wanted != self._type:
            self._widen(wanted)
        self._file.write(codes.astype(wanted).tobytes())
        self._count += len(codes)

    def text(self, begin: int, end: int) -> str:
        """The text from `begin` up to before `end`."""
        return self.alphabet.decoded(self.codes(begin, end))

    def codes(self, begin: int, end: int) -> Codes:
        """The same as numbers."""
        size = self._type.itemsize
        return np.frombuffer(self._file.read(begin * size, (end - begin) * size), self._type)

    def steps(self, begin: int, end: int) -> Iterator[Codes]:
        """The same, some at a time."""
        for start in range(begin, end, _STEP):
            yield self.codes(start, min(end, start + _STEP))

    def _widen(self, wanted: np.dtype[Any]) -> None:
        wider = self._room.file()
        for codes in self.steps(0, self._count):
            wider.write(codes.astype(wanted).tobytes())
        self._file.close()
        self._file, self._type = wider, wanted


class LongText:
    """A text that lies in a file; its slices are texts."""

    def __init__(self, codes: CodeFile, begin: int, end: int) -> None:
        self.codes = codes
        self._begin, self._end = begin, end

    def __len__(self) -> int:
        return self._end - self._begin

    def __getitem__(self, place: slice) -> str:
        begin, end, _ = place.indices(len(self))
        return self.codes.text(self._begin + begin, self._begin + max(begin, end))

    def behind(self, place: int) -> LongText:
        """What stands from a place on."""
        return LongText(self.codes, self._begin + place, self._end)


class LongTexts(Sequence[str]):
    """Texts that lie in a file one behind the other."""

    def __init__(self, codes: CodeFile, offsets: NDArray[np.int64]) -> None:
        """`offsets`: where each begins, and the end of the last."""
        self._codes, self._offsets = codes, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        return self._codes.text(int(self._offsets[place]), int(self._offsets[place + 1]))


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Short texts together, long ones by themselves: what is worth being numbered at once."""
    some, size = list[str](), 0
    for text in texts:
        some.append(text)
        size += len(text)
        if size >= _STEP:
            yield some
            some, size = [], 0
    if some:
        yield some
