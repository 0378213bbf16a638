"""TensorBoard: the run's scalars, for those who look there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FAILURES = (OSError, RuntimeError, ImportError)


class Monitor:
    """Writes scalars into the run folder. When that fails it says so once and stays silent.

    `step`: of the run when it starts or goes on; what was written of later ones is hidden.
    """

    def __init__(self, run: Path, step: int, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._writer: Any = None
        self._hook = threading.excepthook
        threading.excepthook = self._quiet
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(run), purge_step=step + 1)
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
        try:
            if self._writer is not None:
                self._writer.close()
        except _FAILURES as error:
            self._fail(error)
        finally:
            threading.excepthook = self._hook

    def _quiet(self, failure: threading.ExceptHookArgs) -> None:
        """Keep the writer's thread from printing a traceback: the next call raises its error."""
        if type(failure.thread).__name__ != "_AsyncWriterThread":
            self._hook(failure)

    def _fail(self, error: Exception) -> None:
        writer, self._writer = self._writer, None
        self._warn(f"TensorBoard is off for this run, training goes on: {error}")
        with contextlib.suppress(*_FAILURES):
            if writer is not None:
                writer.close()
