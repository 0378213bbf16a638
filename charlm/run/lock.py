"""The lock of a run: at most one process trains it, and others see whether one does.

The lock is a file in the run's folder. Whoever trains holds it with flock(2) and writes its
process id there. The system releases the lock when the process ends, however it ends, so a stale
file means nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from charlm.errors import InputError, TrainingError
from charlm.run.layout import LOCK
from charlm.run.regular_file import open_inside

_LONGEST = 32  # bytes of a process id; what is longer, or no number, is not a lock


class Lock:
    """The lock of a run, held by this process until it is released."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, run: Path) -> Lock:
        """Take it and write into it who has it.

        Raises TrainingError when another process holds it, InputError when the file is not a
        lock, OSError when it cannot be opened.
        """
        file = open_inside(run, LOCK, os.O_RDWR | os.O_CREAT)
        try:
            _take(file, run)
        except BaseException:
            os.close(file)
            raise
        return cls(file)

    def release(self) -> None:
        """Let the next trainer in."""
        os.close(self._file)


def is_training(run: Path) -> bool:
    """Whether a trainer holds the run.

    The lock is tried only while the process that wrote it lives: a trainer that begins at this
    very instant must not find it taken.
    """
    try:
        file = open_inside(run, LOCK)
    except OSError:
        return False
    try:
        holder = _holder(file)
        if not holder.isdigit() or not _lives(int(holder)):
            return False
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def training_in(folders: Iterable[Path]) -> Path | None:
    """The newest run in these folders that someone trains now."""
    found: list[tuple[float, Path]] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            for run in folder.iterdir():
                with contextlib.suppress(OSError):
                    if is_training(run):
                        found.append((run.stat().st_mtime, run))
    return max(found)[1] if found else None


def _take(file: int, run: Path) -> None:
    holder = _holder(file)
    if len(holder) > _LONGEST or not (holder.isdigit() or not holder):
        raise InputError(f"{run / LOCK} is not the lock of a run: remove it")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = holder.decode("ascii") or "unknown"
        raise TrainingError(f"run {run} is in use by pid {pid}: stop that first") from None
    os.ftruncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode("ascii"), 0)


def _holder(file: int) -> bytes:
    """What the file says of its holder: one byte more than a process id may have, at most."""
    return os.pread(file, _LONGEST + 1, 0).strip()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
