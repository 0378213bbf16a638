"""What lies in folders, read on a thread of its own: a disk may be slow, a folder large."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal

from charlm.display import visible
from charlm.errors import reason_of

from ...threads import Job, Worker

#: A folder, a file that may be a text, another one; or a line that is no file, and says something.
Kind = Literal["folder", "text", "other", "note"]

_SUFFIXES = (
    "", ".txt", ".text", ".md", ".rst", ".log", ".csv", ".tsv", ".jsonl", ".ndjson", ".gz", ".tex",
    ".html", ".htm", ".xml", ".json", ".srt", ".org", ".abc", ".pgn", ".fasta", ".fa", ".py", ".c",
)  # fmt: skip
_ORDER = ("folder", "text", "other")
_READ, _SHOWN = 200_000, 2_000  # names in a folder


@dataclass(frozen=True)
class Entry:
    """A file or a folder. name: as it is shown, inert. size: in bytes."""

    path: str
    name: str
    kind: Kind
    size: int | None = None


@dataclass(frozen=True)
class Listing:
    """What a folder holds; "": the files of a list that was asked for."""

    folder: str
    entries: tuple[Entry, ...]


class FilesReader(Worker[Listing]):
    """Lists folders, and looks whether files are still there."""

    def __init__(self) -> None:
        super().__init__("files")
        self._jobs: deque[Job] = deque()

    def list(self, folder: str) -> None:
        """Post what it holds."""
        self._do(folder, partial(listing_of, folder))

    def look(self, paths: Sequence[str]) -> None:
        """Post those of these files that are there."""
        self._do("", partial(_those_there, paths))

    def _do(self, folder: str, read: Callable[[], Listing]) -> None:
        job = Job(lambda: self._post(read()), lambda said: self._post(_unread(folder, said)))
        with self._wanting():
            self._jobs.append(job)

    def _next_job(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None


def _those_there(paths: Sequence[str]) -> Listing:
    there = (path for path in paths if os.path.exists(path))
    return Listing("", tuple(_entry(path, visible(_short(path))) for path in there))


def listing_of(folder: str) -> Listing:
    """Folders, then what may be texts, then the rest, each by name; nothing that is hidden."""
    try:
        with os.scandir(folder) as found:
            some = list(islice(found, _READ))
    except (OSError, ValueError) as error:
        return _unread(folder, visible(reason_of(error)))
    kinds = [(_kind(entry), entry.name) for entry in some if not entry.name.startswith(".")]
    kinds.sort(key=lambda each: (_ORDER.index(each[0]), each[1].casefold()))
    entries = [
        _entry(os.path.join(folder, name), visible(name), kind) for kind, name in kinds[:_SHOWN]
    ]
    more = len(kinds) - len(entries)
    if more or not entries:
        said = f"and {more:,} more: type how a name begins, and Tab" if more else "nothing to read"
        entries.append(Entry(folder, said, "note"))
    return Listing(folder, tuple(entries))


def _unread(folder: str, reason: str) -> Listing:
    return Listing(folder, (Entry(folder, f"cannot be read: {reason}", "note"),))


def _kind(entry: os.DirEntry[str]) -> Kind:
    try:
        if entry.is_dir():
            return "folder"
    except OSError:  # a link to itself, and the like
        return "other"
    return "text" if os.path.splitext(entry.name)[1].lower() in _SUFFIXES else "other"


def _entry(path: str, name: str, kind: Kind = "text") -> Entry:
    try:
        size = None if kind == "folder" else os.stat(path).st_size
    except (OSError, ValueError):
        size = None
    return Entry(path, name, kind, size)


def _short(path: str) -> str:
    """A path with ~ for one's own folder."""
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(f"{home.rstrip('/')}/") else path
