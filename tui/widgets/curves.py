"""The curves of a run beside a text: training and validation loss over the characters seen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from charlm.display import visible
from tui.messages.run import Curves
from tui.widgets.chart import Chart
from tui.widgets.pictures import Look, caption, picture
from tui.widgets.pieces_line import Piece, PiecesLine

_REDRAW = 0.5


class CurvesPanel(Vertical):
    """A caption with the newest values over a chart; drawn twice a second at most, if visible."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves: Curves | None = None
        self._name = ""
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """The caption, the chart, and a text for when there is nothing to draw."""
        yield PiecesLine(id="curves-caption")
        yield Chart(id="plot-area")
        yield Static("", id="curves-empty", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        self.set_interval(_REDRAW, self.draw)
        self.draw()

    def show(self, curves: Curves | None, name: str = "") -> None:
        """Draw these from the next redraw on. name: of the run, where it must be said."""
        self._curves, self._name = curves, name

    def draw(self) -> None:
        """Redraw if something changed and it can be seen."""
        curves = self._curves
        wanted = (curves, self.display, self._name)
        if not self.display or not self.is_attached or wanted == self._drawn:
            return
        self._drawn = wanted
        chart, empty = self.query_one(Chart), self.query_one("#curves-empty", Static)
        chart.display = curves is not None and curves.has_points
        empty.display = not chart.display
        line = self.query_one("#curves-caption", PiecesLine)
        if curves is None or not curves.has_points:
            line.set_pieces([])
            empty.update(Content(_empty_text(curves)))
            return
        name = [Piece(visible(self._name), "bold", 0)] if self._name else []
        line.set_pieces([*name, *caption(curves, "loss", Look())])
        chart.show(picture(curves, "loss", Look()))


def _empty_text(curves: Curves | None) -> str:
    if curves is None:
        return "The curves of a run come here.\nF8 trains a model."
    return "No numbers yet." if curves.ended is None else "This run has no curve."
