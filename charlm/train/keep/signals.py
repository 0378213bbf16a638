"""SIGINT, SIGTERM and SIGHUP while training: the first asks to save and stop, the second leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from charlm.errors import Stopped

_SHOW_CURSOR = "\x1b[?25h"


class Signals:
    """While it is entered, `check()` raises Stopped once a signal has come."""

    def __init__(self) -> None:
        self._received = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # nohup's wish that a hang-up be ignored stays.
                if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
                    self._before[signum] = signal.signal(signum, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def check(self) -> None:
        """Raise Stopped if a signal has come."""
        if self._received:
            name = signal.Signals(self._received).name
            raise Stopped(f"stopped by {name}", self._received)

    def _receive(self, signum: int, _: FrameType | None) -> None:
        if self._received:
            if sys.stdout.isatty():
                with contextlib.suppress(OSError):
                    os.write(sys.stdout.fileno(), _SHOW_CURSOR.encode("ascii"))
            os._exit(128 + signum)
        self._received = signum
