"""Whether someone trains a run now."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from charlm.run.places import LOCK
from charlm.run.regular_file import open_inside


def is_training(run: Path) -> bool:
    """Whether a trainer holds the run.

    The lock is tried only while the process that wrote it lives: a trainer that begins at this
    very instant must not find it taken.
    """
    try:
        lock = open_inside(run, LOCK)
    except OSError:
        return False
    try:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        if not holder.isdecimal() or not _lives(int(holder)):
            return False
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False


def training_in(folder: Path) -> Path | None:
    """The newest run in a folder that someone trains now."""
    try:
        runs = [run for run in folder.iterdir() if is_training(run)]
        return max(runs, key=lambda run: run.stat().st_mtime, default=None)
    except OSError:
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
