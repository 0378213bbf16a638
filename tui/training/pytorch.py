"""PyTorch, which training needs and the screen does not: whether it is here, and installing it."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from ..threads import nobody
from .child import Child

#: What is installed, as in constraints.txt.
PINNED = ("torch==2.13.0", "tensorboard==2.21.0")
#: Of the downloads, from the usual index.
SIZE = "It is some 200 MB; on Linux the CUDA build, 3 GB, unless another index is set"
_LINES = 8
_GRACE = 5.0  # seconds for pip to clean up behind itself


def is_missing() -> bool:
    """Whether it is not here now; it may have come since the screen was opened."""
    importlib.invalidate_caches()
    spec = find_spec("torch")
    return spec is None or spec.origin is None  # else a folder that happens to be called so


def install_command() -> list[str]:
    """The command that installs it for this Python."""
    return [sys.executable, "-P", "-m", "pip", "install", "--disable-pip-version-check", *PINNED]


def why_by_hand() -> str:
    """What to do where the screen does not install it by itself; "" where it may, if one agrees."""
    if not any(Path(place, "pip").is_dir() for place in sys.path):  # find_spec stirs setuptools
        return "There is no pip here: uvx --with torch, or pipx inject, brings it along."
    if sys.prefix == sys.base_prefix:
        return "This Python is the system's: make a virtual environment for charlm first."
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        return "Type it at a shell, as someone who may change this environment."
    return ""


class Installation:
    """pip at work, once it was begun: its last lines, and its exit code when it is over.

    tell: called when there is more to know, on another thread.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self.tell: Callable[[], object] = nobody
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._child: Child | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._child is not None and self.code is None

    @property
    def lines(self) -> list[str]:
        """Its last lines."""
        with self._lock:
            return list(self._lines)

    def start(self) -> None:
        """Begin. Raises OSError or ValueError where the system cannot."""
        self._lines.clear()
        self.code = None
        self._child = Child(install_command(), "installation", self._take, self._end)

    def close(self) -> None:
        """Stop it, if it runs, as Ctrl+C does: then pip removes what it only half copied."""
        if self._child is not None and self.running:
            self._child.interrupt()
            if not self._child.wait(_GRACE):
                self._child.kill()

    def _take(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
        self.tell()

    def _end(self, code: int) -> None:
        self.code = code
        self.tell()
