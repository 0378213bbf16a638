"""Where the metrics of a training go: the run log, TensorBoard, and whoever looks on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from charlm.run.control import Act
from charlm.run.log import RunLog
from charlm.train.position import Position
from charlm.train.probe import Probe
from charlm.train.tell.monitor import Monitor
from charlm.train.tell.reporter import Reporter
from charlm.train.tell.texts import Text

_SHOWN_DECODER = "nucleus"
_LOSSES = ("validation_loss", "test_loss")


class Teller:
    """Writes metrics to all three; it has one method for each kind of line in the run log."""

    def __init__(self, log: RunLog, monitor: Monitor, reporter: Reporter) -> None:
        self._log, self._monitor, self._reporter = log, monitor, reporter

    def step(self, position: Position, values: dict[str, Any]) -> None:
        """Log the means of the last few steps."""
        self._log.append("step", **position.where(), **values)
        loss = values["loss"]
        self._monitor.scalars(
            position.step,
            {
                "loss/train": loss,
                "bpc/train": loss / math.log(2),
                "pace/learning_rate": values["learning_rate"],
                "gradient_norm/all": values["gradient_norm"],
                "gradient_norm_clipped/all": values["clipped_norm"],
                "pace/characters_per_s": values["characters_per_s"],
            },
        )
        self._reporter.step(position.where() | values)

    def probe(self, position: Position, probe: Probe) -> None:
        """Log a close look at one step."""
        self._log.append("probe", step=position.step, **probe.as_values())
        for kind, values in (
            ("gradient_norm", probe.gradient_norms),
            ("gradient_norm_clipped", probe.clipped_norms),
            ("update_ratio", probe.update_ratios),
        ):
            scalars = {f"{kind}/{name}": value for name, value in values.items()}
            self._monitor.scalars(position.step, scalars)
        self._monitor.histograms(position.step, "gate", probe.gates, probe.ranges)
        self._monitor.histograms(position.step, "gradient", probe.gradients)

    def evaluation(self, position: Position, loss: float | None, best: bool) -> None:
        """Log the validation loss, if there is one, before anything is saved."""
        self._log.append("evaluation", **position.where(), validation_loss=loss, best=best)
        if loss is None:
            return
        curves = {"loss/validation": loss, "bpc/validation": loss / math.log(2)}
        self._monitor.scalars(position.step, curves)

    def evaluated(self, position: Position, loss: float | None, best: bool, saved: bool) -> None:
        """Report it to whoever looks on, once it is known whether the best is on the disk."""
        if loss is None:
            return
        mark = ", the best so far" if best else ""
        mark += ", not saved yet" if best and not saved else ""
        self._reporter.line(f"step {position.step:,}: validation loss {loss:.4f}{mark}")

    def text(self, text: Text) -> None:
        """Log what a decoder wrote."""
        self._log.append("sample", step=text.step, strategy=text.decoder, prompt="", text=text.text)
        self._monitor.text(text.step, f"text/{text.decoder}", text.text)
        if text.decoder == _SHOWN_DECODER:
            self._reporter.line(f"step {text.step:,}: {text.decoder} writes, from nothing:")
            self._reporter.line(text.text, style="dim italic")

    def act(self, position: Position, act: Act) -> None:
        """Log what the control file asked for, which is done now."""
        self._log.append("control", step=position.step, act=act.name, value=act.value)
        value = "" if act.value is None else f" {act.value:g}"
        self._reporter.line(f"step {position.step:,}: {act.name}{value}, by the control file")

    def line(self, text: str) -> None:
        """Report one line to whoever looks on."""
        self._reporter.line(text)

    def notice(self, message: str) -> None:
        """Log something that went wrong, or was changed, without ending the training."""
        self._reporter.warn(message)
        self._log.append("notice", message=message)

    def measuring(self, part: str, done: float, seconds_left: float) -> None:
        """Report how far the losses at the end are measured."""
        self._reporter.measuring(part, done, seconds_left)

    def end(
        self,
        position: Position,
        reason: str,
        losses: dict[str, float | None] | None = None,
        approximate: Mapping[str, str] | None = None,
    ) -> None:
        """Log why the training ended, and the losses of the best weights if they were measured.

        approximate: says of losses that are not exact what they lack.
        """
        losses, approximate = losses or dict.fromkeys(_LOSSES), approximate or {}
        inexact = {"approximate": dict(approximate)} if approximate else {}
        self._log.append("end", **position.where(), **losses, reason=reason, **inexact)
        self._monitor.end({name: loss for name, loss in losses.items() if loss is not None})
        measured = {name: loss for name, loss in losses.items() if loss is not None}
        if measured:
            self._reporter.line(f"ended at step {position.step:,}: {reason}")
        for name, loss in measured.items():
            lacks = f" ({approximate[name]})" if name in approximate else ""
            self._reporter.line(f"{name.replace('_', ' ')} of the best weights: {loss:.4f}{lacks}")
