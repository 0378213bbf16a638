"""Training as a subprocess: started, stopped, never left behind."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from charlm.child import module_command

from .child import Child

_LINES, _LONGEST = 12, 2000
#: Seconds for what an ended training printed last.
_DRAIN = 0.5


class TrainingEnded(NamedTuple):
    """The training process is gone. `code`: its exit status; `lines`: the last ones it wrote."""

    run: Path
    code: int
    stopped: bool
    lines: tuple[str, ...]


def train_command() -> list[str]:
    """The command that trains, before its options."""
    return module_command("charlm.train")


class TrainingProcess:
    """One running training, and the last lines it printed.

    A training whose screen was killed goes on; another screen sees it among the runs, and can
    steer and stop it.
    """

    def __init__(self, run: Path, options: Sequence[str], command: Sequence[str]) -> None:
        self.run = run
        self.stopped = False
        self.lines: deque[str] = deque(maxlen=_LINES)
        self._killer: threading.Timer | None = None
        self._child = Child(
            [*command, *options], "training output",
            lambda line: self.lines.append(line[-_LONGEST:]),
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def ended(self) -> TrainingEnded | None:
        """How the process ended; None while it runs."""
        code = self._child.code
        if code is None:
            return None
        self._child.drain(_DRAIN)
        if self._killer:
            self._killer.cancel()
        return TrainingEnded(self.run, code, self.stopped, tuple(self.lines))

    def stop(self, grace: float = 5.0) -> None:
        """SIGTERM, so that it saves; SIGKILL after `grace` seconds. Returns at once."""
        if self.stopped or self._child.code is not None:
            return
        self.stopped = True
        self._child.terminate()
        self._killer = threading.Timer(grace, self._child.kill)
        self._killer.daemon = True
        self._killer.start()

    def close(self, grace: float = 5.0) -> None:
        """Stop, and wait until the process is gone."""
        self.stop(grace)
        if not self._child.wait(grace):
            self._child.kill()
            self._child.wait()
        self._child.drain(_DRAIN)
        if self._killer:
            self._killer.cancel()
