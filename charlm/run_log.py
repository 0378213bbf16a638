"""The run log: what a training measured, one JSON object per line, appended and tailed.

Each line has a `kind`:

    start        run name, command, model and text configuration, parameters, corpus report
    step         step, characters, seconds, loss, learning_rate, gradient_norm, characters_per_s,
                 progress (0 to 1), seconds_left
    evaluation   step, characters, seconds, validation_loss, best (bool)
    sample       step, prompt, text
    notice       message
    end          step, characters, seconds, validation_loss, test_loss, reason

Losses are nats per character over real targets. A reader passes over a line that was cut, by
a crash or a full disk, and never sees half of one.
"""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUN_LOG = "run.jsonl"


class RunLog:
    """Appends to the run log of one run; use as a context manager."""

    def __init__(self, run: Path) -> None:
        self._file = open(run / RUN_LOG, "ab", buffering=0)  # noqa: SIM115 (closed by close)
        # The last line may be cut, by a crash or a full disk: the next one ends it first.
        self._is_cut = bool(self._file.tell()) and not _ends_with_newline(run / RUN_LOG)

    def append(self, kind: str, **values: Any) -> None:
        """Write one line. A NaN or infinite number is written as null: JSON has neither.

        A full disk costs the line, not the training.
        """
        line = json.dumps({"kind": kind} | _finite(values), ensure_ascii=True) + "\n"
        data = b"\n" * self._is_cut + line.encode("ascii")
        try:
            written = self._file.write(data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return
        self._is_cut = written < len(data)

    def close(self) -> None:
        """Flush to the disk and close."""
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tail:
    """Reads a run log as it grows: each `new()` gives the lines since the last call."""

    def __init__(self, run: Path) -> None:
        self._path = run / RUN_LOG
        self._offset = 0
        self._rest = b""

    def new(self) -> list[dict[str, Any]]:
        """The whole lines written since the last call; [] while there is no file."""
        try:
            with open(self._path, "rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:  # the run was started afresh
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return list(_parsed(lines))


def read_run_log(run: Path) -> list[dict[str, Any]]:
    """Every whole line of a run's log; [] when it has none."""
    return Tail(run).new()


def _parsed(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue  # a line cut by a crash
        if isinstance(value, dict):
            yield value


def _ends_with_newline(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
