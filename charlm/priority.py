"""Priorities of processes, relative to our own: who runs under nice stays behind what is not."""

from __future__ import annotations

import contextlib
import os

_LOWEST = 19


def give_way(pid: int, steps: int) -> None:
    """Let a process of ours run behind us by so many steps, as far as there are any.

    One that has ended needs none; and where the system has no priorities, nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, pid, min(own + steps, _LOWEST))
