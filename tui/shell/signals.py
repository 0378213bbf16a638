"""The signals that end the screen, as its own key does, with the exit code a shell expects."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from functools import partial


def end_on_signals(end: Callable[[int], None]) -> None:
    """From now on such a signal calls `end` with 128 and its number, in the running loop."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            loop.add_signal_handler(number, partial(end, 128 + number))
