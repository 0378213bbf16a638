"""A command at a pseudo-terminal: keys go in, what it paints comes out."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.measure import ROOT

ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[^\[\]])")
PATIENCE = 60.0  # seconds
#: Where it is set, a program is compiled at every start; at a user's terminal only at the first.
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


class Terminal:
    """Runs Python with these arguments at a terminal of its own; ends it on leaving."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._seen = b""
        inherited = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
            env=inherited | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
            | dict(environment or {}),
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.hang_up()
        self.process.wait()

    def hang_up(self) -> None:
        """Take the terminal away from the process."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def send(self, keys: str) -> float:
        """Press keys; the moment before it."""
        now = time.perf_counter()
        os.write(self._ours, keys.encode())
        return now

    def wait(self, mark: bytes | re.Pattern[bytes] | None) -> float:
        """Read until the mark is painted (None: until the end); the moment it was.

        What was painted before the call no longer counts.
        """
        pattern = re.compile(re.escape(mark)) if isinstance(mark, bytes) else mark
        self._seen = self._seen[:0]
        end = time.perf_counter() + PATIENCE
        while self._read(end - time.perf_counter()):
            if pattern and pattern.search(ESCAPES.sub(b"", self._seen)):
                return time.perf_counter()
        if pattern is None:
            return time.perf_counter()
        sys.exit(f"{pattern.pattern!r} was never seen after:\n{self._seen[-2000:]!r}")

    def read_for(self, seconds: float) -> None:
        """Take what is painted, as a terminal would, for so long."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and self._read(end - time.perf_counter()):
            self._seen = b""

    def processor_seconds(self) -> float:
        """What the process has used so far, where Linux tells."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Memory of the process, where Linux tells."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except OSError:
            return float("nan")
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _read(self, seconds: float) -> bool:
        """Some more of what is painted, or nothing when the time is over; False at the end."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            piece = os.read(self._ours, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            return False
        self._seen += piece
        return bool(piece)
