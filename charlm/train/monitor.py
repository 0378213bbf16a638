"""TensorBoard: the run's scalars, for those who look there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FAILURES = (OSError, RuntimeError, ImportError)


class Monitor:
    """Writes scalars into the run folder. When that fails it says so once and stays silent."""

    def __init__(self, run: Path, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(run))
        except _FAILURES as error:
            self._fail(error)

    def scalars(self, step: int, **values: float) -> None:
        """One point per named curve, at `step`."""
        if self._writer is None:
            return
        try:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
        except _FAILURES as error:
            self._fail(error)

    def close(self) -> None:
        """Write what is still held back."""
        if self._writer is None:
            return
        try:
            self._writer.close()
        except _FAILURES as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        writer, self._writer = self._writer, None
        self._warn(f"TensorBoard is off for this run, training goes on: {error}")
        with contextlib.suppress(*_FAILURES):
            if writer is not None:
                writer.close()
