"""The model that was used last: the screen opens on it again.

A file in the platform's folder for states holds its path, and what its weights are known by should
the run have another name meanwhile. Before it is read again another line says so, with the process
that does; it goes once the model is there. Where that line is found, and that process is not, the
last start did not come so far: the screen opens on another model.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from charlm.display import visible
from charlm.errors import SURVIVED
from charlm.run.layout import MODEL, SUFFIX
from charlm.run.regular_file import open_regular, write_atomically

from ..writer.models import first_model, run_of, typed_name
from .state_folder import state_folder

_FILE, _OPENING, _KNOWN_BY, _LONGEST = "last-model", "opening", "known-by", 10_000


class LastModel:
    """Remembers a model from one start to the next; where nothing can be kept, it forgets."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._used: Path | None = None
        self._opened: Path | None = None

    def is_first_start(self) -> bool:
        """Whether this user never started the screen before: once, and only where that is known."""
        if self._file is None or os.path.lexists(self._file):
            return False
        self._write("")
        return os.path.lexists(self._file)

    def choose(self) -> tuple[Path | None, str]:
        """The model to open on, and why it is not the one that was used last; None for none."""
        path, opening, stamp = self._read()
        if path is None:
            return first_model(), ""
        if not _is_there(path):
            path = _moved(path, stamp) or path
        if not _is_there(path):
            return first_model(), f"the model of last time is no longer at {visible(str(path))}"
        if opening and not _is_running(opening):
            self._write("")
            again = f"python -m charlm tui {visible(typed_name(path))}"
            return first_model(), f"the last start broke off: {again} opens that model again"
        self._opened = path
        self._write(f"{_told(path)}{_OPENING} {os.getpid()}\n")
        return path, ""

    def use(self, path: Path) -> None:
        """This one writes now, or was trained."""
        if path != self._used:
            self._used = path
            with contextlib.suppress(OSError):  # of a working folder that was deleted
                self._write(_told(path.absolute()))

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now."""
        last = self._used.absolute() if self._used is not None else self._read()[0]
        if last == path or (last is not None and path in last.parents):
            self.use(new / last.relative_to(path))

    def close(self) -> None:
        """The screen ends, as it should, and may not have read the model yet."""
        if self._used is None and self._opened is not None:
            self.use(self._opened)
            return
        with contextlib.suppress(OSError):  # of a working folder that was deleted
            used = self._used.absolute() if self._used is not None else None
            path, opening, _ = self._read()
            if used is not None and used == path and not opening:  # no other screen came since
                self._write(_told(used))  # its weights may be newer than when it was used

    def _read(self) -> tuple[Path | None, str, str]:
        """The path, the process that was opening it, what it is known by; "" for none."""
        try:
            with open_regular(self._file or "") as file:
                text = file.read(_LONGEST).decode("utf-8", "surrogateescape")
            path, *lines = text.rstrip("\n").split("\n")
        except (OSError, ValueError):
            return None, "", ""
        more = dict(line.split(" ", 1) for line in lines if " " in line)
        known = Path(path) if os.path.isabs(path) else None
        return known, more.get(_OPENING, ""), more.get(_KNOWN_BY, "")

    def _write(self, text: str) -> None:
        if self._file is None:
            return
        with contextlib.suppress(*SURVIVED):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, text.encode("utf-8", "surrogateescape"))


def last_model() -> LastModel:
    """What this user's last screen left."""
    folder = state_folder()
    return LastModel(None if folder is None else folder / _FILE)


def _told(path: Path) -> str:
    """The lines of a model."""
    stamp = _stamp(_weights(path))
    return f"{path}\n" + (f"{_KNOWN_BY} {stamp}\n" if stamp else "")


def _weights(path: Path) -> Path:
    """The file of a model that may be gone."""
    return path if path.suffix == SUFFIX and not path.is_dir() else path / MODEL


def _stamp(file: Path) -> str:
    """What a file keeps where its folder is renamed; "" for one that is not there."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return ""
    return f"{status.st_ino} {status.st_mtime_ns} {status.st_size}"


def _moved(path: Path, stamp: str) -> Path | None:
    """Where a model lies whose run got another name in its folder; None where that is unknown."""
    if not stamp:
        return None
    with contextlib.suppress(OSError, ValueError):
        file = _weights(path)
        run = run_of(file)
        for other in run.parent.iterdir():
            if _stamp(other / file.relative_to(run)) == stamp:
                return other / path.relative_to(run)
    return None


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _is_there(path: Path) -> bool:
    return os.path.isfile(path / MODEL if os.path.isdir(path) else path)
