"""Which weights of a run there are: of which step, in which file."""

from __future__ import annotations

import contextlib
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
            path = self._run / name
            step = self._step_of(path)
            if step is not None:
                found[step] = Weights(step, path, self._stamps[path][1])
        with contextlib.suppress(OSError), os.scandir(self._run / "kept") as kept:
            for entry in kept:
                match = _KEPT.fullmatch(entry.name)
                with contextlib.suppress(OSError):  # a link to nothing, or gone by now
                    if match is not None:
                        step, stamp = int(match[1]), entry.stat().st_mtime_ns
                        found[step] = Weights(step, Path(entry.path), stamp)
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
