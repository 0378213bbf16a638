"""PyTorch, which training needs and the screen does not: whether it is here, and bringing it."""

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

#: What is brought, as in constraints.txt.
PINNED = ("torch==2.13.0", "tensorboard==2.21.0")
#: Of the downloads, from the usual index.
SIZE = "It is some 200 MB; on Linux the CUDA build, 3 GB, unless another index is set"
_LINES = 8


def is_missing() -> bool:
    """Whether it is not here now; it may have come since the screen was opened."""
    importlib.invalidate_caches()
    return find_spec("torch") is None


def install_command() -> list[str]:
    """The command that brings it to this Python."""
    return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *PINNED]


def why_by_hand() -> str:
    """Why the screen does not bring it by itself; "" where it may, after a question."""
    if sys.prefix == sys.base_prefix:
        return "this Python is not in a virtual environment"
    packages = sysconfig.get_path("purelib")
    if not Path(packages, "pip").is_dir():  # not by find_spec, which makes setuptools stir
        return "there is no pip in this environment"
    if not os.access(packages, os.W_OK):
        return "this environment may not be changed"
    return ""


class Bringing:
    """The installation, once it was begun: its last lines, and its exit code when it is over.

    tell: called when there is more to know, on another thread.
    """

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_LINES)
        self.code: int | None = None
        self.tell: Callable[[], object] = nobody
        self._child: Child | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._child is not None and self.code is None

    def start(self) -> None:
        """Begin. Raises OSError or ValueError where the system cannot."""
        self.lines.clear()
        self.code = None
        self._child = Child(install_command(), "installation", self._take, self._end)

    def shown(self) -> list[str]:
        """Its last lines."""
        with self._lock:
            return list(self.lines)

    def close(self) -> None:
        """Stop it, if it runs."""
        if self._child is not None and self.running:
            self._child.terminate()

    def _take(self, line: str) -> None:
        with self._lock:
            self.lines.append(line)
        self.tell()

    def _end(self, code: int) -> None:
        self.code = code
        self.tell()
