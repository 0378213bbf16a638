"""Which weights of a run there are: of which step, in which file."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from charlm.errors import CharlmError
from charlm.run.layout import KEPT, LAST, MODEL, kept_step
from charlm.run.regular_file import opened_folder

_NEWEST = (LAST, MODEL)


class Weights(NamedTuple):
    """A checkpoint of a run. `stamp` changes when the file does."""

    step: int
    path: Path
    stamp: int = 0


class WeightsFinder:
    """Looks at a run's folder again and again, and opens a file only when it has changed."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._steps: dict[Path, int | None] = {}

    def find(self) -> tuple[Weights, ...]:
        """List all weights of the run by step, each step once."""
        found: dict[int, Weights] = {}
        for name in reversed(_NEWEST):
            path = self._run / name
            step = self._step_of(path)
            if step is not None:
                found[step] = Weights(step, path, self._stamps[path][1])
        found |= {weights.step: weights for weights in self._kept()}
        return tuple(found[step] for step in sorted(found))

    def _kept(self) -> Iterator[Weights]:
        """Give the weights that are kept beside the best; links are passed over."""
        with (
            contextlib.suppress(OSError),
            opened_folder(self._run) as run,
            opened_folder(KEPT, run) as kept,
        ):
            for name in os.listdir(kept):
                step = kept_step(name)
                with contextlib.suppress(OSError):  # gone by now
                    status = os.stat(name, dir_fd=kept, follow_symlinks=False)
                    if step is not None and stat.S_ISREG(status.st_mode):
                        path = self._run / KEPT / name
                        yield Weights(step, path, status.st_mtime_ns)

    def _step_of(self, path: Path) -> int | None:
        """The step that a checkpoint names; None for one that cannot be read."""
        try:
            status = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_ino, status.st_mtime_ns)
        if self._stamps.get(path) != stamp:
            from charlm.run.checkpoint import (
                describe_checkpoint,  # NumPy: in the thread, not before
            )

            self._stamps[path] = stamp
            try:
                step = describe_checkpoint(path).metrics.get("step")
            except CharlmError:
                step = None
            self._steps[path] = step if isinstance(step, int) else None
        return self._steps[path]
