"""SIGINT, SIGTERM and SIGHUP while training: the first asks to save and stop, the second leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from charlm.errors import Stopped

_SHOW_CURSOR = "\x1b[?25h"


class Signals:
    """While it is entered, `check()` raises Stopped once a signal has come.

    elsewhere: gives the signal that another process of this training got, or 0. received: the one
    that came here, or 0.
    """

    def __init__(self, elsewhere: Callable[[], int] = lambda: 0) -> None:
        self.received, self._elsewhere = 0, elsewhere
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
        if signum := self.received or self._elsewhere():
            raise Stopped(f"stopped by {signal.Signals(signum).name}", signum)

    def _receive(self, signum: int, _: FrameType | None) -> None:
        if self.received:
            if sys.stdout.isatty():
                with contextlib.suppress(OSError):
                    os.write(sys.stdout.fileno(), _SHOW_CURSOR.encode("ascii"))
            os._exit(128 + signum)
        self.received = signum
