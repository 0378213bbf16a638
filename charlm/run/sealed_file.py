"""Files that prove themselves whole: safetensors with a JSON of ours and a SHA-256 of everything.

The header's metadata has one key, the kind's, whose JSON holds `version`, `sha256` and what the
kind adds. The SHA-256 is that of the whole file with its own 64 digits taken as zeros, so a
flipped byte anywhere is found. What a file says its SHA-256 is must be what was computed, and no
key may stand twice, at any depth: else a file could be read in two ways, and claim to be another.

A file is read as bytes and checked wholly before anything of it is used: nothing is mapped
(a file cut while mapped kills the process), nothing is unpickled, nothing is allocated before
its size is known to be honest. Of a large file the seal is checked in pieces before it is read,
so that one that only claims to be a large model takes no memory. It is written to a temporary
file beside it, fsynced and renamed, so that a reader sees the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_safetensors
from safetensors.numpy import save as to_safetensors

from charlm.checks import memory, shown
from charlm.errors import InputError
from charlm.run.regular_file import open_regular
from charlm.run.regular_file import write_atomically as write_atomically
from charlm.wording import bytes_text, shortened

_MAX_HEADER = 2**20
_AT_ONCE = 2**28  # bytes of a file that is read before it is checked
_PIECE = 2**20  # bytes of a larger one that are looked at together
_LONGEST_KEY = 60  # characters of it in a message
_SURROGATE = re.compile("[\ud800-\udfff]")


#: Raises the kind's error where the tensors that are declared are not those that the content is
#: of. Of a large file it is asked behind the seal, as of a small one: what it says of a header that
#: was damaged would lead astray.
Check = Callable[[Path, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], object]


@dataclass(frozen=True)
class Kind:
    """A kind of file: the key of its metadata, and a mark, a name that its JSON always has."""

    name: str
    key: str
    version: int
    mark: str
    error: type[InputError]

    def looks_like(self, data: bytes) -> bool:
        """Whether a file was once of this kind: either of two marks is enough."""
        head = data[: 8 + _MAX_HEADER]
        return f'"{self.key}"'.encode() in head or f'\\"{self.mark}\\"'.encode() in head


@dataclass(frozen=True)
class SealedFile:
    """A file whose seal is whole. declared: its tensors' headers; content: our JSON.

    content["sha256"] is the digest that was computed.
    """

    path: Path
    content: Mapping[str, Any]
    declared: Mapping[str, Mapping[str, Any]]
    data: bytes

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors; check what is declared of them before. Raises ValueError."""
        try:
            return parse_safetensors(self.data)
        except SafetensorError as error:
            raise ValueError(shortened(str(error))) from None
        except MemoryError:
            raise ValueError(f"there is no memory for {bytes_text(len(self.data))}") from None


