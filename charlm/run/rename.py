"""A run gets another name: its folder is moved beside itself, while nobody trains it."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from pathlib import Path

from charlm.display import visible
from charlm.errors import InputError, reason_of
from charlm.run.layout import COMPARED, COMPARISON_FILES, LEFT_BY_TRAINING
from charlm.run.lock import Lock
from charlm.run.places import find_run, is_shipped, missing_run, wrong_name
from charlm.run.regular_file import opened_folder


def rename_run(run: Path, name: str) -> Path:
    """Rename a run, given by its folder or its name; returns where it is now.

    What is there already is never replaced, and whatever happens the run has one of its two
    names. Its log keeps the name that it began with. Raises InputError, and TrainingError for a
    run that is being trained.
    """
    name = unicodedata.normalize("NFC", name)
    found = find_run(run)
    if not os.path.lexists(found):
        raise InputError(missing_run(run))
    path = found.absolute()
    _check(path)
    if wrong := wrong_name(name):
        raise InputError(wrong)
    try:
        lock = Lock.take(path)
        try:
            _move(path, name)
        finally:
            lock.release()
    except OSError as error:
        raise InputError(f"{visible(path.name)} cannot be renamed: {reason_of(error)}") from None
    return path.with_name(name)


def _check(path: Path) -> None:
    """Raise InputError for what is no run of the user's own."""
    named = visible(path.name)
    if is_shipped(path):
        raise InputError(f"{named} came with charlm: it keeps its name")
    if path.is_symlink():
        raise InputError(f"{named} is a link to another place: rename it there")
    if not any(os.path.lexists(path / each) for each in LEFT_BY_TRAINING):
        raise InputError(f"{named} is no run: nothing in it was left by a training")
    compared = (path.parent.parent / name for name in COMPARISON_FILES)
    if path.parent.name == COMPARED and any(map(os.path.lexists, compared)):
        raise InputError(f"{named} is part of a comparison, which knows it by this name")


def _move(path: Path, name: str) -> None:
    """An empty folder is taken for the name: moving onto it replaces nothing else."""
    with opened_folder(path.parent) as folder:
        try:
            os.mkdir(name, dir_fd=folder)
        except FileExistsError:
            raise InputError(f"{name} exists already: choose another name") from None
        try:
            os.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=folder)
            raise
        with contextlib.suppress(OSError):  # some disks know no such thing
            os.fsync(folder)
