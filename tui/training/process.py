"""Training as a subprocess: started, drained, stopped, never left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from charlm.display import visible
from charlm.priority import give_way

from ..writer.snapshots import TrainingEnded

_LINES = 12
#: Steps that a training stays behind the screen.
NICE = 10
#: Terminal commands in what a trainer prints (colours, cursor moves of a progress bar).
_COMMANDS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def train_command() -> list[str]:
    """The command that trains, before its options."""
    return [sys.executable, "-m", "charlm.train"]


class TrainingProcess:
    """One running training. Its output goes through a pipe into the last `lines`.

    A training whose screen was killed goes on; another screen sees it among the runs, and can
    steer and stop it.
    """

    def __init__(self, run: Path, options: Sequence[str], command: Sequence[str]) -> None:
        self.run = run
        self.stopped = False
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._killer: threading.Timer | None = None
        self._process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "TERM": "dumb"},
        )
        give_way(self._process.pid, NICE)
        self._drain = threading.Thread(target=self._read, name="training output", daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ended(self) -> TrainingEnded | None:
        """How the process ended; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        self._drain.join(0.5)
        if self._killer:
            self._killer.cancel()
        return TrainingEnded(self.run, code, self.stopped, tuple(self._lines))

    def stop(self, grace: float = 5.0) -> None:
        """SIGTERM, so that it saves; SIGKILL after `grace` seconds. Returns at once."""
        if self.stopped or self._process.poll() is not None:
            return
        self.stopped = True
        self._process.terminate()
        self._killer = threading.Timer(grace, self._process.kill)
        self._killer.daemon = True
        self._killer.start()

    def close(self, grace: float = 5.0) -> None:
        """Stop, and wait until the process is gone."""
        self.stop(grace)
        end = time.monotonic() + grace
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._drain.join(0.5)
        if self._killer:
            self._killer.cancel()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for raw in output:
                text = _COMMANDS.sub("", raw[-2000:].decode("utf-8", "replace"))
                line = text.rstrip("\r\n").rsplit("\r", 1)[-1].strip()
                if line:
                    self._lines.append(visible(line))
