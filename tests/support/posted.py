"""What the thread that writes has posted."""

import time
from collections.abc import Callable

from tui.writer.worker import DecodeWorker


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def has(worker: DecodeWorker, kind: type) -> bool:
    return any(isinstance(s, kind) for s in list(worker.posted))
