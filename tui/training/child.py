"""A program beside the screen, and behind it: its lines are read, it is never left over."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from charlm.display import visible
from charlm.priority import give_way

from ..threads import in_words

#: Steps that such a program stays behind the screen.
NICE = 10
#: Bytes of a line, its last ones, that are looked at.
_LONGEST = 10_000
#: Terminal commands in what a program prints (colours, cursor moves of a progress bar).
_COMMANDS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Child:
    """One running program; it reads nothing, and prints into a pipe that a thread drains.

    take: called on that thread with each line, inert; what it does not foresee becomes a line.
    over: likewise with the exit code, behind the last line. Raises OSError or ValueError where the
    system cannot start it.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        take: Callable[[str], object],
        over: Callable[[int], object] = lambda code: None,
    ) -> None:
        self._take, self._over = take, over
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "TERM": "dumb"},
            process_group=0,  # the screen may be suspended: this goes on
        )
        give_way(self.pid, NICE)
        self._drain = threading.Thread(target=self._read, name=name, daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, below zero after a signal; None while it runs."""
        return self._process.poll()

    def interrupt(self) -> None:
        """Ask it to end as Ctrl+C does (SIGINT)."""
        if self.code is None:
            self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End it (SIGKILL), unless it has ended."""
        if self.code is None:
            self._process.kill()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, no longer than `seconds`; whether it has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def drain(self, seconds: float) -> None:
        """Wait until what it printed is read; a process of its own may hold the pipe open."""
        self._drain.join(seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as output:
                for raw in output:
                    try:
                        self._look_at(raw)
                    except BaseException as error:  # a pipe that is closed would end the program
                        with suppress(BaseException):
                            self._take(f"charlm: warning: a line was not read: {in_words(error)}")
        finally:  # nobody waits for the end for ever
            self._over(self._process.wait())

    def _look_at(self, raw: bytes) -> None:
        text = _COMMANDS.sub("", raw[-_LONGEST:].decode("utf-8", "replace"))
        line = text.rstrip("\r\n").rsplit("\r", 1)[-1].strip()
        if line:
            self._take(visible(line))
