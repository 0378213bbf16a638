"""tmux and GNU screen as they come: a program in one of them, its keys, what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pytest
from root import ROOT

_PATIENCE = 20.0  # seconds
_LOOK = 0.1
#: What would tell the program of another terminal than this one.
_TELLS = ("TMUX", "STY", "TERM_PROGRAM", "VTE_VERSION", "BYOBU_BACKEND", "COLUMNS", "LINES",
          "DISPLAY", "WAYLAND_DISPLAY")  # fmt: skip


class Multiplexer:
    """Runs a shell command in one of them, without settings of anybody's; ends it on leaving.

    name: tmux or screen; where it is not installed the test is skipped. size: of tmux; GNU screen
    has 80x24 where nobody is attached. term: the terminal that
    the program believes in, "" for what the multiplexer says.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        folder: Path,
        *,
        size: tuple[int, int] = (80, 24),
        term: str = "",
    ) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        self._name, self._folder, self._id = name, folder, f"charlm-{uuid.uuid4().hex[:8]}"
        self._environment = {k: v for k, v in os.environ.items() if k not in _TELLS} | {
            "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
            "CHARLM_SETTINGS": str(folder / "settings.toml"), "CHARLM_GLYPHS": "unicode",
            "SCREENDIR": str(folder / "sockets"), "TMUX_TMPDIR": str(folder),
        }  # fmt: skip
        said = ["env", f"TERM={term}"] if term else []
        command = [*said, sys.executable, *arguments]
        width, height = size
        if name == "tmux":
            self._run("-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height),
                      *command)  # fmt: skip
        else:
            (folder / "sockets").mkdir(mode=0o700)
            self._run("-c", os.devnull, "-U", "-d", "-m", *command)

    def __enter__(self) -> Multiplexer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(*(("kill-server",) if self._name == "tmux" else ("-X", "quit")), check=False)

    def send(self, keys: str) -> None:
        """Send these characters at once."""
        if not keys:
            return
        if self._name == "tmux":
            self._run("send-keys", "-H", *(f"{byte:x}" for byte in keys.encode()))
        else:
            self._run("-X", "stuff", "".join(f"\\{ord(key):03o}" for key in keys))

    @property
    def text(self) -> str:
        """What is to be seen."""
        if self._name == "tmux":
            return self._run("capture-pane", "-p", check=False)
        path = self._folder / "hardcopy"
        path.unlink(missing_ok=True)
        self._run("-X", "hardcopy", str(path), check=False)
        end = time.monotonic() + 1
        while not path.exists() and time.monotonic() < end:
            time.sleep(_LOOK / 10)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def press(self, keys: str, *marks: str) -> None:
        """Send keys; then wait until every mark is seen."""
        self.send(keys)
        self.until(lambda text: all(mark in text for mark in marks), f"{keys!r}: {marks}")

    def until(self, holds: Callable[[str], bool], what: str = "") -> None:
        """Wait until it holds for what is seen."""
        end = time.monotonic() + _PATIENCE
        while not holds(text := self.text):
            assert time.monotonic() < end, f"{what} never came, the last there was:\n{text}"
            time.sleep(_LOOK)

    def ended(self) -> bool:
        """Wait for the end of the program, and so of the session."""
        end = time.monotonic() + _PATIENCE
        ask = ("has-session",) if self._name == "tmux" else ("-X", "version")
        while time.monotonic() < end:
            if subprocess.run(self._command(*ask), **self._quiet, check=False).returncode:
                return True
            time.sleep(_LOOK)
        return False

    def _run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(self._command(*arguments), **self._quiet, check=check)
        return str(done.stdout)

    def _command(self, *arguments: str) -> list[str]:
        if self._name == "tmux":
            return ["tmux", "-L", self._id, *arguments]
        return ["screen", "-S", self._id, *arguments]

    @property
    def _quiet(self) -> Mapping[str, object]:
        return {"env": self._environment, "capture_output": True, "text": True,
                "stdin": subprocess.DEVNULL, "timeout": _PATIENCE}  # fmt: skip
