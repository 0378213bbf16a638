"""The file of `write --out`: made before anything is decoded, appended to, whole lines at a time.

Whatever ends a command early, what was written stays. A file in which nothing was written is taken
away again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from charlm.errors import CharlmError, InputError, reason_of
from charlm.wording import bytes_text

_LONG = 64_000_000  # bytes of a line, from which on it is first seen whether it is a record


class OutFile:
    """An open file, locked for this process; `size` is what it held before.

    go_on_by: the options by which a command goes on with it; "" where none can.
    """

    def __init__(self, path: str, descriptor: int, go_on_by: str = "") -> None:
        self.path, self.descriptor, self.go_on_by = path, descriptor, go_on_by
        self.size = os.fstat(descriptor).st_size

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it now."""
        return os.fstat(self.descriptor).st_size == 0

    def append(self, data: bytes) -> None:
        """Write `data` at the end. Raises CharlmError."""
        left = memoryview(data)
        with self._said():
            while left:
                left = left[os.write(self.descriptor, left) :]

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes alone. Raises CharlmError."""
        with self._said():
            os.ftruncate(self.descriptor, size)

    def lines(self, may_begin: Callable[[bytes], bool]) -> Iterator[bytes]:
        """What it holds, a line at a time; only the last may lack its newline.

        may_begin: whether a record may begin so; asked of a long line before its rest is read.
        Raises InputError for a long line that is none.
        """
        with open(os.dup(self.descriptor), "rb") as file:
            file.seek(0)
            while line := file.readline(_LONG):
                if len(line) == _LONG:
                    if not may_begin(line):
                        raise InputError(
                            f"{self.path} has a line of {bytes_text(_LONG)} or more that is no"
                            " record of this command: nothing was changed"
                        )
                    line += file.readline()
                yield line

    def finish(self) -> None:
        """See that all of it is on the disk. Raises CharlmError."""
        with self._said():
            try:
                os.fsync(self.descriptor)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                    raise  # some disks know no such thing

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = f", and {self.go_on_by} goes on with it" if self.go_on_by else ""
            raise CharlmError(
                f"{self.path} cannot be written on: {reason_of(error)}: what is in it stays{hint}"
            ) from None


@contextmanager
def opened_out(path: str, *, go_on: bool, go_on_by: str = "") -> Iterator[OutFile]:
    """A new file, or, to go on, one that may be there. Raises InputError, CharlmError.

    go_on_by: as in `OutFile`.
    """
    descriptor, made = _open(path, go_on, go_on_by)
    locked = False
    try:
        locked = _lock(path, descriptor)
        out = OutFile(path, descriptor, go_on_by)
        yield out
        out.finish()
    except BaseException:
        # Without the lock it may be another command's by now, which goes on with it.
        if made and locked and os.fstat(descriptor).st_size == 0 and _is_there(path, descriptor):
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _lock(path: str, descriptor: int) -> bool:
    """Lock a file that was opened; whether its disk knows locks. Raises CharlmError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise CharlmError(f"{path} is in use by another command: wait for it") from None
        return False
    if not _is_there(path, descriptor):
        raise CharlmError(f"{path} was taken away or replaced just now: give the command again")
    return True


def _is_there(path: str, descriptor: int) -> bool:
    """Whether an open file is still the one of this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _open(path: str, go_on: bool, go_on_by: str) -> tuple[int, bool]:
    """A descriptor, and whether the file was made for it."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        try:
            return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
        except FileExistsError:
            if not go_on:
                hint = ""
                if go_on_by and os.path.isfile(path):
                    hint = ", or go on with its records (--continue, same seed and options)"
                raise InputError(
                    f"{path} is there already, and is not written over: take another name{hint}"
                ) from None
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path!r:.200} cannot be written: {reason_of(error)}") from None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor, False
    os.close(descriptor)
    raise InputError(f"{path} is not a regular file: --continue needs a file of records")
