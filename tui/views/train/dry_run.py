"""What a training would take: asked of `python -m charlm.train --dry-run`, told as it comes."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import replace

from charlm.display import visible
from charlm.priority import give_way

from ...training.process import NICE
from ...training.snapshots import Forecast
from .training_plan import TrainingPlan

_WARNING, _ERROR = "charlm: warning: ", "charlm: error: "


class DryRun:
    """Asks for one plan at a time; `latest` is its newest forecast, None before any was asked."""

    def __init__(self, command: Sequence[str]) -> None:
        self.latest: Forecast | None = None
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, plan: TrainingPlan) -> None:
        """Ask for this one, in place of the one before."""
        self.close()
        self.latest = Forecast()
        try:
            process = subprocess.Popen(
                [*self._command, *plan.what, "--dry-run"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "TERM": "dumb"},
            )
        except (OSError, ValueError) as error:  # no such program, or no such characters here
            self.latest = Forecast(error=visible(str(error)), done=True)
            return
        give_way(process.pid, NICE)
        self._process = process
        threading.Thread(target=self._read, args=(process,), name="dry run", daemon=True).start()

    def close(self) -> None:
        """Ask nothing more; nothing is known then."""
        process, self._process, self.latest = self._process, None, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        forecast = Forecast()
        assert process.stdout is not None
        with process.stdout as output:
            for raw in output:
                forecast = _with_line(forecast, visible(raw.decode("utf-8", "replace").strip()))
                if self._process is process:
                    self.latest = forecast
        if process.wait() and not forecast.error:
            forecast = replace(forecast, error=f"it ended with exit code {process.returncode}")
        if self._process is process:
            self.latest = replace(forecast, done=True)


def _with_line(forecast: Forecast, line: str) -> Forecast:
    if line.startswith(_ERROR):
        return replace(forecast, error=line.removeprefix(_ERROR))
    if line.startswith(_WARNING):
        return replace(forecast, warnings=(*forecast.warnings, line.removeprefix(_WARNING)))
    label, colon, value = line.partition(": ")
    if not colon or not value:
        return forecast
    return replace(forecast, facts=(*forecast.facts, (label, value)))
