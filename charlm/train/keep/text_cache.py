"""Texts that are prepared already, kept in a folder: so a text is read once, not by each training.

    KEY.text    a prepared text (`charlm.text.prepared`); KEY says which text, prepared how
    KEY.part    one that is being written; who writes it holds its lock, so others wait for it
    KEY.known   another key of a text: by how its files look (size, times, place on the disk), or
                by what was found for it, which a run that goes on says

A lock is flock(2)'s, which ends with the process however that ends. Who has a text mapped holds a
shared lock on it; what nobody has used for 30 days, and nobody holds, is removed, and so is what a
killed training left half-written. Where nothing can be kept, texts are prepared in memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from charlm.run.regular_file import open_at, opened_folder, put_in_place, write_at
from charlm.text.files import status
from charlm.text.preparation import Preparation
from charlm.text.prepared import VERSION
from charlm.text.reading import Files

#: Days after its last use that a text is kept.
DAYS = 30
_A_DAY = 86_400.0
_SETTLED = 2.0  # seconds: a file that changes twice within them may look as it did
_NAME = re.compile(r"[0-9a-f]{32}\.(text|part|known)")
_LONGEST_KNOWN = 64  # bytes


def key_of(files: Sequence[Files], preparation: Preparation) -> str:
    """The key of a text that was read: of its bytes, and of all by which it is prepared."""
    digests = [some.digests[path] for some in files for path in some.paths]
    return _digest([digests, *_beside(files, preparation)])


def look_of(files: Sequence[Files], preparation: Preparation) -> str:
    """The same by how the files look, or "" where that does not tell whether they changed."""
    looks = []
    for path in (path for some in files for path in some.paths):
        found = status(path)
        if time.time() - max(found.st_mtime, found.st_ctime) < _SETTLED:
            return ""
        times = found.st_mtime_ns, found.st_ctime_ns
        looks.append([os.path.abspath(path), found.st_dev, found.st_ino, found.st_size, *times])
    return _digest([looks, *_beside(files, preparation)])


def _beside(files: Sequence[Files], preparation: Preparation) -> list[object]:
    named = [[len(some.paths), some.are_tables] for some in files]
    return [named, asdict(preparation), VERSION, unicodedata.unidata_version]


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


class TextCache:
    """The folder. Whatever goes wrong with it raises OSError."""

    def __init__(self, folder: Path) -> None:
        """Make it if need be."""
        folder.mkdir(0o700, parents=True, exist_ok=True)
        self.folder = folder

    def remember(self, other: str, key: str) -> None:
        """Let a text be found by another key too."""
        with opened_folder(self.folder) as folder:
            write_at(folder, f"{other}.known", key.encode("ascii"))

    def find(self, key: str) -> mmap.mmap | None:
        """The text of a key, or of what is known by it; None without. It is held while mapped."""
        with contextlib.suppress(OSError, ValueError), self._open(f"{key}.known") as known:
            key = known.read(_LONGEST_KNOWN).decode("ascii")
            if not _NAME.fullmatch(f"{key}.text"):
                return None
        with contextlib.suppress(OSError, ValueError), self._open(f"{key}.text") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            with contextlib.suppress(OSError):
                os.utime(file.fileno())  # it is used
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # keeps the lock
        return None

    def _open(self, name: str) -> BinaryIO:
        with opened_folder(self.folder) as folder:
            return open(open_at(folder, name), "rb")

    @contextmanager
    def making(self, key: str, on_waiting: Callable[[], None]) -> Iterator[BinaryIO]:
        """A file to write a text into, alone: who comes later waits, and then finds it.

        It is put in place at the end of the block, if anything was written and nothing raised.
        """
        name = f"{key}.part"
        with opened_folder(self.folder) as folder, _locked(folder, name, on_waiting) as file:
            try:
                yield file
                file.flush()
                if file.tell():
                    put_in_place(folder, name, f"{key}.text", file.fileno())
            finally:
                with contextlib.suppress(OSError):  # it has another name now, or is given up
                    os.unlink(name, dir_fd=folder)

    def sweep(self) -> None:
        """Remove what nobody holds and nobody has used for long, or a killed training left."""
        with opened_folder(self.folder) as folder:
            for name in os.listdir(folder):
                if match := _NAME.fullmatch(name):
                    with contextlib.suppress(OSError):
                        _sweep(folder, name, match[1])


def _locked(folder: int, name: str, on_waiting: Callable[[], None]) -> BinaryIO:
    """A new and empty file that is locked and still has its name, after whoever had it is done."""
    while True:
        file = open(open_at(folder, name, os.O_RDWR | os.O_CREAT), "r+b")  # noqa: SIM115 (returned)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_named(folder, name, file):
                file.truncate()
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _is_named(folder: int, name: str, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(name, dir_fd=folder), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _sweep(folder: int, name: str, kind: str) -> None:
    """Remove one file if its time has come. Raises BlockingIOError for one that is held."""
    file = open_at(folder, name)
    try:
        old = time.time() - os.fstat(file).st_mtime > DAYS * _A_DAY
        if old or kind == "part":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(file)
