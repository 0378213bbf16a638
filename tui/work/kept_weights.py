"""Which weights of a run there are: of which step, in which file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from charlm.errors import CharlmError
from charlm.places import MODEL
from tui.messages.run import Weights

_KEPT = re.compile(r"step-(\d{1,12})\.safetensors")
_NEWEST = ("last.safetensors", MODEL)


class WeightsFinder:
    """Looks at a run's folder again and again; a file is opened only when it is another one."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._steps: dict[Path, int | None] = {}

    def find(self) -> tuple[Weights, ...]:
        """All of them, by step; none twice."""
        found: dict[int, Weights] = {}
        for name in reversed(_NEWEST):
            step = self._step_of(self._run / name)
            if step is not None:
                found[step] = Weights(step, self._run / name)
        try:
            kept = os.listdir(self._run / "kept")
        except OSError:
            kept = []
        for name in kept:
            match = _KEPT.fullmatch(name)
            if match is not None:
                found[int(match[1])] = Weights(int(match[1]), self._run / "kept" / name)
        return tuple(found[step] for step in sorted(found))

    def _step_of(self, path: Path) -> int | None:
        """The step that a checkpoint names; None for one that cannot be read."""
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = (status.st_ino, status.st_mtime_ns)
        if self._stamps.get(path) != stamp:
            from charlm.checkpoint import describe_checkpoint  # NumPy: in the thread, not before

            self._stamps[path] = stamp
            try:
                step = describe_checkpoint(path).metrics.get("step")
            except CharlmError:
                step = None
            self._steps[path] = step if isinstance(step, int) else None
        return self._steps[path]