def seal(
    kind: Kind, content: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> tuple[bytes, str]:
    """The bytes of a file and its SHA-256, 64 hexadecimal digits."""
    whole = {"version": kind.version, "sha256": "0" * 64, **content}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _SURROGATE.sub(lambda m: f"\\u{ord(m.group()):04x}", text)
    data = bytearray(to_safetensors(dict(tensors), metadata={kind.key: text}))
    header = struct.unpack_from("<Q", data)[0]
    if header > _MAX_HEADER:
        raise InputError(f"{kind.name} header would take {header:,} bytes, over {_MAX_HEADER:,}")
    digest = hashlib.sha256(data).hexdigest()
    offset = _digest_offset(bytes(data[: 8 + header]))
    data[offset : offset + 64] = digest.encode("ascii")
    return bytes(data), digest


def unseal(kind: Kind, path: Path, check: Check = lambda *_: None) -> SealedFile:
    """Read a file and check its seal. Raises the kind's error."""
    with _open(kind, path) as file:
        return unsealed(kind, path, read_whole(kind, path, file, check))


def read_whole(kind: Kind, path: Path, file: BinaryIO, check: Check = lambda *_: None) -> bytes:
    """The bytes of an open file, read once its header, its length and the two agree.

    Of a large one its seal and `check` too, so that no memory is taken for what is refused. What is
    used are the bytes that come back, and these `unsealed` checks by themselves: the file may have
    been written on meanwhile. Raises the kind's error, OSError.
    """
    start, length = _start(file), os.fstat(file.fileno()).st_size
    header = _header(kind, start, path, length)
    if length > _AT_ONCE:
        _check_large(kind, path, length)
        content = _content(kind, start, header, path, iter(lambda: file.read(_PIECE), b""))
        header.pop("__metadata__")
        check(path, content, header)
    file.seek(0)
    try:
        return file.read(length)
    except MemoryError:
        raise kind.error(
            f"{kind.name} {path}: there is no memory for {bytes_text(length)}"
        ) from None


def _check_large(kind: Kind, path: Path, length: int) -> None:
    """Raise the kind's error for a file that could not be loaded: its tensors lie beside it."""
    if 2 * length > memory():
        raise kind.error(
            f"{kind.name} {path} is {bytes_text(length)} large, and loading takes twice that: this"
            f" machine has {bytes_text(memory())} of memory"
        )


def unsealed(kind: Kind, path: Path, data: bytes) -> SealedFile:
    """Check the seal of bytes that were read; `path` is what messages call them."""
    header = _header(kind, data, path, len(data))
    content = _content(kind, data, header, path)
    header.pop("__metadata__")
    return SealedFile(path, content, header, data)


def read_content(kind: Kind, path: Path) -> dict[str, Any]:
    """Our own part of the header, read without the tensors. Raises the kind's error.

    The size is checked, the checksum is not, and is left out: enough to show a file in a list,
    not to use it.
    """
    with _open(kind, path) as file:
        data = _start(file)
        metadata = _header(kind, data, path, os.fstat(file.fileno()).st_size).get("__metadata__")
    content = _own_part(kind, metadata, path)
    if content is None:
        raise kind.error(f"{path} is not a charlm {kind.name}, or damaged")
    content.pop("sha256", None)
    return _of_known_version(kind, content, path)


def _start(file: BinaryIO) -> bytes:
    """A file up to the end of its header, or of the longest that there may be."""
    start = file.read(8)
    size = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    return start + file.read(min(size, _MAX_HEADER))


@contextmanager
def _open(kind: Kind, path: Path) -> Iterator[BinaryIO]:
    try:
        with open_regular(path) as file:
            yield file
    except IsADirectoryError:
        raise kind.error(f"{kind.name} {path} is a folder") from None
    except FileNotFoundError:
        raise kind.error(f"{kind.name} {path} does not exist") from None
    except OSError as error:
        raise kind.error(f"{kind.name} {path} cannot be read: {error.strerror}") from None


def _header(kind: Kind, data: bytes, path: Path, length: int) -> dict[str, Any]:
    """The parsed safetensors header, once the file's length is what the header says.

    data: the file, or as much of it as the header takes.
    """
    if length < 9:
        raise kind.error(f"{kind.name} {path}: incomplete file ({length} of 9 bytes or more)")
    ours = kind.looks_like(data)
    size = struct.unpack_from("<Q", data)[0]
    if not ours and (data[8:9] != b"{" or size > _MAX_HEADER):
        raise kind.error(f"{path} is not a charlm {kind.name}")
    if size > _MAX_HEADER:
        raise kind.error(
            f"{kind.name} {path}: header of {size:,} bytes, over the limit of {_MAX_HEADER:,}"
        )
    if length < 8 + size:
        raise kind.error(
            f"{kind.name} {path}: incomplete file ({length} of {8 + size} bytes or more)"
        )
    try:
        header = parse_json(data[8 : 8 + size])
        ends = [int(t["data_offsets"][1]) for n, t in header.items() if n != "__metadata__"]
        if max(ends, default=0) > sys.maxsize:
            raise OverflowError("no file is that long")
    except DuplicateKey as error:
        raise kind.error(f"{kind.name} {path}: {error}") from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        raise kind.error(
            f"{kind.name} {path}: checksum differs (its header cannot be read)"
            if ours
            else f"{path} is not a charlm {kind.name}"
        ) from None
    expected = 8 + size + max(ends, default=0)
    if length < expected:
        raise kind.error(f"{kind.name} {path}: incomplete file ({length} of {expected} bytes)")
    if length > expected:
        raise kind.error(f"{kind.name} {path}: checksum differs (more stands behind its end)")
    result: dict[str, Any] = header
    return result


def _content(
    kind: Kind, data: bytes, header: Mapping[str, Any], path: Path, rest: Iterable[bytes] = ()
) -> dict[str, Any]:
    """Our own part of the header, once the checksum and the version are right.

    data: the file, or its beginning, behind which the rest comes in pieces.
    """
    metadata = header.get("__metadata__")
    if not kind.looks_like(data):
        raise kind.error(f"{path} is not a charlm {kind.name}")
    digest = _digest(data, rest)
    content = _own_part(kind, metadata, path) if digest else None
    # The digits that were hashed as zeros and those that are used may stand in different offsets.
    if content is None or content.get("sha256") != digest:
        raise kind.error(f"{kind.name} {path}: checksum differs, the file is damaged")
    return _of_known_version(kind, content, path)


def _digest(data: bytes, rest: Iterable[bytes]) -> str:
    """The SHA-256 of a file, its own digits taken as zeros, if it is what these say; else ""."""
    try:
        offset = _digest_offset(data[: 8 + struct.unpack_from("<Q", data)[0]])
    except ValueError:
        return ""
    digest = hashlib.sha256(data[:offset])
    digest.update(b"0" * 64)
    digest.update(data[offset + 64 :])
    for piece in rest:
        digest.update(piece)
    computed = digest.hexdigest()
    return computed if computed.encode("ascii") == data[offset : offset + 64] else ""


def _own_part(kind: Kind, metadata: object, path: Path) -> dict[str, Any] | None:
    """Our JSON in the metadata of a header; None where there is none that can be read."""
    text = metadata.get(kind.key) if isinstance(metadata, dict) else None
    try:
        content = parse_json(text) if isinstance(text, str) else None
    except DuplicateKey as error:
        raise kind.error(f"{kind.name} {path}: {error}") from None
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _of_known_version(kind: Kind, content: dict[str, Any], path: Path) -> dict[str, Any]:
    version = content.get("version")
    if isinstance(version, int) and version < 1:
        raise kind.error(f"{kind.name} {path}: there is no format version {int(version)}")
    if not isinstance(version, int) or version > kind.version:
        raise kind.error(
            f"{kind.name} {path}: format version {shown(version)} is newer than {kind.version},"
            " which this charlm reads: update charlm"
        )
    return content


def _digest_offset(header: bytes) -> int:
    """Find the offset of the 64 digits. Quotes inside strings carry more backslashes."""
    offsets = [m.end() for m in re.finditer(rb'(?<!\\)\\"sha256\\":\\"(?=[0-9a-f]{64}\\")', header)]
    # What a kind adds may have such a key of its own, further on: the file's is the first.
    if not offsets:
        raise ValueError("no checksum")
    return offsets[0]


class DuplicateKey(Exception):
    """A key that stands twice in one JSON object, so that it could be read in two ways."""


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says. Raises DuplicateKey, ValueError, RecursionError."""
    return json.loads(text, object_pairs_hook=_without_duplicates)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = next(key for key, count in Counter(k for k, _ in pairs).items() if count > 1)
        raise DuplicateKey(f"{repr(twice)[:_LONGEST_KEY]} occurs twice in its header")
    return result
