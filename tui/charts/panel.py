"""The curves of a run beside a text: training and validation loss over the characters seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from charlm.display import visible

from ..keys.table import view_key
from ..widgets.pieces_line import Piece, PiecesLine

if TYPE_CHECKING:  # the first paint has no curves yet
    from ..training.snapshots import Curves
    from .chart import Chart

_REDRAW = 0.5


class CurvesPanel(Vertical):
    """A caption with the newest values over a chart; drawn twice a second at most, if visible."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves: Curves | None = None
        self._run_name = ""
        self._drawn: tuple[object, ...] = ()
        self._chart: Chart | None = None

    def compose(self) -> ComposeResult:
        """The caption, and a text for when there is nothing to draw."""
        yield PiecesLine(id="curves-caption")
        yield Static("", id="curves-empty", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        self.set_interval(_REDRAW, self.draw)
        self.draw()

    def show(self, curves: Curves | None, name: str = "") -> None:
        """Draw these from the next redraw on. name: of the run, where it must be said."""
        self._curves, self._run_name = curves, name

    def draw(self) -> None:
        """Redraw if something changed and it can be seen."""
        curves = self._curves
        wanted = (curves, self.display, self._run_name)
        if not self.display or not self.is_attached or wanted == self._drawn:
            return
        self._drawn = wanted
        line, empty = (
            self.query_one("#curves-caption", PiecesLine), self.query_one("#curves-empty", Static)
        )  # fmt: skip
        drawable = curves is not None and curves.has_points
        empty.display = not drawable
        if self._chart is not None:
            self._chart.display = drawable
        if curves is None or not drawable:
            line.set_pieces([])
            empty.update(Content(_empty_text(curves)))
        else:
            self._draw(curves, line)

    def _draw(self, curves: Curves, line: PiecesLine) -> None:
        from .chart import Chart
        from .pictures import Look, caption, picture

        if self._chart is None:
            self._chart = Chart(id="plot-area")
            self.mount(self._chart, after=line)
        name = [Piece(visible(self._run_name), "bold", 0)] if self._run_name else []
        line.set_pieces([*name, *caption(curves, "loss", Look())])
        self._chart.show(picture(curves, "loss", Look()))


def _empty_text(curves: Curves | None) -> str:
    if curves is None:
        return f"The curves of a run come here.\n{view_key('train')} trains a model."
    return "No numbers yet." if curves.ended is None else "This run has no curve."
