"""A text that is prepared: its ids and the places of its examples, in memory or in a file.

The file is made of numbers, little-endian, each array at a place divisible by 8:

    mark, 16 bytes > SHA-256 of the header > length of the header, 8 bytes > header, JSON
    of each part: ids > where each example begins, and the end of the last (int64) > which end

It is mapped, so that only what is read of it is in memory, and the system may take that back. A
file that is cut while it is mapped ends the process: one that is not as long as its header says
is not mapped, and nobody writes into one that is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from mmap import mmap
from typing import IO, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from charlm.text.cutting import Example
from charlm.text.long_text import Codes, narrowest
from charlm.text.parts import PARTS
from charlm.text.units import Pieces
from charlm.text.vocabulary import FIRST_CHARACTER, Vocabulary

#: Of the format, and of all that decides what is written of a text.
VERSION = 2
_MARK = b"charlm text %3d\n" % VERSION
_BEFORE = len(_MARK) + 32 + 8  # bytes before the header
_ALIGNED = 8


class Ids:
    """The ids of a long text in a vocabulary; what is taken of them is int64."""

    def __init__(self, stored: Codes, id_of: NDArray[np.int64]) -> None:
        """`id_of`: the id in that vocabulary by the one that is stored."""
        self._stored, self._id_of = stored, id_of

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, places: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        return self._id_of.take(self._stored[places], mode="clip")


class Part(Sequence[Example]):
    """The examples of one part, without a text or an object for each.

    stored: their characters on end, as ids of the vocabulary that `characters` make. offsets:
    where each begins, and the end of the last, [n + 1]. ends: whether EOS follows each, [n].
    """

    def __init__(
        self,
        characters: Sequence[str],
        stored: Codes,
        offsets: NDArray[np.int64],
        ends: NDArray[np.bool_],
    ) -> None:
        self._characters, self._stored = characters, stored
        self.offsets, self.ends = offsets, ends

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Part:
        """A part of examples that are in memory."""
        text = "".join(example.text for example in examples)
        vocabulary = Vocabulary.of([text])
        stored = np.array(vocabulary.string2code(text), narrowest(len(vocabulary)))
        offsets = np.cumsum([0, *(len(example.text) for example in examples)])
        ends = np.array([example.ends for example in examples], np.bool_)
        return cls(vocabulary.characters, stored, offsets, ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, place: int) -> Example: ...
    @overload
    def __getitem__(self, place: slice) -> list[Example]: ...
    def __getitem__(self, place: int | slice) -> Example | list[Example]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        begin, end = self.offsets[place], self.offsets[place + 1]
        points = np.array([0] * FIRST_CHARACTER + [ord(c) for c in self._characters], "<u4")
        text = str(points[self._stored[begin:end]].tobytes(), "utf-32-le", "surrogatepass")
        return Example(text, bool(self.ends[place]))

    @property
    def length(self) -> int:
        """Characters of all examples."""
        return len(self._stored)

    def ids(self, vocabulary: Vocabulary) -> Ids:
        """Its characters as ids of a vocabulary that has them all."""
        id_of = np.zeros(FIRST_CHARACTER + len(self._characters), np.int64)
        id_of[FIRST_CHARACTER:] = [vocabulary.to_id[c] for c in self._characters]
        return Ids(self._stored, id_of)


@dataclass(frozen=True)
class Chosen:
    """The examples of a part that is not written yet: ranges of pieces."""

    pieces: Pieces
    ranges: Sequence[tuple[int, int]]

    def __len__(self) -> int:
        return sum(end - begin for begin, end in self.ranges)

    @property
    def length(self) -> int:
        """Characters of all examples."""
        return sum(self.pieces.length(begin, end) for begin, end in self.ranges)

    def codes(self) -> Iterator[Codes]:
        """Their characters, as numbers of an alphabet."""
        for begin, end in self.ranges:
            yield from self.pieces.codes(begin, end)


class Prepared:
    """A text about to be written. size: bytes that it takes."""

    def __init__(
        self, content: Mapping[str, Any], characters: Sequence[str], parts: Mapping[str, Chosen]
    ) -> None:
        """content: what its header tells, JSON values. characters: all that occur, sorted.

        Raises CorpusError for too many characters.
        """
        self._vocabulary, self._parts = Vocabulary(characters), parts
        sizes = {name: [len(part), part.length] for name, part in parts.items()}
        points = [ord(c) for c in characters]
        self._header = json.dumps({**content, "characters": points, "parts": sizes}).encode()
        ids = narrowest(len(self._vocabulary))
        self._arrays, self.size = _laid_out(len(self._header), sizes, ids)

    def write(self, file: IO[bytes]) -> Iterator[float]:
        """Write it, and tell after each piece how much of it is written, a share."""
        length = len(self._header).to_bytes(8, "little")
        file.write(_MARK + hashlib.sha256(self._header).digest() + length + self._header)
        at = _BEFORE + len(self._header)
        for (name, kind), array in self._arrays.items():
            file.write(bytes(array.begin - at))
            at = array.begin
            for numbers in self._numbers(self._parts[name], kind):
                data = numbers.astype(array.type, copy=False).tobytes()
                file.write(data)
                at += len(data)
                yield at / self.size
        file.write(bytes(self.size - at))

    def _numbers(self, part: Chosen, kind: str) -> Iterator[NDArray[Any]]:
        if kind == "ids":
            id_of = part.pieces.text.alphabet.ids(self._vocabulary)
            yield from (id_of[codes] for codes in part.codes())
            return
        end = np.zeros(1, np.int64)
        if kind == "offsets":
            yield end
        for begin, behind in part.ranges:
            some = slice(begin, behind)
            if kind == "ends":
                yield part.pieces.ends[some]
            else:
                offsets = end + np.cumsum(part.pieces.lengths[some], dtype=np.int64)
                end = offsets[-1:]
                yield offsets


class _Array(NamedTuple):
    """Where an array lies in a file."""

    type: np.dtype[Any]
    length: int
    begin: int


def _laid_out(
    header: int, sizes: Mapping[str, Sequence[int]], ids: np.dtype[Any]
) -> tuple[dict[tuple[str, str], _Array], int]:
    """The arrays behind a header of so many bytes, and where the last ends."""
    arrays, end = {}, _BEFORE + header
    for name, (examples, characters) in sizes.items():
        for kind, type, count in (
            ("offsets", np.dtype("<i8"), examples + 1),
            ("ends", np.dtype(np.bool_), examples),
            ("ids", ids, characters),
        ):
            begin = end + -end % _ALIGNED
            arrays[name, kind] = _Array(type, count, begin)
            end = begin + count * type.itemsize
    return arrays, end


class Unusable(ValueError):
    """A file that is no whole text of this version."""


def read_prepared(data: mmap | memoryview) -> tuple[dict[str, Any], dict[str, Part]]:
    """What the header of a file tells, and the parts, which look into `data`.

    Raises Unusable, or whatever comes of a header that is whole and of another kind.
    """
    view = memoryview(data)
    size = int.from_bytes(view[_BEFORE - 8 : _BEFORE], "little")
    header = view[_BEFORE : _BEFORE + size]
    digest = view[len(_MARK) : len(_MARK) + 32]
    if view[: len(_MARK)] != _MARK or hashlib.sha256(header).digest() != digest:
        raise Unusable("its header is not whole")
    content = json.loads(bytes(header))
    characters = [chr(point) for point in content["characters"]]
    ids = narrowest(FIRST_CHARACTER + len(characters))
    arrays, end = _laid_out(size, content["parts"], ids)
    if len(view) != end:
        raise Unusable("it is not as long as its header says")

    def array(name: str, kind: str) -> NDArray[Any]:
        place = arrays[name, kind]
        return np.frombuffer(view, place.type, place.length, place.begin)

    parts = {
        name: Part(characters, array(name, "ids"), array(name, "offsets"), array(name, "ends"))
        for name in PARTS
    }
    return content, parts
