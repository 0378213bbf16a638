"""Ctrl-C while texts are written: asked for once it ends them as they stand, twice at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether an end was asked for."""

    def __init__(self) -> None:
        self.asked = False

    def _take(self, signum: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def noticed_interrupts() -> Iterator[Interrupt]:
    """SIGINT sets a mark, to be looked at where a text can end, and no longer raises.

    Raises KeyboardInterrupt at the end where it was asked for. Where SIGINT is ignored, as in the
    background of a script, or in a thread, all stays as it is.
    """
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    if before is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt._take)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupt.asked:
        raise KeyboardInterrupt
