"""Texts of every decoder while a model learns, by the engine from the last checkpoint.

Each is written by `python -m charlm write`, in a process of its own and at the lowest
priority, while training goes on: the two halves meet in the file.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from charlm.child import module_command
from charlm.decoding import STRATEGIES
from charlm.priority import give_way

DECODERS = tuple(STRATEGIES)

_LENGTH = 200
_BEHIND = 19  # steps of priority: as far as there are any
_PATIENCE = 20.0  # seconds at the end of a run, for the texts that are not there yet


class Text(NamedTuple):
    """One text, by one decoder, from nothing."""

    step: int
    decoder: str
    text: str


class TextWriter:
    """Has one text written after another. What fails gives no text, and no error."""

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        self._left: list[tuple[int, str]] = []
        self._now: tuple[int, str] = (0, "")
        self._process: subprocess.Popen[bytes] | None = None
        self._steps = _BEHIND

    def ask(self, step: int) -> None:
        """Ask for one text of each decoder; what was asked for before and not begun is not."""
        self._left = [(step, decoder) for decoder in DECODERS]

    def ready(self) -> Iterator[Text]:
        """The texts that have been finished since."""
        if self._process is not None and self._process.poll() is not None:
            process, self._process = self._process, None
            text = _text_of(process)
            if text is not None:
                yield Text(*self._now, text)
        if self._process is None and self._left:
            self._now = self._left.pop(0)
            self._process = self._begin(*self._now)

    def rest(self) -> Iterator[Text]:
        """The texts that were asked for and are not there yet, as they come."""
        self._steps = 0  # there is no training left to give way to
        deadline = time.monotonic() + _PATIENCE
        while (self._left or self._process) and time.monotonic() < deadline:
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(deadline - time.monotonic())
            yield from self.ready()

    def close(self) -> None:
        """Write no more."""
        self._left = []
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _begin(self, step: int, decoder: str) -> subprocess.Popen[bytes] | None:
        command = [*module_command("charlm"), "write", str(self._checkpoint), "--json"]
        command += ["--prompt", "", "--strategy", decoder, "--seed", str(step)]
        try:
            process = subprocess.Popen(
                [*command, "--max-length", str(_LENGTH)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return None
        give_way(process.pid, self._steps)
        return process


def _text_of(process: subprocess.Popen[bytes]) -> str | None:
    out, _ = process.communicate()
    try:
        return str(json.loads(out.splitlines()[0])["text"]) if process.returncode == 0 else None
    except (ValueError, IndexError, KeyError, TypeError):
        return None
