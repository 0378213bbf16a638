"""Texts that are prepared already, kept in a folder: so a text is read once, not by each training.

    KEY.text    a prepared text (`charlm.text.prepared`); KEY says which text, prepared how
    KEY.part    one that is being written; who writes it holds its lock, so others wait for it
    KEY.known   another key of a text: by how its files look (size, times, place on the disk), or
                by what was found for it, which a run that goes on says

A lock is flock(2)'s, which ends with the process however that ends. Who has a text mapped holds a
shared lock on it; what nobody has used for 30 days, and nobody holds, is removed, and so is what a
killed training left half-written. Where nothing can be kept, texts are prepared in memory. Several
users may share a folder, but not what is in it: nobody maps what another could cut or change.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import mmap
import os
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from charlm.run.regular_file import (
    open_at,
    opened_folder,
    put_in_place,
    sweep_temporaries,
    write_at,
)
from charlm.text.corpus import opened
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
_AN_HOUR = 3_600.0  # in which a small file is written, by far
_BETWEEN_LOOKS = 0.1  # seconds, while another training writes


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
    return [named, asdict(preparation), VERSION, unicodedata.unidata_version, os.geteuid()]


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
        """The text of a key, or known by it, if it is there and whole; it is held while mapped."""
        for each in (self._known(key), key):
            with contextlib.suppress(OSError, ValueError), self._open(f"{each}.text") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                data = _mapped(file)
                opened(data, "", [])
                with contextlib.suppress(OSError):
                    os.utime(file.fileno())  # it is used
                return data
        return None

    def make(
        self, key: str, write: Callable[[BinaryIO], None], on_waiting: Callable[[], None]
    ) -> mmap.mmap:
        """The text of a key: written now, by nobody else, or by another training meanwhile.

        on_waiting: called again and again while that one writes.
        """
        name = f"{key}.part"
        with opened_folder(self.folder) as folder, _locked(folder, name, on_waiting) as file:
            try:
                if found := self.find(key):
                    return found
                write(file)
                file.flush()
                put_in_place(folder, name, f"{key}.text", file.fileno())
            finally:
                if _is_named(folder, name, file):  # else it has its own name now
                    os.unlink(name, dir_fd=folder)
            fcntl.flock(file, fcntl.LOCK_SH)
            return _mapped(file)

    def _known(self, key: str) -> str:
        with contextlib.suppress(OSError, ValueError), self._open(f"{key}.known") as file:
            known = file.read(_LONGEST_KNOWN).decode("ascii")
            return known if _NAME.fullmatch(f"{known}.text") else key
        return key

    def _open(self, name: str) -> BinaryIO:
        with opened_folder(self.folder) as folder:
            return _owned(open(open_at(folder, name), "rb"))

    def sweep(self) -> None:
        """Remove what nobody holds and nobody has used for long, or a killed training left."""
        with opened_folder(self.folder) as folder:
            sweep_temporaries(folder, _AN_HOUR)
            for name in os.listdir(folder):
                if match := _NAME.fullmatch(name):
                    with contextlib.suppress(OSError):
                        _sweep(folder, name, match[1])


def _owned(file: BinaryIO) -> BinaryIO:
    """The same file. Raises PermissionError for one of another user."""
    if os.fstat(file.fileno()).st_uid != os.geteuid():
        file.close()
        raise PermissionError(errno.EPERM, "what lies there belongs to another user", file.name)
    return file


def _mapped(file: BinaryIO) -> mmap.mmap:
    """What is mapped keeps the lock of its file."""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _locked(folder: int, name: str, on_waiting: Callable[[], None]) -> BinaryIO:
    """An empty file of this name, locked, after whoever had it is done.

    It is tried again and again: who waited for the lock itself would wait for a training that has
    the file mapped, under its new name.
    """
    while True:
        descriptor = open_at(folder, name, os.O_RDWR | os.O_CREAT)
        file = _owned(open(descriptor, "r+b"))  # noqa: SIM115 (returned)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(folder, name, file):
                file.truncate()
                return file
        except BlockingIOError:
            file.close()
            on_waiting()
        except BaseException:
            file.close()
            raise
        file.close()
        time.sleep(_BETWEEN_LOOKS)


def _is_named(folder: int, name: str, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(name, dir_fd=folder), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _sweep(folder: int, name: str, kind: str) -> None:
    """Remove one file if its time has come. Raises BlockingIOError for one that is held.

    Over NFS only who may write to a file has it for itself.
    """
    file = open_at(folder, name, os.O_RDWR)
    try:
        old = time.time() - os.fstat(file).st_mtime > DAYS * _A_DAY
        if old or kind == "part":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(file)
