"""The curves of a run: training and validation loss over the characters seen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.messages import Curves
from tui.widgets.pieces_line import Piece, PiecesLine

if TYPE_CHECKING:
    from textual_plot import PlotWidget

_REDRAW = 0.5
Points = Sequence[tuple[float, float]]


class CurvesPanel(Vertical):
    """A caption with the newest values over a plot; drawn twice a second at most, if visible."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves: Curves | None = None
        self._drawn: tuple[object, ...] = ()
        self._module: Any = None
        self._plot: PlotWidget | None = None

    def compose(self) -> ComposeResult:
        """The caption, and a text for when there is nothing to draw; the plot comes later."""
        yield PiecesLine(id="curves-caption")
        yield Static("", id="curves-empty", markup=False)

    def on_mount(self) -> None:
        """Import the plot beside the first paint, not before it."""
        threading.Thread(target=self._import, name="plot import", daemon=True).start()
        self.set_interval(_REDRAW, self.draw)
        self._say("The curves of a run come here.\nF8 trains a model.")

    def show(self, curves: Curves | None) -> None:
        """Draw these from the next redraw on."""
        self._curves = curves

    def draw(self) -> None:
        """Redraw if something changed and it can be seen."""
        if not self.display or not self.is_attached or self.size.width < 12:
            return
        curves, theme = self._curves, self.app.theme
        wanted = (curves, theme, self.size)
        if wanted == self._drawn:
            return
        has_points = curves is not None and (curves.training or curves.validation)
        if curves is None or not has_points:
            self._drawn = wanted
            self._set_plot_shown(False)
            self._say(_empty_text(curves))
            return
        if self._plot is None:
            self._mount_plot()
            return
        self._drawn = wanted
        self._set_plot_shown(True)
        self._caption(curves)
        self._draw_plot(curves)

    def _import(self) -> None:
        import textual_plot

        self._module = textual_plot

    def _mount_plot(self) -> None:
        if self._module is not None:
            kind = self._module.PlotWidget
            plot = kind(allow_pan_and_zoom=False, id="plot-area")
            plot.can_focus = False
            for margin, cells in (("margin_top", 0), ("margin_bottom", 1), ("margin_left", 6)):
                plot.set_reactive(getattr(kind, margin), cells)
            self._plot = plot
            self.mount(plot)
            self.call_after_refresh(self.draw)

    def _set_plot_shown(self, shown: bool) -> None:
        self.query_one("#curves-empty").display = not shown
        if self._plot is not None:
            self._plot.display = shown

    def _say(self, text: str) -> None:
        self.query_one("#curves-caption", PiecesLine).set_pieces([])
        self.query_one("#curves-empty", Static).update(Content(text))

    def _caption(self, curves: Curves) -> None:
        pieces: list[Piece] = []
        for name, points, style in (
            ("training", curves.training, "$primary"),
            ("validation", curves.validation, "bold $accent"),
        ):
            if points:
                pieces.append(Piece(f"{name} {points[-1][1]:.3f}", style, 0 if pieces else 1))
        unit = {1e6: "M ", 1e3: "k "}.get(_scale(curves), "")
        pieces.append(Piece(f"nats, {unit}characters", "$foreground-muted", 3))
        self.query_one("#curves-caption", PiecesLine).set_pieces(pieces)

    def _draw_plot(self, curves: Curves) -> None:
        plot = self._plot
        assert plot is not None
        theme = self.app.current_theme
        columns = max(4, self.size.width - 8)
        mode = self._module.HiResMode.BRAILLE
        scale = _scale(curves)
        with self.app.batch_update():
            plot.clear()
            for points, colour in (
                (curves.training, theme.primary),
                (curves.validation, theme.accent or theme.primary),
            ):
                if points:
                    reduced = reduce_points(points, columns)
                    xs, ys = [x / scale for x, _ in reduced], [y for _, y in reduced]
                    plot.plot(xs, ys, line_style=colour, hires_mode=mode)


def reduce_points(points: Points, columns: int) -> list[tuple[float, float]]:
    """At most two points per column of the plot: the lowest and the highest, in their order."""
    if len(points) <= 2 * columns:
        return list(points)
    first, last = points[0][0], points[-1][0]
    span = (last - first) or 1.0
    lowest: dict[int, tuple[float, float]] = {}
    highest: dict[int, tuple[float, float]] = {}
    for point in points:
        column = min(columns - 1, int((point[0] - first) / span * columns))
        if column not in lowest or point[1] < lowest[column][1]:
            lowest[column] = point
        if column not in highest or point[1] > highest[column][1]:
            highest[column] = point
    return sorted({*lowest.values(), *highest.values()})


def _scale(curves: Curves) -> float:
    largest = max(points[-1][0] for points in (curves.training, curves.validation) if points)
    return 1e6 if largest >= 1e6 else 1e3 if largest >= 1e4 else 1.0


def _empty_text(curves: Curves | None) -> str:
    if curves is None:
        return "The curves of a run come here.\nF8 trains a model."
    return "No numbers yet." if curves.ended is None else "This run has no curve."
