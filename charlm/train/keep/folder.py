"""The folder of a run: made, locked, swept, saved into and resumed from."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import cast

from charlm.display import visible
from charlm.errors import InputError, TrainingError
from charlm.run.layout import (
    FILES,
    KEPT,
    LEFT_BY_TRAINING,
    OLD_RESUME,
    RESUME,
    RUN_LOG,
    kept_step,
    resume_file,
)
from charlm.run.lock import Lock
from charlm.run.log import has_only_begun
from charlm.run.owner import stranger
from charlm.run.places import find_run, missing_run, named_after, new_runs
from charlm.run.regular_file import (
    opened_folder,
    read_inside,
    sweep_temporaries,
    write_at,
)
from charlm.train.keep.old_resume import read_old_resume
from charlm.train.keep.resume_file import read_resume, resume_bytes, resume_data
from charlm.train.saved import Saved, check_plain, differences
from charlm.wording import shortened

#: Runs that may begin in one second.
_MOST_AT_ONCE = 1000
_LONGEST_NAMES = 200
#: Of its files, before the umask: none is everybody's to write (`charlm.run.owner`).
_MODE = 0o664


class RunFolder:
    """A run's folder, held by this process until it ends.

    stranger: once `load_resume` was called, what makes the run another's; "" for one's own.
    begins_anew: whether a training had begun here that ended before it saved anything.
    """

    def __init__(self, path: Path, lock: Lock) -> None:
        self.path, self.stranger, self.begins_anew = path, "", False
        self._lock = lock

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new run. Raises InputError when there is one already, or no place for one."""
        if visible(str(path)) != str(path):
            raise InputError(f"run folder {path} has control characters in its name: rename it")
        try:
            _check_free(path)
            path.mkdir(parents=True, exist_ok=True)
            run = cls._locked(path)
            run._begin_anew()
            return run
        except OSError as error:
            raise InputError(
                f"run folder {path} cannot be written: {error.strerror}: choose another (--out)"
            ) from None

    @classmethod
    def begin(cls, out: str | None, corpus: str, cell: str) -> RunFolder:
        """A new run where it was asked for, or else in a free place named after its text."""
        return cls.create(Path(out)) if out else cls._create_near(default_path(corpus, cell))

    @classmethod
    def _create_near(cls, path: Path) -> RunFolder:
        """A new run here, or where there is a folder already, at path-2, path-3 and so on.

        Whoever makes the folder has it: of two that begin in the same second both go on.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for number in range(1, _MOST_AT_ONCE + 1):
                free = path if number == 1 else path.with_name(f"{path.name}-{number}")
                with contextlib.suppress(FileExistsError):
                    free.mkdir()
                    return cls.create(free)
        except OSError as error:
            raise InputError(
                f"run folder {path} cannot be made: {error.strerror}: choose another (--out)"
            ) from None
        raise InputError(f"run folder {path} and those behind it are taken: choose another (--out)")

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A run that exists, by its folder or its name."""
        named, path = path, find_run(path)
        if not os.path.lexists(path):
            raise InputError(missing_run(named))
        if resume_file(path) is None:
            begun = _left(path) == [RUN_LOG] and has_only_begun(path)
            again = f": it began and saved nothing: begin again (--out {path})" if begun else ""
            raise InputError(f"{path} holds no run to resume (no {RESUME}){again}")
        try:
            return cls._locked(path)
        except OSError as error:
            raise InputError(f"run folder {path} cannot be written: {error.strerror}") from None

    @classmethod
    def _locked(cls, path: Path) -> RunFolder:
        _check_contents(path)
        lock = Lock.take(path)
        try:
            with opened_folder(path) as run:
                sweep_temporaries(run)
                with contextlib.suppress(FileNotFoundError), opened_folder(KEPT, run) as kept:
                    sweep_temporaries(kept)
        except BaseException:
            lock.release()
            raise
        return cls(path, lock)

    def _begin_anew(self) -> None:
        """Empty the log of a training that was killed before it saved anything. Raises OSError.

        The lock is held: looked at before, the run may have saved meanwhile.
        """
        try:
            _check_free(self.path)
            with contextlib.suppress(FileNotFoundError), opened_folder(self.path) as run:
                os.stat(RUN_LOG, dir_fd=run, follow_symlinks=False)
                write_at(run, RUN_LOG, b"")  # who follows the log sees that it is another file
                self.begins_anew = True
        except BaseException:
            self.close()
            raise

    def write(self, name: str, data: bytes) -> None:
        """Write one file atomically. TrainingError when the folder has gone; else OSError."""
        try:
            with opened_folder(self.path) as run:
                folder, _, name = name.rpartition("/")
                if not folder:
                    write_at(run, name, data, _MODE)
                    return
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=run)
                with opened_folder(folder, run) as inside:
                    write_at(inside, name, data, _MODE)
        except FileNotFoundError:
            raise TrainingError(f"run folder {self.path} has gone: nothing can be saved") from None

    def keep_only(self, names: list[str]) -> None:
        """Remove every kept model that is not named."""
        with opened_folder(self.path) as run, contextlib.ExitStack() as stack:
            try:
                kept = stack.enter_context(opened_folder(KEPT, run))
            except FileNotFoundError:
                return  # nothing was ever kept
            refused = None
            for name in os.listdir(kept):
                if kept_step(name) is not None and f"{KEPT}/{name}" not in names:
                    try:
                        os.unlink(name, dir_fd=kept)
                    except OSError as error:
                        refused = error
            if refused is not None:
                raise refused

    def save_resume(self, values: Saved) -> None:
        """All that is needed to go on, in the place of what an older version may have written."""
        self.write(RESUME, resume_bytes(values))
        with contextlib.suppress(OSError), opened_folder(self.path) as run:
            os.unlink(OLD_RESUME, dir_fd=run)

    def load_resume(self) -> Saved:
        """What `save_resume` wrote, or an older version. Raises InputError."""
        path = resume_file(self.path) or self.path / RESUME
        try:
            with read_inside(self.path, path.name) as file:
                self.stranger = stranger(self.path, file.fileno())
                if path.name == OLD_RESUME:
                    values = read_old_resume(file, path)
                else:
                    values = read_resume(resume_data(file, path), path)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        if names := differences(values):
            raise InputError(
                f"{path} is of another version of charlm (missing or unknown:"
                f" {', '.join(names)[:_LONGEST_NAMES]}): start a new run, from its weights if you"
                f" like (--from {self.path})"
            )
        saved = cast(Saved, values)
        try:
            check_plain(saved)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"{path} cannot be used: {shortened(str(error))}") from None
        return saved

    def close(self) -> None:
        """Let the next trainer in."""
        self._lock.release()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _left(path: Path) -> list[str]:
    """What only a training leaves, as far as it lies in a folder."""
    return [name for name in LEFT_BY_TRAINING if os.path.lexists(path / name)]


def _check_free(path: Path) -> None:
    """Raise InputError for a folder that holds a run, unless that saved nothing."""
    left = _left(path)
    if left and not (left == [RUN_LOG] and has_only_begun(path)):
        on = f"go on with it (--resume {path}) or " if resume_file(path) else ""
        raise InputError(
            f"{path} already holds a run ({left[0]}): {on}choose another folder (--out)"
        )


def _check_contents(path: Path) -> None:
    """Raise InputError for a link, a pipe, a device or a folder where a run has a file.

    Nothing of that kind is used later either; here it is said before anything is changed.
    """
    for name in (*FILES, KEPT):
        expected = stat.S_ISDIR if name == KEPT else stat.S_ISREG
        with contextlib.suppress(FileNotFoundError):
            if not expected(os.lstat(path / name).st_mode):
                kind = "folder" if name == KEPT else "regular file"
                raise InputError(
                    f"{path / name} is a link or no {kind}: a run holds its own alone: remove it"
                )


def default_path(corpus: str, cell: str) -> Path:
    """<corpus>-<cell>-<time> where new runs go."""
    name = named_after(corpus, "text")
    return new_runs() / f"{name}-{cell}-{time.strftime('%Y%m%d-%H%M%S')}"
