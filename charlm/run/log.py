"""The run log: what a training measured, one JSON object per line, appended and tailed.

Each line has a `kind`:

    start        run name, step, command, model and text configuration, parameters, learning
                 rate (its height), device, precision, sequence, corpus report
    baseline     unigram, ngram, order, characters, scored: losses on the validation part by
                 counting
    step         step, characters, seconds, loss, learning_rate, gradient_norm, clipped_norm,
                 characters_per_s, progress (0 to 1), seconds_left
    probe        step, gates, gradient_norms, clipped_norms, update_ratios (docs/runs.md)
    evaluation   step, characters, seconds, validation_loss, best (bool)
    sample       step, strategy, prompt, text
    control      step, act, value
    notice       message
    end          step, characters, seconds, validation_loss, test_loss, reason, approximate

Losses are nats per character over real targets. A reader passes over a line that was cut, by
a crash or a full disk, and never sees half of one. No step occurs twice: a run that goes on
after a kill first takes back the lines of the steps that were lost (`rewind`).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from charlm.errors import SURVIVED, InputError, reason_of
from charlm.run.layout import RUN_LOG
from charlm.run.lines import Lines
from charlm.run.regular_file import open_inside, opened_folder, read_inside, write_at

_LONGEST = 1 << 22  # bytes of a line
_PIECE = 1 << 20  # bytes that a tail reads at once
#: How the lines begin that are written before anything is learned.
_BEGINNING = tuple(b'{"kind": "%s"' % kind for kind in (b"start", b"notice", b"baseline"))


class RunLog:
    """Appends to the run log of one run; use as a context manager. Raises InputError."""

    def __init__(self, run: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        self._path, self._warn, self._lost = run / RUN_LOG, warn, False
        try:
            file = open_inside(run, RUN_LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}") from None
        # The last line may be cut, by a crash or a full disk: the next one ends it first.
        size = os.fstat(file).st_size
        self._is_cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        self._file = open(file, "ab", buffering=0)  # noqa: SIM115 (closed by close)

    def append(self, kind: str, **values: Any) -> None:
        """Write one line. A NaN or infinite number is written as null: JSON has neither.

        What cannot be written costs the line, not the training; `warn` is called once.
        """
        line = json.dumps({"kind": kind} | _finite(values), ensure_ascii=True) + "\n"
        data = b"\n" * self._is_cut + line.encode("ascii")
        try:
            written = self._file.write(data)
        except SURVIVED as error:
            self._lose(reason_of(error))
            return
        self._is_cut = written < len(data)
        if self._is_cut:
            self._lose("a part of it alone was taken")

    def close(self) -> None:
        """Flush to the disk and close. A failure is reported; the training is over."""
        try:
            with self._file as file:
                os.fsync(file.fileno())
        except SURVIVED as error:
            self._warn(f"{self._path} may not be whole on the disk ({reason_of(error)})")

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            self._warn(
                f"{self._path}: a line could not be written ({reason}): it is lost, and so may"
                " later ones be; the training goes on"
            )

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tail:
    """Reads a run log as it grows: each `new()` gives the next of its lines.

    A long log comes in pieces, so that it never lies in memory as a whole; `behind` says that
    there is more.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._file = 0  # inode: a log that was rewound is another file
        self._offset = 0
        self._lines = Lines(_LONGEST)
        self.behind = False

    def new(self) -> list[dict[str, Any]]:
        """The whole lines written since the last call, or the first of them; [] without a file.

        A log that was rewound, or written afresh, is read from its beginning again.
        """
        try:
            with read_inside(self._run, RUN_LOG) as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._file or status.st_size < self._offset:
                    self._file, self._offset = status.st_ino, 0
                    self._lines = Lines(_LONGEST)
                file.seek(self._offset)
                data = file.read(_PIECE)
        except OSError:
            self.behind = False
            return []
        self._offset += len(data)
        self.behind = self._offset < status.st_size
        return list(_parsed(self._lines.of(data)))


def read_run_log(run: Path) -> list[dict[str, Any]]:
    """Every whole line of a run's log; [] when it has none."""
    tail = Tail(run)
    lines = tail.new()
    while tail.behind:
        lines += tail.new()
    return lines


def read_ends(run: Path, size: int = 65_536) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first line of a run's log, and the whole lines of its last `size` bytes, in order.

    ({}, []) when it has none.
    """
    try:
        with read_inside(run, RUN_LOG) as file:
            head = file.readline(size)
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - size))
            tail = file.read(size)
    except OSError:
        return {}, []
    lines = tail.split(b"\n")
    return next(_parsed([head]), {}), list(_parsed(lines if length <= size else lines[1:]))


def has_only_begun(run: Path) -> bool:
    """Whether a run's log tells that it began, and of nothing that was learned since.

    The last line may be cut. A log that says anything else is not one that nobody misses.
    """
    try:
        with read_inside(run, RUN_LOG) as file:
            data = file.read(_LONGEST + 1)
    except OSError:
        return False
    if len(data) > _LONGEST:  # nobody has looked at the rest
        return False
    *lines, cut = data.split(b"\n")
    begun = all(line.startswith(_BEGINNING) for line in lines)
    return begun and any(cut.startswith(line[: len(cut)]) for line in _BEGINNING)


def rewind(run: Path, step: int) -> None:
    """Remove all lines from the first one of a step behind `step` on.

    The log is replaced by a shorter one, so that a reader sees the old file or the new one.
    Raises OSError.
    """
    try:
        file = read_inside(run, RUN_LOG)
    except FileNotFoundError:
        return
    with file:
        kept = _size_to(file, step)
        if kept < os.fstat(file.fileno()).st_size:
            file.seek(0)
            with opened_folder(run) as folder:
                write_at(folder, RUN_LOG, _pieces(file, kept))


def _size_to(file: BinaryIO, step: int) -> int:
    """Bytes before the first line of a step behind `step`; of a line that is too long, as of one
    that was cut, nobody knows the step.
    """
    size, begins = 0, True
    while part := file.readline(_LONGEST + 1):
        ends = part.endswith(b"\n")
        if begins and (ends or len(part) <= _LONGEST) and _step(part) > step:
            break
        size, begins = size + len(part), ends
    return size


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next so many bytes of a file."""
    while data := file.read(min(size, _PIECE)):
        yield data
        size -= len(data)


def _step(line: bytes) -> float:
    """The step of a line; -1, below every step, for a line that has none or was cut."""
    step = next(_parsed([line]), {}).get("step")
    return step if isinstance(step, int | float) else -1


def _parsed(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue  # a line cut by a crash
        if isinstance(value, dict):
            yield value


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
