"""The thread that ends the screen when its terminal is gone, and not every one says good-bye.

Not the event loop: once the thread that writes has failed on a dead terminal, whoever draws
waits for it forever.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

_INTERVAL = 1.0
_HUNG_UP = 129


def watch_terminal(last_act: Callable[[], None]) -> None:
    """From now on: when the terminal is gone, do the last act and end the process."""
    watch = threading.Thread(target=_watch, args=(last_act,), name="terminal", daemon=True)
    watch.start()


def _watch(last_act: Callable[[], None]) -> None:
    never = threading.Event()
    while _is_there():
        never.wait(_INTERVAL)
    try:
        last_act()
    finally:
        os._exit(_HUNG_UP)  # there is no terminal left to restore


def _is_there() -> bool:
    try:
        return sys.__stdin__ is not None and os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return False
