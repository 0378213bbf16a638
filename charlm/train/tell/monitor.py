"""TensorBoard: curves, histograms and texts, for those who look there."""

from __future__ import annotations

import contextlib
import textwrap
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

_METRICS = ("result/validation_loss", "result/test_loss")
#: The table of runs shows five columns by itself: these.
_FIRST_COLUMNS = ("cell", "dropout", "hidden", "layers", "learning_rate")
_BUCKETS = 60  # twice as many as TensorBoard draws
_WIDTH = 88  # characters of a line of text that TensorBoard shows whole

_WRAP = textwrap.TextWrapper(
    _WIDTH, expand_tabs=False, replace_whitespace=False, drop_whitespace=False
)


class Monitor:
    """Writes into the run folder. When that fails, of whatever, it says so once and stays silent.

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
        except Exception as error:
            self._fail(error)

    def options(self, values: Mapping[str, Any]) -> None:
        """What the run was started with, for TensorBoard's table of runs (hparams)."""

        def write(writer: Any) -> None:
            from torch.utils.tensorboard.summary import hparams

            shown = {
                name: value if isinstance(value, bool | int | float) else str(value)
                for name, value in values.items()
                if value is not None
            }
            experiment, start, self._end = hparams(shown, dict.fromkeys(_METRICS, 0.0))
            _arrange(experiment)
            writer.file_writer.add_summary(experiment)
            writer.file_writer.add_summary(start)

        self._write(write)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One point per named curve."""

        def write(writer: Any) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        self._write(write)

    def histograms(
        self,
        step: int,
        kind: str,
        values: Mapping[str, Tensor],
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        """One histogram per gate or weight, as kind/name.

        In a range with two ends the buckets are equal; else they grow with the distance from
        zero, as gradients want it, which would blur what happens near 1.
        """

        def write(writer: Any) -> None:
            for name, numbers in values.items():
                ends = ranges[name] if ranges else (-np.inf, np.inf)
                equal = bool(np.isfinite(ends).all())
                buckets = np.linspace(*ends, _BUCKETS + 1) if equal else "tensorflow"
                if len(numbers):
                    writer.add_histogram(f"{kind}/{name}", numbers, step, bins=buckets)

        self._write(write)

    def text(self, step: int, name: str, text: str) -> None:
        """A text as it stands: indented, so that nothing in it is taken for markup."""
        lines = [piece for line in text.split("\n") for piece in _WRAP.wrap(line) or [""]]
        code = "\n".join("    " + line for line in lines)
        shown = code.encode("utf-8", "backslashreplace").decode("utf-8")  # lone surrogates
        self._write(lambda writer: writer.add_text(name, shown, step))

    def end(self, losses: Mapping[str, float]) -> None:
        """The run is over; its exact losses stand in the table of runs."""

        def write(writer: Any) -> None:
            for name, loss in losses.items():
                writer.add_scalar(f"result/{name}", loss)
            if self._end is not None:
                writer.file_writer.add_summary(self._end)

        self._write(write)

    def close(self) -> None:
        """Write what is still held back."""
        try:
            if self._writer is not None:
                self._writer.close()
        except Exception as error:
            self._fail(error)
        finally:
            threading.excepthook = self._hook

    def _write(self, write: Callable[[Any], None]) -> None:
        try:
            if self._writer is not None:
                write(self._writer)
        except Exception as error:
            self._fail(error)

    def _quiet(self, failure: threading.ExceptHookArgs) -> None:
        """Keep the writer's thread from printing a traceback: the next call raises its error."""
        if type(failure.thread).__name__ != "_AsyncWriterThread":
            self._hook(failure)

    def _fail(self, error: Exception) -> None:
        writer, self._writer = self._writer, None
        self._warn(f"TensorBoard is off for this run, training goes on: {error}")
        with contextlib.suppress(Exception):
            if writer is not None:
                writer.close()


def _arrange(experiment: Any) -> None:
    """Have the table of runs begin with the columns that matter, and call a loss a loss."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import (  # type: ignore[import-untyped]
        HParamsPluginData,
    )

    metadata = experiment.value[0].metadata.plugin_data
    data = HParamsPluginData.FromString(metadata.content)
    for option in data.experiment.hparam_infos:
        option.differs = option.name in _FIRST_COLUMNS  # TensorBoard puts these first
    for metric in data.experiment.metric_infos:
        metric.display_name = metric.name.tag.removeprefix("result/")
    metadata.content = data.SerializeToString()
