"""Gates and gradients over time: a row for each, a column for each moment, heat for the value."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from ...charts.pictures import Look
from ...colours.ramps import LEVELS, SHADES, Ramp, heat_of, shade, worded
from ...training.snapshots import Curves
from ...widgets.pieces_line import Piece, PiecesLine
from .strips import STRIPS, Row, ends, rows, shown_value, title

MARGIN = 7  # as a chart's: a moment stands in the same column
_NOTHING = " "
_MOST_ROWS = 10
_QUIET = "$foreground-muted"


@dataclass(frozen=True)
class _Heat:
    rows: tuple[Row, ...] = ()
    moments: tuple[float, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    last: float = 0.0
    cursor: float | None = None


class HeatStrip(Vertical):
    """A line of words over the cells. `strip`: which of STRIPS it shows."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.strip = STRIPS[0]
        self._wanted: tuple[Curves, Look, tuple[float, float]] | None = None
        self._drawn: tuple[object, ...] = ()
        self._words = PiecesLine(id="strip-title")
        self._cells = HeatCells(id="strip-cells")
        self._meaning = PiecesLine(id="strip-legend", gap="")

    def compose(self) -> ComposeResult:
        """The words, the cells, what their colours mean."""
        yield self._words
        yield self._cells
        yield self._meaning

    def on_show(self) -> None:
        """Draw what came while it was hidden."""
        self.call_after_refresh(self.draw)

    def next_strip(self) -> None:
        """Another of the four."""
        self.strip = STRIPS[(STRIPS.index(self.strip) + 1) % len(STRIPS)]
        self.draw()

    def show(self, curves: Curves, look: Look, span: tuple[float, float]) -> None:
        """Draw what changed. `span`: the part of the axis that the curves show."""
        self._wanted = (curves, look, span)
        self.draw()

    def draw(self) -> None:
        """Redraw if something changed and it can be seen."""
        state = (self._wanted, self.strip, self.app.theme)
        if self._wanted is None or state == self._drawn or not self.is_on_screen:
            return
        self._drawn = state
        curves, look, span = self._wanted
        found = rows(curves.probes, self.strip)
        self.styles.height = min(len(found), _MOST_ROWS) + 2 + self.styles.gutter.height
        at = len(curves.probes) - 1
        if look.cursor is not None:
            steps = [probe.place.step for probe in curves.probes]
            at = max(0, bisect_right(steps, look.cursor.step) - 1)
        words = title(self.strip) if found else "The log of this run tells nothing of its gates."
        self._words.set_pieces([Piece(words, "bold"), *_values(found, at, self.strip)])
        self._cells.show(
            _Heat(
                tuple(found),
                tuple(probe.place.along(look.axis) for probe in curves.probes),
                span,
                curves.last.along(look.axis) if curves.last else 0.0,
                None if look.cursor is None else look.cursor.along(look.axis),
            )
        )
        self._meaning.set_pieces(_legend(self.strip, found, heat_of(self.app)))


class HeatCells(Widget):
    """The cells, a label before each row; shades where there are few colours."""

    DEFAULT_CSS = "HeatCells { height: 1fr; width: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heat = _Heat()

    def show(self, heat: _Heat) -> None:
        """Draw these."""
        self._heat = heat
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        heat, width, base = self._heat, self.size.width - MARGIN, self.rich_style
        if y >= len(heat.rows) or width < 1:
            return Strip.blank(self.size.width, base)
        row = heat.rows[y]
        left = len(heat.rows) - self.size.height
        if left > 0 and y == self.size.height - 1:
            more = f"{'…':>{MARGIN - 1}} {left + 1} more rows, where the window is taller"
            return Strip([Segment(more, base)]).crop_extend(0, self.size.width, base)
        label = Segment(f"{row.label:>{MARGIN - 1}} ", base + Style(color=self._secondary))
        cells = [self._cell(row, column, width) for column in range(width)]
        return Strip([label, *cells]).simplify().crop_extend(0, self.size.width, base)

    @property
    def _secondary(self) -> str | None:
        return self.app.current_theme.secondary

    def _cell(self, row: Row, column: int, width: int) -> Segment:
        low, high = self._heat.span
        x = low + (high - low) * column / max(1, width - 1)
        # A probe is told a little before the step line of its step: half a column of grace.
        grace = (high - low) / max(1, width - 1) / 2
        at = max(0, bisect_right(self._heat.moments, x + grace) - 1)
        value = row.heats[at] if row.heats and x <= self._heat.last + grace else None
        cursor = self._heat.cursor
        here = cursor is not None and abs(cursor - x) <= grace
        if value is None:
            return Segment("│" if here else _NOTHING, self.rich_style)
        level, ramp = round(value * (LEVELS - 1)), heat_of(self.app)
        if not ramp.papers:
            return Segment("│" if here else shade(level), self.rich_style)
        ink = Style(color=self.app.current_theme.background, bold=True) if here else Style()
        return Segment("│" if here else " ", ramp.styles[level] + ink)


def _values(found: list[Row], at: int, strip: str) -> list[Piece]:
    return [
        Piece(f"{row.label} {shown_value(strip, row.values[at])}", _QUIET, place + 1)
        for place, row in enumerate(found)
        if row.values
    ]


def _legend(strip: str, found: list[Row], ramp: Ramp) -> list[Piece]:
    low, high = ends(strip)
    pieces = [Piece(f"{'':{MARGIN}}{low} ", _QUIET)]
    for glyph, style in zip(SHADES, ramp.steps, strict=True):
        pieces.append(Piece(2 * (" " if ramp.papers else glyph), worded(style)))
    pieces.append(Piece(f" {high}", _QUIET))
    if strip in ("open", "stuck"):
        words = dict.fromkeys(f"{row.label.split()[-1]} {row.word}" for row in found)
        pieces.append(Piece("   " + " · ".join(words), _QUIET, 1))
        if strip == "open" and words.keys() & {"g new", "n new"}:
            pieces.append(Piece(" (new: how large)", _QUIET, 2))
    return pieces
