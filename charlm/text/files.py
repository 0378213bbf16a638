"""Bytes on the disk: files, the text files of folders, standard input."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from charlm.errors import CorpusError
from charlm.wording import bytes_text, shortened

ERRORS = ("strict", "replace", "ignore", "surrogateescape", "surrogatepass")
UTF_8 = "utf-8"
SUFFIX = ".txt"
#: Bytes of what is read at once: prompts, records.
LARGEST = 250_000_000
_MOST_NAMED = 5  # of what went wrong
_MOST_KINDS = 4  # of what was passed over


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


class Failures:
    """What could not be read of several files; all of it is told at once."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._messages)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on behind a file that cannot be read."""
        try:
            yield
        except CorpusError as error:
            self._messages.append(str(error))

    def tell(self) -> None:
        """Raise CorpusError that names them, if there are any."""
        failures = self._messages
        if len(failures) > 1:
            rest = len(failures) - _MOST_NAMED
            told = "; ".join(failures[:_MOST_NAMED]) + (f"; and {rest:,} more" if rest > 0 else "")
            raise CorpusError(f"{len(failures):,} files cannot be read: {told}")
        if failures:
            raise CorpusError(failures[0])


def pipe_in(sources: Iterable[str | None]) -> str | None:
    """The first of these that is read only once, as it is a pipe or standard input ("-")."""
    for source in sources:
        with suppress(OSError, ValueError):  # what is not there is told when it is read
            if source == "-" or (source and stat.S_ISFIFO(os.stat(source).st_mode)):
                return source
    return None


def name_of(source: str) -> str:
    """A name without folders for a file, or for standard input ("-")."""
    return "stdin" if source == "-" else Path(source).name


def read_bytes(source: str, kind: str = "corpus") -> tuple[bytes, str]:
    """The bytes of a file or of standard input ("-"), and a name without folders for them.

    `kind`: what the file is called in an error. Raises CorpusError, for more than `LARGEST` too.
    """
    too_large = CorpusError(
        f"{kind} {shortened(source)} is larger than {bytes_text(LARGEST)}, and is held in memory as"
        " a whole: split it"
    )
    if source != "-" and status(source, kind).st_size > LARGEST:
        raise too_large
    data = bytearray()
    for piece in byte_pieces(source, kind):
        data += piece
        if len(data) > LARGEST:
            raise too_large
    return bytes(data), name_of(source)


def byte_pieces(source: str, kind: str = "corpus", size: int = 1 << 20) -> Iterator[bytes]:
    """The same bytes, at most so many at a time. Raises CorpusError."""
    if source == "-":
        if sys.stdin is None:
            raise CorpusError(f"{kind}: standard input is closed: give a file, or pipe a text in")
        yield from iter(lambda: sys.stdin.buffer.read(size), b"")
        return
    status(source, kind)
    with _told(source, kind), open(source, "rb") as file:
        yield from iter(lambda: file.read(size), b"")


def status(source: str, kind: str = "corpus") -> os.stat_result:
    """What the system tells of a file. Raises CorpusError unless it is one that can be read."""
    named = shortened(source)
    with _told(source, kind):
        found = os.stat(source)
        if stat.S_ISDIR(found.st_mode):
            raise CorpusError(f"{kind} {named} is a folder: give a text file")
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode)):
            raise CorpusError(f"{kind} {named} is a device: give a text file")
        if not os.access(source, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


@contextmanager
def _told(source: str, kind: str) -> Iterator[None]:
    """Tell which file it was that could not be read."""
    named = shortened(source)
    try:
        yield
    except FileNotFoundError:
        raise CorpusError(f"{kind} {named} does not exist: check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"{kind} {named} cannot be read: {reason}") from None
