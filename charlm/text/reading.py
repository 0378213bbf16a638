"""Files as text, a piece after the other: opened, unpacked, decoded; none is in memory whole."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from charlm.errors import CorpusError, InputError
from charlm.text.byte_kinds import GZIP, ZIP, marked_encoding, no_text, proposal
from charlm.text.columns import SUFFIXES
from charlm.text.files import (
    ERRORS,
    UTF_8,
    Failures,
    byte_pieces,
    name_of,
    status,
    text_paths,
)
from charlm.text.preparation import Preparation

#: Bytes that a gzip archive may unpack to, and how many times its own it may be if that is more.
UNPACKED, TIMES = 64_000_000, 100
_PIECE = 1 << 20  # bytes
_WIDE = ("utf-16", "utf-32")
_PACKED = ".gz"  # what archives are called
_OF_GZIP = 31  # what zlib calls it
_LONGEST_ZIP = 64  # pieces of an archive that is looked into, to say what it is
_AROUND = (
    1 << 15
) + 8  # bytes on both sides of one that does not fit, by which an encoding is guessed


class Files:
    """The files of a text. size: bytes of the text in them, as far as they were read.

    read: how many that is of them as they are, packed. tell: called after each piece. digests:
    SHA-256 of each file that was read, packed as it is.
    """

    def __init__(
        self,
        sources: Sequence[str],
        preparation: Preparation,
        kind: str = "corpus",
        tell: Callable[[Files], None] = lambda files: None,
    ) -> None:
        """kind: what they are called in an error. Raises CorpusError naming all that cannot be."""
        self.paths, self._passed = text_paths(sources, preparation.suffixes)
        self._preparation, self._kind, self._tell = preparation, kind, tell
        failures = Failures()
        self._found: list[os.stat_result | None] = []
        for path in self.paths:
            with failures.noted():
                self._found.append(None if path == "-" else status(path, kind))
        failures.tell()
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        self.name = name_of(self.paths[0]) + more
        self.size = self.read = 0
        self.digests: dict[str, str] = {}
        self._marks: dict[str, str] = {}  # what a file's mark tells

    @property
    def are_tables(self) -> bool:
        """Whether all are named as tables are."""
        return all(path.lower().removesuffix(_PACKED).endswith(SUFFIXES) for path in self.paths)

    @property
    def regular(self) -> bool:
        """Whether they are files that can be read again: neither pipes nor standard input."""
        return all(found and stat.S_ISREG(found.st_mode) for found in self._found)

    @property
    def on_disk(self) -> int:
        """Bytes of the files there."""
        return sum(found.st_size for found in self._found if found)

    @property
    def notices(self) -> list[str]:
        """What to say of the files: of those passed over, and of marks of those that were read."""
        return [*self._passed, *self._marks.values()]

    def texts(self) -> Iterator[Iterator[str]]:
        """The pieces of each file. Behind the last it raises CorpusError for all that are bad."""
        failures, self.size, self.read = Failures(), 0, 0
        for path in self.paths:
            yield self._noting(failures, path)
        failures.tell()

    def unpacked_size(self, most: int) -> int:
        """Bytes of the text in regular files, archives unpacked, or some number above `most`.

        What cannot be read counts for nothing: that is told when it is.
        """
        size = self.on_disk
        if size > most:
            return size
        size = 0
        for path in self.paths:
            with contextlib.suppress(CorpusError):
                for data in unpacked(byte_pieces(path, self._kind, _PIECE), path, self._kind):
                    size += len(data)
                    if size > most:
                        return size
        return size

    def look(self) -> None:
        """Note the marks of all files without reading more of them."""
        for path in self.paths:
            self._note(path, next(unpacked(byte_pieces(path, self._kind), path, self._kind), b""))

    def read_all(self) -> None:
        """Read all files, for their digests alone."""
        self.read = 0
        for path in self.paths:
            for _ in self._hashed(path):
                pass

    def _noting(self, failures: Failures, path: str) -> Iterator[str]:
        with failures.noted():
            for piece in self._decoded(path):
                if not failures:  # else the others are read to tell of them too
                    yield piece

    def _decoded(self, path: str) -> Iterator[str]:
        preparation, kind = self._preparation, self._kind
        data = unpacked(self._hashed(path), path, kind)
        first = next(data, b"")
        self._note(path, first)
        yield from decoded(
            self._counted(chain([first], data)),
            path,
            preparation.encoding,
            preparation.errors,
            kind,
        )

    def _note(self, path: str, data: bytes) -> None:
        mark = marked_encoding(data)
        if mark not in ("", UTF_8):
            self._marks[path] = f"{path} is {mark.upper()}, by its mark"

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for data in pieces:
            self.size += len(data)
            yield data

    def _hashed(self, path: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for data in byte_pieces(path, self._kind, _PIECE):
            digest.update(data)
            self.read += len(data)
            self._tell(self)
            yield data
        self.digests[path] = digest.hexdigest()


def decode(
    data: bytes, name: str, encoding: str = UTF_8, errors: str = "strict", kind: str = "corpus"
) -> str:
    """Bytes to text; a byte order mark decides their encoding. kind: what they are in an error.

    Raises CorpusError for what is no text, or with byte offset and line of what does not fit.
    """
    return "".join(decoded(iter([data]), name, encoding, errors, kind))


def decoded(
    pieces: Iterator[bytes], name: str, encoding: str, errors: str, kind: str
) -> Iterator[str]:
    """The same of bytes in pieces, of which the first tells what they are."""
    if errors not in ERRORS:
        raise InputError(f"errors {errors!r} is not one of {', '.join(ERRORS)}")
    data = next(pieces, b"")
    if data.startswith(ZIP):
        data += b"".join(islice(pieces, _LONGEST_ZIP))
    encoding = marked_encoding(data) or encoding
    if wrong := no_text(data, encoding):
        raise CorpusError(f"{kind} {name} {wrong}")
    decoder, read, lines, before = _decoder(data, encoding, errors), 0, 0, b""
    while data:
        following = next(pieces, b"")
        try:
            yield decoder.decode(data, not following)
        except ValueError as error:
            if not isinstance(error, UnicodeDecodeError):
                raise _unknown(encoding) from None
            place = len(before) + len(data) - len(error.object) + error.start
            around = before + data + following
            line = lines - before.count(b"\n") + around.count(b"\n", 0, place) + 1
            proposed = proposal(around, place) if encoding == UTF_8 else ""
            raise CorpusError(
                f"{kind} {name} is not {encoding}: byte {around[place]:#04x} at offset"
                f" {read - len(before) + place:,}, line {line:,}:"
                f" {proposed or 'name its encoding (--encoding)'}, or say what to do with such"
                f" bytes (--errors {'|'.join(ERRORS[1:])})"
            ) from None
        read, lines = read + len(data), lines + data.count(b"\n")
        before, data = (before + data)[-_AROUND:], following


def _decoder(data: bytes, encoding: str, errors: str) -> codecs.IncrementalDecoder:
    """A decoder for bytes that begin so."""
    try:
        with contextlib.suppress(UnicodeDecodeError):
            b"a".decode(encoding)  # refuses what is a code, but none of texts
        name = codecs.lookup(encoding).name
        if name in _WIDE and not marked_encoding(data):  # as this machine writes them
            name += "-le" if sys.byteorder == "little" else "-be"
        return codecs.getincrementaldecoder(name)(errors)
    except (LookupError, ValueError):
        raise _unknown(encoding) from None


def _unknown(encoding: str) -> InputError:
    return InputError(f"encoding {encoding!r} is not known: try utf-8, cp1252 or utf-16")


def unpacked(pieces: Iterable[bytes], name: str, kind: str = "corpus") -> Iterator[bytes]:
    """Bytes as they are, or those of a gzip archive. Raises CorpusError for a damaged one."""
    pieces = iter(pieces)
    first = next(pieces, b"")
    if not first.startswith(GZIP):
        yield from chain([first], pieces)
        return
    inflater, packed, size = zlib.decompressobj(_OF_GZIP), 0, 0
    for data in chain([first], pieces):
        packed += len(data)
        while data:
            if inflater.eof:  # several archives on end are one text; NULs may fill up the last
                if not (data := data.lstrip(b"\0")):
                    break
                inflater = zlib.decompressobj(_OF_GZIP)
            for out in _inflated(inflater, data, f"{kind} {name}"):
                size += len(out)
                if size > max(UNPACKED, TIMES * packed):
                    raise CorpusError(
                        f"{kind} {name} unpacks to more than {TIMES} times its size, as no text"
                        " does: unpack it first (gunzip), if it is one"
                    )
                yield out
            data = inflater.unused_data
    if not inflater.eof:
        raise CorpusError(f"{kind} {name} is a gzip archive that ends too early: fetch it again")


def _inflated(inflater: zlib._Decompress, data: bytes, what: str) -> Iterator[bytes]:
    """What comes out for some bytes, a piece after the other."""
    try:
        while data or not inflater.eof:
            out = inflater.decompress(data, _PIECE)
            data = inflater.unconsumed_tail
            if out:
                yield out
            if not data and len(out) < _PIECE:
                return
    except zlib.error as error:
        raise CorpusError(f"{what} is a damaged gzip archive ({error}): fetch it again") from None
