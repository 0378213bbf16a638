"""The model that was used last: the screen opens on it again.

A file in the platform's folder for states holds its path. Before it is read again a second line
says so, with the process that does; it goes once the model is there. Where that line is found, and
that process is not, the last start did not come so far: the screen opens on another model.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from charlm.display import visible
from charlm.errors import SURVIVED
from charlm.run.layout import MODEL
from charlm.run.regular_file import open_regular, write_atomically

from ..writer.models import first_model, typed_name
from .state_folder import state_folder

_FILE, _OPENING, _LONGEST = "last-model", "opening", 10_000


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
        path, opening = self._read()
        if path is None:
            return first_model(), ""
        if not _is_there(path):
            return first_model(), f"the model of last time is no longer at {visible(str(path))}"
        if opening:
            self._write("")
            again = f"python -m charlm tui {visible(typed_name(path))}"
            return first_model(), f"the last start broke off: {again} opens that model again"
        self._opened = path
        self._write(f"{path}\n{_OPENING} {os.getpid()}\n")
        return path, ""

    def use(self, path: Path) -> None:
        """This one writes now, or was trained."""
        if path != self._used:
            self._used = path
            with contextlib.suppress(OSError):  # of a working folder that was deleted
                self._write(f"{path.absolute()}\n")

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now."""
        last = self._used.absolute() if self._used is not None else self._read()[0]
        if last == path or (last is not None and path in last.parents):
            self.use(new / last.relative_to(path))

    def close(self) -> None:
        """The screen ends, as it should, and may not have read the model yet."""
        if self._used is None and self._opened is not None:
            self.use(self._opened)

    def _read(self) -> tuple[Path | None, bool]:
        try:
            with open_regular(self._file or "") as file:
                text = file.read(_LONGEST).decode("utf-8", "surrogateescape")
            path, _, mark = text.rstrip("\n").partition("\n")
        except (OSError, ValueError):
            return None, False
        word, _, pid = mark.partition(" ")
        broke_off = word == _OPENING and not _is_running(pid)
        return (Path(path) if os.path.isabs(path) else None), broke_off

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
