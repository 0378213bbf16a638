"""How far something is, on one line of standard error that is drawn over itself."""

from __future__ import annotations

import os
import sys
import time

#: Characters of prompts, or of a text to score, that take long enough to be told of.
LONG = 20_000
_SECONDS = 0.1  # from one drawing to the next
_CLEAR = "\r\x1b[2K"


class ProgressLine:
    """Nothing at all where standard error is no terminal that can clear a line."""

    def __init__(self) -> None:
        able = os.environ.get("TERM", "") not in ("", "dumb")
        self._on = able and sys.stderr.isatty()
        self._shown = ""
        self._drawn = 0.0

    def show(self, text: str) -> None:
        """Draw a line, unless one was drawn just now."""
        now = time.monotonic()
        if not self._on or text == self._shown or (self._shown and now - self._drawn < _SECONDS):
            return
        sys.stderr.write(f"{_CLEAR}{text}")
        sys.stderr.flush()
        self._shown, self._drawn = text, now

    def clear(self) -> None:
        """Take the line away, before something else is written to the terminal."""
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            self._shown = ""
