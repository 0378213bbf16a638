"""The folder of a run: made, locked, swept, saved into and resumed from."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import time
import zipfile
from pathlib import Path
from typing import cast

import torch

from charlm.display import visible
from charlm.errors import InputError, TrainingError
from charlm.places import LAST, MODEL, RUNS
from charlm.run_log import RUN_LOG
from charlm.sealed_file import sweep_temporaries, write_atomically
from charlm.train.saved import Saved, differences

RESUME = "resume.pt"
_KEPT = "kept"
_LOCK = ".lock"
_LONGEST_NAME = 60


class RunFolder:
    """A run's folder, held by this process until it ends."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new run. Raises InputError when there is one already, or no place for one."""
        if visible(str(path)) != str(path):
            raise InputError(f"run folder {path} has control characters in its name: rename it")
        try:
            for name in (RESUME, RUN_LOG, MODEL, LAST):
                if (path / name).exists():
                    on = f"go on with it (--resume {path}) or " if name == RESUME else ""
                    raise InputError(
                        f"{path} already holds a run ({name}): {on}choose another folder (--out)"
                    )
            path.mkdir(parents=True, exist_ok=True)
            return cls._locked(path)
        except OSError as error:
            raise InputError(
                f"run folder {path} cannot be written: {error.strerror}: choose another (--out)"
            ) from None

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A run that exists."""
        if not (path / RESUME).is_file():
            raise InputError(f"{path} holds no run to resume (no {RESUME})")
        try:
            return cls._locked(path)
        except OSError as error:
            raise InputError(f"run folder {path} cannot be written: {error.strerror}") from None

    @classmethod
    def _locked(cls, path: Path) -> RunFolder:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise TrainingError(f"run {path} is in use by pid {holder}: stop that first") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode("ascii"), 0)
        sweep_temporaries(path)
        sweep_temporaries(path / _KEPT)
        return cls(path, lock)

    def write(self, name: str, data: bytes) -> None:
        """Write one file atomically. TrainingError when the folder has gone; else OSError."""
        try:
            if name.startswith(_KEPT):
                (self.path / _KEPT).mkdir(exist_ok=True)
            write_atomically(self.path / name, data)
        except FileNotFoundError:
            raise TrainingError(f"run folder {self.path} has gone: nothing can be saved") from None

    def keep_only(self, names: list[str]) -> None:
        """Remove every kept model that is not named."""
        for path in (self.path / _KEPT).glob("*.safetensors"):
            if f"{_KEPT}/{path.name}" not in names:
                path.unlink(missing_ok=True)

    def save_resume(self, values: Saved) -> None:
        """All that is needed to go on, for torch only."""
        buffer = io.BytesIO()
        torch.save(values, buffer)
        self.write(RESUME, buffer.getvalue())

    def load_resume(self) -> Saved:
        """What `save_resume` wrote; nothing but tensors and plain values is ever unpickled."""
        path = self.path / RESUME
        try:
            values = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
        except (OSError, RuntimeError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path} cannot be resumed from: {error}") from None
        except Exception as error:  # the unpickler raises types of its own
            raise InputError(f"{path} is not a charlm resume file: {error}") from None
        if not isinstance(values, dict) or "options" not in values:
            raise InputError(f"{path} is not a charlm resume file")
        if names := differences(values):
            raise InputError(
                f"{path} is of another version of charlm (missing or unknown: {', '.join(names)}):"
                f" start a new run, from its weights if you like (--from {self.path})"
            )
        return cast(Saved, values)

    def close(self) -> None:
        """Let the next trainer in."""
        os.close(self._lock)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def default_path(corpus: str, cell: str) -> Path:
    """checkpoints/<corpus>-<cell>-<time>"""
    stem = re.sub(r"[^\w.-]+", "_", Path(corpus).stem)[:_LONGEST_NAME].strip("._-") or "text"
    return RUNS / f"{stem}-{cell}-{time.strftime('%Y%m%d-%H%M%S')}"


def kept_name(step: int) -> str:
    """Where the model of a step is kept, inside the run's folder."""
    return f"{_KEPT}/step-{step:08}.safetensors"


def is_disk_full(error: OSError) -> bool:
    """Whether waiting for someone to tidy up can help."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES)
