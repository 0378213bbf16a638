"""Steering a training from outside: RUN/control.jsonl, one act per line, appended.

    {"act": "pause"}      save and wait; the time does not count
    {"act": "resume"}     go on
    {"act": "learning_rate", "value": 0.001}      as --learning-rate, from the next step on
    {"act": "stop"}       save and end, to go on another day with --resume

The training looks at it before every step and echoes what it did in the run log. What stood in
it when the training began was meant for another and is passed over.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from charlm.run.layout import CONTROL
from charlm.run.lines import Lines
from charlm.run.regular_file import open_inside, read_inside

ACTS = ("pause", "resume", "learning_rate", "stop")

MAX_LEARNING_RATE = 100.0
_LONGEST = 60  # characters of what is no act
_LONGEST_LINE = 1 << 20  # bytes; an act takes less than 100
_PIECE = 1 << 20  # bytes that are read at once


class Act(NamedTuple):
    """One act. `error` says why it cannot be done; it is "" when it can."""

    name: str
    value: float | None = None
    error: str = ""


class Control:
    """Reads the acts that are written into one run's control file from now on."""

    def __init__(self, run: Path) -> None:
        self._run, self._path = run, str(run / CONTROL)
        self._offset = self._size()
        self._lines = Lines(_LONGEST_LINE)
        self._refused = False

    def new(self) -> list[Act]:
        """Read the acts of the whole lines that were written since the last call."""
        size = self._size()
        if size == self._offset:
            return []
        if size < self._offset:  # written afresh
            self._offset, self._lines = 0, Lines(_LONGEST_LINE)
        try:
            with read_inside(self._run, CONTROL) as file:
                file.seek(self._offset)
                data = file.read(_PIECE)
        except FileNotFoundError:
            return []
        except OSError as error:
            refused, self._refused = self._refused, True
            return [] if refused else [Act("", error=f"{self._path}: {error.strerror}")]
        self._refused = False
        self._offset += len(data)
        return [_act(line) for line in self._lines.of(data) if line.strip()]

    def _size(self) -> int:
        try:
            return os.lstat(self._path).st_size
        except OSError:
            return 0


def steer(run: Path, act: str, value: float | None = None) -> None:
    """Ask the training of a run for an act. Raises OSError."""
    line = {"act": act} if value is None else {"act": act, "value": value}
    with open(open_inside(run, CONTROL, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(json.dumps(line).encode("ascii") + b"\n")


def _act(line: bytes) -> Act:
    try:
        values = json.loads(line)
        name, value = values["act"], values.get("value")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return Act("", error='a line is not an act, as {"act": "pause"}')
    if name not in ACTS:
        return Act("", error=f"act {_shown(name)} is not one of {', '.join(ACTS)}")
    if name != "learning_rate":
        return Act(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 < value <= MAX_LEARNING_RATE):
        said = f"learning rate {_shown(value)} is not a number above 0, at most 100"
        return Act(name, error=said)
    return Act(name, float(value))


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except RecursionError:
        shown = "..."
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
