"""Regular files: opened only as such, and written as a whole.

What a user names may be a link. What lies inside a run may not: a folder that somebody else made
could lead a training out of it, to files that it would then append to, cut or remove. So a run's
own files are opened inside the opened folder and never through a link, and whoever opens one
waits neither at a pipe nor at a device. The run's folder itself may be a link, to a larger disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_TEMPORARY = ".charlm-"
_NO_REGULAR_FILE = "it is not a regular file"
_LINK = "it is a link, and nothing inside a run is used through one"
#: What `open` answers to a link that is not to be followed, a pipe without a reader, a folder.
_REFUSED = {errno.ELOOP: _LINK, errno.ENXIO: _NO_REGULAR_FILE, errno.EISDIR: _NO_REGULAR_FILE}


def open_regular(path: Path | str) -> BinaryIO:
    """A file that a user named, or a link to one, for reading. Raises OSError for others."""
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115 (who asked closes it)
    try:
        _check(file.fileno())
    except OSError:
        file.close()
        raise
    return file


def open_inside(folder: Path, name: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a regular file that lies in a folder itself. Raises OSError."""
    with opened_folder(folder) as inside:
        return open_at(inside, name, flags)


def read_inside(folder: Path, name: str) -> BinaryIO:
    """A regular file that lies in a folder itself, for reading. Raises OSError."""
    return open(open_inside(folder, name), "rb")


def open_at(folder: int, name: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """As `open_inside`, in a folder that is open; `mode`: of a new file, as the user masks it."""
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(name, flags, mode, dir_fd=folder)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        raise OSError(errno.EINVAL, _REFUSED[error.errno], name) from None
    try:
        _check(file)
    except OSError:
        os.close(file)
        raise
    return file


@contextmanager
def opened_folder(path: Path | str, inside: int | None = None) -> Iterator[int]:
    """A descriptor of a folder; of one `inside` another, which then may not be a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        folder = os.open(path, flags | (os.O_NOFOLLOW if inside is not None else 0), dir_fd=inside)
    except OSError as error:
        if inside is None or error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        raise OSError(errno.EINVAL, "it is a link or no folder", path) from None
    try:
        yield folder
    finally:
        os.close(folder)


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write `data` so that `path` is at any instant the old file or the whole new one."""
    with opened_folder(path.parent) as folder:
        write_at(folder, path.name, data, mode)


def check_place(path: Path) -> None:
    """Raise OSError where no file could be written, before there is anything to lose."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with opened_folder(path.parent) as folder:
        temporary = _TEMPORARY + secrets.token_hex(8)
        os.close(open_at(folder, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(temporary, dir_fd=folder)


def write_at(folder: int, name: str, data: bytes | Iterable[bytes], mode: int = 0o666) -> None:
    """As `write_atomically`, in a folder that is open; a link of that name is replaced.

    data: or its pieces.
    """
    temporary = _TEMPORARY + secrets.token_hex(8)
    descriptor = open_at(folder, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            put_in_place(folder, temporary, name, file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def put_in_place(folder: int, temporary: str, name: str, file: int) -> None:
    """Give a file that is written whole its name, so that it is there for good, or not at all."""
    os.fsync(file)
    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some disks know no such thing
            raise


def sweep_temporaries(folder: int, older: float = 0.0) -> None:
    """Remove what an interrupted `write_at` left in an open folder.

    `older`: by how many seconds, where others may write there now.
    """
    for name in os.listdir(folder):
        if name.startswith(_TEMPORARY):
            with contextlib.suppress(OSError):
                age = time.time() - os.lstat(name, dir_fd=folder).st_mtime
                if not older or age > older:
                    os.unlink(name, dir_fd=folder)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check(file: int) -> None:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, _NO_REGULAR_FILE)
