"""The curves beside the text: whose they are, and whether there is room for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from ...charts.panel import CurvesPanel
from ...training.desk import TrainingDesk
from ...training.watcher import RunFeed
from ...training.words import training_text
from ..base import TALL, WIDE

if TYPE_CHECKING:
    from ...training.snapshots import Curves  # the first paint has none


#: Cells from which the curves of a model that learned long ago leave its text a page's width.
_ROOMY = 140


class CurvesBeside:
    """Shows those of the training that runs, else those of the model; other runs are named.

    By themselves the first come where it is wide, the others where nothing is taken from the text.

    training: how far that training is, in words.
    """

    def __init__(self, panel: CurvesPanel, feed: RunFeed, desk: TrainingDesk) -> None:
        self.feed = feed
        self._panel, self._desk = panel, desk
        self._wanted: bool | None = None
        self._shown: tuple[Curves | None, str] | None = None
        self.training = ""

    def show(self, run: Path | None, size: Size, crowded: bool) -> None:
        """Draw what is known by now, where there is room; run: the model's."""
        self.place(size, crowded)
        training = self._desk.training
        seen = self._desk.run if training else run
        if seen is not None:
            self.feed.watch(seen.absolute())
        curves = self.feed.latest
        other = "" if curves is None or curves.run == run else curves.run.name
        if self._shown is None or curves is not self._shown[0] or other != self._shown[1]:
            self._shown = curves, other
            self._panel.show(curves, other)
        self.training = training_text(curves) if training else ""
        if self._desk.stopping:
            self.training = "training stops …"

    def place(self, size: Size, crowded: bool) -> None:
        """Show them where there is room, or where they are asked for."""
        room = size.width >= (WIDE if self._desk.training else _ROOMY)
        wanted = room if self._wanted is None else self._wanted
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
