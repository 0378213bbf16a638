"""The curves beside the text: whose they are, and whether there is room for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from ...charts.panel import CurvesPanel
from ...training.desk import TrainingDesk
from ...training.watcher import RunWatcher
from ..base import TALL, WIDE

if TYPE_CHECKING:
    from ...training.snapshots import Curves  # the first paint has none


class CurvesBeside:
    """Shows those of the training that runs, else those of the model; other runs are named."""

    def __init__(self, panel: CurvesPanel, watcher: RunWatcher, desk: TrainingDesk) -> None:
        self._panel, self._watcher, self._desk = panel, watcher, desk
        self._wanted: bool | None = None
        self._shown: tuple[Curves | None, str] | None = None

    def show(self, run: Path | None) -> Curves | None:
        """Draw what is known by now; run: the model's."""
        seen = self._desk.run if self._desk.training else run
        if seen is not None:
            self._watcher.watch(seen.absolute())
        curves = self._watcher.latest
        other = "" if curves is None or curves.run == run else curves.run.name
        if self._shown is None or curves is not self._shown[0] or other != self._shown[1]:
            self._shown = curves, other
            self._panel.show(curves, other)
        return curves

    def place(self, size: Size, crowded: bool) -> None:
        """Show them where there is room, or where they are asked for."""
        wanted = size.width >= WIDE if self._wanted is None else self._wanted
        display = wanted and size.height >= TALL and not crowded
        if self._panel.display != display:
            self._panel.display = display

    def toggle(self, size: Size, crowded: bool) -> str:
        """Show or hide them; why that cannot be, else ""."""
        if crowded:
            return "their place is taken: Esc goes back to the text alone"
        self._wanted = not self._panel.display
        self.place(size, crowded)
        missing = self._wanted and not self._panel.display
        return f"the curves need a terminal of {TALL} lines" if missing else ""
