"""TensorBoard: curves, histograms and texts, for those who look there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

_FAILURES = (OSError, RuntimeError, ImportError)
_METRICS = ("validation_loss", "test_loss")


class Monitor:
    """Writes into the run folder. When that fails it says so once and stays silent.

    `step`: of the run when it starts or goes on; what was written of later ones is hidden.
    """

    def __init__(self, run: Path, step: int, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._writer: Any = None
        self._end: Any = None
        self._hook = threading.excepthook
        threading.excepthook = self._quiet
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(run), purge_step=step + 1)
        except _FAILURES as error:
            self._fail(error)

    def options(self, values: Mapping[str, Any]) -> None:
        """What the run was started with, for TensorBoard's table of runs (hparams)."""

        def write(writer: Any) -> None:
            from torch.utils.tensorboard.summary import hparams

            told = {
                name: value if isinstance(value, bool | int | float) else str(value)
                for name, value in values.items()
                if value is not None
            }
            experiment, start, self._end = hparams(told, dict.fromkeys(_METRICS, 0.0))
            writer.file_writer.add_summary(experiment)
            writer.file_writer.add_summary(start)

        self._write(write)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One point per named curve."""

        def write(writer: Any) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        self._write(write)

    def histograms(self, step: int, kind: str, values: Mapping[str, Tensor]) -> None:
        """One histogram per gate or weight, as kind/name."""

        def write(writer: Any) -> None:
            for name, numbers in values.items():
                if len(numbers):
                    writer.add_histogram(f"{kind}/{name}", numbers, step)

        self._write(write)

    def text(self, step: int, name: str, text: str) -> None:
        """A text as it stands: indented, so that nothing in it is taken for markup."""
        code = "\n".join("    " + line for line in text.split("\n"))
        self._write(lambda writer: writer.add_text(name, code, step))

    def end(self, losses: Mapping[str, float]) -> None:
        """The run is over; its exact losses stand in the table of runs."""

        def write(writer: Any) -> None:
            for name, loss in losses.items():
                writer.add_scalar(name, loss)
            if self._end is not None:
                writer.file_writer.add_summary(self._end)

        self._write(write)

    def close(self) -> None:
        """Write what is still held back."""
        try:
            if self._writer is not None:
                self._writer.close()
        except _FAILURES as error:
            self._fail(error)
        finally:
            threading.excepthook = self._hook

    def _write(self, write: Callable[[Any], None]) -> None:
        try:
            if self._writer is not None:
                write(self._writer)
        except _FAILURES as error:
            self._fail(error)

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
