"""What a training would take: asked of `python -m charlm.train --dry-run`, told as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from charlm.display import visible

from ...threads import nobody
from ...training.child import Child
from ...training.snapshots import Forecast
from .training_plan import TrainingPlan

_WARNING, _ERROR = "charlm: warning: ", "charlm: error: "


class DryRun:
    """Asks for one plan at a time; `latest` is its newest forecast, None before any was asked.

    `tell`: called when there is a newer one, most of the time on another thread.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.latest: Forecast | None = None
        self.tell: Callable[[], object] = nobody
        self._command = list(command)
        self._child: Child | None = None
        self._number = 0
        self._lock = threading.Lock()

    def ask(self, plan: TrainingPlan) -> None:
        """Ask for this one, in place of the one before."""
        self.close()
        self.latest, number = Forecast(), self._number
        try:
            self._child = Child(
                [*self._command, *plan.what, "--dry-run"], "dry run",
                partial(self._take, number), partial(self._end, number),
            )  # fmt: skip
        except (OSError, ValueError) as error:  # no such program, or no such characters here
            self.latest = Forecast(error=visible(str(error)), done=True)
        self.tell()

    def close(self) -> None:
        """Ask nothing more; nothing is known then."""
        with self._lock:  # what the program before says from now on is of no plan
            self._number += 1
            self.latest = None
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()

    def _take(self, number: int, line: str) -> None:
        self._know(number, lambda forecast: _with_line(forecast, line))

    def _end(self, number: int, code: int) -> None:
        said = f"it ended with exit code {code}" if code else ""
        self._know(number, lambda known: replace(known, error=known.error or said, done=True))

    def _know(self, number: int, more: Callable[[Forecast], Forecast]) -> None:
        """Know more of a plan, unless another one was asked for meanwhile."""
        with self._lock:
            if number != self._number or self.latest is None:
                return
            self.latest = more(self.latest)
        self.tell()


def _with_line(forecast: Forecast, line: str) -> Forecast:
    if line.startswith(_ERROR):
        return replace(forecast, error=line.removeprefix(_ERROR))
    if line.startswith(_WARNING):
        return replace(forecast, warnings=(*forecast.warnings, line.removeprefix(_WARNING)))
    label, colon, value = line.partition(": ")
    if not colon or not value:
        return forecast
    return replace(forecast, facts=(*forecast.facts, (label, value)))
