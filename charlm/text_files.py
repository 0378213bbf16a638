"""Bytes on the disk as one text: files, folders, standard input, encodings."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from charlm.errors import CorpusError, InputError

ERRORS = ("strict", "replace", "ignore", "surrogateescape", "surrogatepass")


def read_texts(
    sources: Sequence[str], encoding: str = "utf-8", errors: str = "strict"
) -> tuple[str, str, int]:
    """Files, folders of .txt files, "-" for standard input -> text, name, size in bytes.

    Several files are one text, in the order given, a folder's in the order of their paths; a
    newline ends each.
    """
    texts, names, size = [], [], 0
    for path in text_paths(sources):
        data, name = read_bytes(path)
        texts.append(decode(data, name, encoding, errors))
        names.append(name)
        size += len(data)
    if len(texts) == 1:
        return texts[0], names[0], size
    ended = (text + "\n" * (not text.endswith("\n")) for text in texts)
    text = "".join(text.removeprefix("\ufeff") for text in ended)
    return text, f"{names[0]} and {len(names) - 1} more", size


def text_paths(sources: Sequence[str]) -> list[str]:
    """The files meant by paths: themselves; of a folder, the .txt files in it and below.

    Hidden files and folders, and what was named before, are passed over.
    """
    paths: dict[str, str] = {}  # each once: path made plain -> as it was named
    for source in sources:
        if not os.path.isdir(source):  # a file, "-", or nothing that can be read
            paths.setdefault(os.path.normpath(source), source)
            continue
        files = sorted(_texts_in(Path(source)))
        if not files:
            raise CorpusError(f"corpus {source} is a folder without .txt files: give text files")
        for file in files:
            paths.setdefault(os.path.normpath(file), str(file))
    return list(paths.values())


def _texts_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.txt"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def read_bytes(source: str, kind: str = "corpus") -> tuple[bytes, str]:
    """The bytes of a file or of standard input ("-"), and a name without folders for them.

    `kind`: what the file is called in an error.
    """
    if source == "-":
        if sys.stdin is None:
            raise CorpusError(f"{kind}: standard input is closed: give a file, or pipe a text in")
        return sys.stdin.buffer.read(), "stdin"
    path = Path(source)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise CorpusError(f"{kind} {source} is a folder: give a text file")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise CorpusError(f"{kind} {source} is a device: give a text file")
        return path.read_bytes(), path.name
    except FileNotFoundError:
        raise CorpusError(f"{kind} {source} does not exist: check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"{kind} {source} cannot be read: {reason}") from None


def decode(data: bytes, name: str, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Bytes to text. Raises CorpusError with byte offset and line of what is not `encoding`."""
    if errors not in ERRORS:
        raise InputError(f"errors {errors!r} is not one of {', '.join(ERRORS)}")
    try:
        return data.decode(encoding, errors)
    except (LookupError, ValueError) as error:
        if not isinstance(error, UnicodeDecodeError):
            raise InputError(
                f"encoding {encoding!r} is not known: try utf-8, cp1252 or utf-16"
            ) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"corpus {name} is not {encoding}: byte {data[error.start]:#04x} at offset"
            f" {error.start:,}, line {line:,}: name its encoding (--encoding cp1252), or what"
            f" to do with such bytes (--errors {'|'.join(ERRORS[1:])})"
        ) from None
