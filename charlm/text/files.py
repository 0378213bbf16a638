"""Bytes on the disk as one text: files, folders, standard input, encodings."""

from __future__ import annotations

import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from charlm.errors import CorpusError, InputError
from charlm.text.byte_kinds import marked_encoding, no_text, proposal
from charlm.wording import shortened

ERRORS = ("strict", "replace", "ignore", "surrogateescape", "surrogatepass")
UTF_8 = "utf-8"
SUFFIX = ".txt"
_MOST_NAMED = 5  # of what went wrong
_MOST_KINDS = 4  # of what was passed over
_Read = TypeVar("_Read")


class Reading(NamedTuple):
    """What was read: a text per path, a name for all, their size in bytes, what to say of it."""

    paths: list[str]
    texts: list[str]
    name: str
    size: int
    notices: list[str]


def read_texts(
    sources: Sequence[str],
    encoding: str = UTF_8,
    errors: str = "strict",
    suffixes: Sequence[str] = (SUFFIX,),
    kind: str = "corpus",
) -> Reading:
    """Files, folders of files with these suffixes, "-" for standard input -> their texts.

    In the order given, a folder's in the order of their paths. kind: what they are called in an
    error. Raises CorpusError naming every file that cannot be read.
    """
    paths, notices = text_paths(sources, suffixes)
    files = _each(paths, lambda path: read_bytes(path, kind))

    def decoded(path: str) -> str:
        data, _ = files[path]
        return decode(data, path, encoding, errors, kind)

    texts = list(_each(paths, decoded).values())
    name = files[paths[0]][1]
    size = sum(len(data) for data, _ in files.values())
    marked = {path: marked_encoding(data) for path, (data, _) in files.items()}
    notices += [
        f"{path} is {m.upper()}, by its mark" for path, m in marked.items() if m not in ("", UTF_8)
    ]
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return Reading(paths, texts, name + more, size, notices)


def joined(texts: Sequence[str]) -> str:
    """Several texts as one: a newline ends each, and no byte order mark stands inside."""
    if len(texts) == 1:
        return texts[0]
    ended = (text + "\n" * (not text.endswith("\n")) for text in texts)
    return "".join(text.removeprefix("\ufeff") for text in ended)


def text_paths(
    sources: Sequence[str], suffixes: Sequence[str] = (SUFFIX,)
) -> tuple[list[str], list[str]]:
    """The files meant by paths, and what to say of those that were passed over.

    A path means itself; a folder the files in it and below that end in one of the suffixes, in
    either case. Hidden files and folders are not looked at, and nothing is read twice.
    """
    wanted = tuple(f".{suffix.lstrip('.')}".lower() for suffix in suffixes)
    paths: dict[str, str] = {}  # each once: path made plain -> as it was named
    notices = []
    for source in sources:
        if not os.path.isdir(source):  # a file, "-", or nothing that can be read
            paths.setdefault(os.path.normpath(source), source)
            continue
        there = _files_in(Path(source))
        files = [file for file in there if file.name.lower().endswith(wanted)]
        others = [file for file in there if not file.name.lower().endswith(wanted)]
        passed = f": {_kinds(others)} (--suffix reads others)" if others else ""
        if not files:
            named = " or ".join(wanted)
            raise CorpusError(
                f"corpus {source} is a folder without {named} files{passed}: give text files"
            )
        if others:
            notices.append(f"passed over in {source}{passed}")
        for file in files:
            paths.setdefault(os.path.normpath(file), str(file))
    return list(paths.values()), notices


def _files_in(folder: Path) -> list[Path]:
    """Every file below a folder in the order of the paths, hidden ones left out."""

    def is_shown(path: Path) -> bool:
        return not any(part.startswith(".") for part in path.relative_to(folder).parts)

    return sorted(path for path in folder.rglob("*") if is_shown(path) and path.is_file())


def _kinds(files: Sequence[Path]) -> str:
    """How many files of which suffix: 12 .md, 3 .py."""
    counts = Counter(file.suffix.lower() or f"called {file.name}" for file in files)
    most = counts.most_common(_MOST_KINDS)
    rest = len(files) - sum(count for _, count in most)
    return ", ".join(
        [f"{count:,} {kind}" for kind, count in most] + [f"{rest:,} more"] * (rest > 0)
    )


def _each(paths: Iterable[str], read: Callable[[str], _Read]) -> dict[str, _Read]:
    """What is read of every path. Raises CorpusError that names all that could not be read."""
    found: dict[str, _Read] = {}
    failures = []
    for path in paths:
        try:
            found[path] = read(path)
        except CorpusError as error:
            failures.append(str(error))
    if len(failures) > 1:
        rest = len(failures) - _MOST_NAMED
        told = "; ".join(failures[:_MOST_NAMED]) + (f"; and {rest:,} more" if rest > 0 else "")
        raise CorpusError(f"{len(failures):,} files cannot be read: {told}")
    if failures:
        raise CorpusError(failures[0])
    return found


def read_bytes(source: str, kind: str = "corpus") -> tuple[bytes, str]:
    """The bytes of a file or of standard input ("-"), and a name without folders for them.

    `kind`: what the file is called in an error.
    """
    if source == "-":
        if sys.stdin is None:
            raise CorpusError(f"{kind}: standard input is closed: give a file, or pipe a text in")
        return sys.stdin.buffer.read(), "stdin"
    path, source = Path(source), shortened(source)
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


def decode(
    data: bytes, name: str, encoding: str = UTF_8, errors: str = "strict", kind: str = "corpus"
) -> str:
    """Bytes to text; a byte order mark decides their encoding. kind: as in `read_texts`.

    Raises CorpusError for what is no text, or with byte offset and line of what does not fit.
    """
    if errors not in ERRORS:
        raise InputError(f"errors {errors!r} is not one of {', '.join(ERRORS)}")
    encoding = marked_encoding(data) or encoding
    if wrong := no_text(data, encoding):
        raise CorpusError(f"{kind} {name} {wrong}")
    try:
        return data.decode(encoding, errors)
    except (LookupError, ValueError) as error:
        if not isinstance(error, UnicodeDecodeError):
            raise InputError(
                f"encoding {encoding!r} is not known: try utf-8, cp1252 or utf-16"
            ) from None
        line = data.count(b"\n", 0, error.start) + 1
        proposed = proposal(data, error.start) if encoding == UTF_8 else ""
        raise CorpusError(
            f"{kind} {name} is not {encoding}: byte {data[error.start]:#04x} at offset"
            f" {error.start:,}, line {line:,}: {proposed or 'name its encoding (--encoding)'}, or"
            f" say what to do with such bytes (--errors {'|'.join(ERRORS[1:])})"
        ) from None
