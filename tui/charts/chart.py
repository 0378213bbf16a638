"""A chart of lines over one axis, with levels, marks and a cursor; it draws only what changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .plotting import Canvas, Points, Scale, reduce_points, tick_label

_MARGIN = 7
_UNIT_FROM = 30
_WORD_ROWS = 4
#: Columns from one sign on a line to the next, and by how many those of the next line are shifted.
_SIGN_EVERY, _SIGN_SHIFT = 14, 5
_BEHIND = ("grid", "secondary")  # what marks and the cursor are drawn over
_GRID, _LEVEL, _MARK, _CURSOR = "┈", "╌", "╎", "│"


@dataclass(frozen=True)
class Line:
    """One line. `style`: colour of the theme, with `bold` or `dim` before it, as "bold accent".

    `points`: (x, y) by rising x. `sign`: a character that stands on it here and there, which tells
    it from others where colours do not; `spots`: at each point, if there is room. `faint`: points
    alone, behind the others. `told`: the value that is told of it: where the cursor stands, a dot
    is on it; None for no dot.
    """

    points: Points
    style: str
    sign: str = ""
    spots: bool = False
    faint: bool = False
    told: float | None = None


@dataclass(frozen=True)
class Picture:
    """All that a chart shows.

    `levels`: (name, y) of horizontal lines. `marks`: (x, word). `unit`: what one of x is called,
    after it was divided by `divisor`. `window`: the part of x that is seen, None for all.
    `empty`: what is said when no line has a point.
    """

    lines: tuple[Line, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()
    cursor: float | None = None
    unit: str = ""
    divisor: float = 1.0
    window: tuple[float, float] | None = None
    log: bool = False
    empty: str = ""


class Chart(Widget):
    """Shows a `Picture`. A click posts `Picked`."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    class Picked(Message):
        """A place of the chart was clicked."""

        def __init__(self, x: float) -> None:
            super().__init__()
            self.x = x

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture = Picture()
        self._rows: list[Strip] = []
        self._drawn: tuple[object, ...] = ()
        self._x = Scale(0, 1, 1)
        self._cursor: Offset | None = None

    @property
    def cursor_screen_offset(self) -> Offset | None:
        """Where on the screen the cursor meets the line that is drawn last; None without one."""
        return self._cursor and self.content_region.offset + self._cursor

    def show(self, picture: Picture) -> None:
        """Show this from the next frame on."""
        self.picture = picture
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        state = (id(self.picture), self.size, self.app.theme)
        if state != self._drawn:
            self._drawn = state
            self._rows = self._paint()
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        return self._rows[y].apply_style(base).crop_extend(0, self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        """Tell where on the axis."""
        column = event.get_content_offset_capture(self).x - _MARGIN
        share = min(1.0, max(0.0, column / max(1, self._x.size - 1)))
        self.post_message(self.Picked(self._x.low + share * (self._x.high - self._x.low)))

    def _paint(self) -> list[Strip]:
        width, height = self.size.width - _MARGIN, self.size.height - 1
        if width < 4 or height < 2:
            return []
        picture, canvas, self._cursor = self.picture, Canvas(width, height), None
        if not any(line.points for line in picture.lines):
            said = Segment(picture.empty, self._style("label"))
            return [Strip([]), Strip([Segment(" " * _MARGIN), said])]
        self._x = _x_scale(picture, width)
        y = _y_scale(picture, self._x, height)
        y_ticks = y.ticks(max(2, 2 * height // 5))
        rows = [_flipped(y.place(tick), height) for tick in y_ticks]
        for row in rows:
            if row is not None:
                canvas.write(0, row, _GRID * width, "grid")
        self._draw_levels(canvas, y)
        lines = sorted(picture.lines, key=lambda line: not line.faint)
        trails = [_draw_line(canvas, line, self._x, y) for line in lines]
        for place, (line, trail) in enumerate(zip(lines, trails, strict=True)):
            _draw_signs(canvas, line, trail, place)
        self._draw_marks(canvas)
        self._name_levels(canvas, y)
        self._draw_cursor(canvas, y)
        labels = dict(zip(rows, _labels(y_ticks), strict=True))
        strips = [
            Strip([Segment(f"{labels.get(row, ''):>{_MARGIN - 1}} ", self._style("label"))])
            for row in range(height)
        ]
        styles = {style: self._style(style) for row in canvas.cells for _, style in row}
        for row, strip in enumerate(strips):
            cells = [Segment(text or " ", styles[style]) for text, style in canvas.cells[row]]
            strips[row] = Strip([*strip, *cells]).simplify()
        return [*strips, self._bottom(width)]

    def _draw_levels(self, canvas: Canvas, y: Scale) -> None:
        for _, value in self.picture.levels:
            row = _flipped(y.place(value), canvas.height)
            if row is not None:
                canvas.write(0, row, _LEVEL * canvas.width, "secondary")

    def _name_levels(self, canvas: Canvas, y: Scale) -> None:
        """The name of each level where nothing else stands, from the right."""
        for name, value in self.picture.levels:
            row, text = _flipped(y.place(value), canvas.height), f" {name} "
            if row is None:
                continue
            for start in range(canvas.width - len(text) - 1, -1, -1):
                if all(cell[0] == _LEVEL for cell in canvas.cells[row][start : start + len(text)]):
                    canvas.write(start, row, text, "label")
                    break

    def _draw_marks(self, canvas: Canvas) -> None:
        """A line for each, its word beside it; words that would meet go below each other."""
        free = [0] * min(_WORD_ROWS, canvas.height)
        for at, word in self.picture.marks:
            column = self._x.place(at)
            if column is None:
                continue
            canvas.column(column, _MARK, "warning", _BEHIND)
            start = column + 1 if column + len(word) < canvas.width else column - len(word)
            row = next((row for row, end in enumerate(free) if start >= end), None)
            if row is not None:
                canvas.write(start, row, word, "warning")
                free[row] = start + len(word) + 1

    def _draw_cursor(self, canvas: Canvas, y: Scale) -> None:
        at = self.picture.cursor
        column = None if at is None else self._x.place(at)
        if at is None or column is None:
            return
        canvas.column(column, _CURSOR, "bold foreground", _BEHIND)
        self._cursor = Offset(_MARGIN + column, 0)
        for line in self.picture.lines:
            row = None if line.told is None else _flipped(y.place(line.told), canvas.height)
            if row is not None:
                canvas.write(column, row, "●", f"bold {line.style}")
                self._cursor = Offset(_MARGIN + column, row)

    def _bottom(self, width: int) -> Strip:
        """The ticks of x, and at the right end what they count."""
        x, picture = self._x, self.picture
        row = Canvas(width, 1)
        shown = Scale(x.low / picture.divisor, x.high / picture.divisor, width)
        ticks = shown.ticks(max(2, width // 12))
        unit = picture.unit if width >= _UNIT_FROM else ""
        row.write(width - len(unit), 0, unit, "label")
        for tick, label in zip(ticks, _labels(ticks), strict=True):
            place = shown.place(tick)
            if place is None:
                continue
            start = max(0, min(place - len(label) // 2, width - len(label)))
            if start + len(label) + 1 < width - len(unit):
                row.write(start, 0, label, "label")
        text = "".join(character or " " for character, _ in row.cells[0])
        return Strip([Segment(" " * _MARGIN + text, self._style("label"))])

    def _style(self, name: str) -> Style:
        """A style by the name of a theme colour."""
        theme = self.app.current_theme
        *attributes, colour = name.split() or [""]
        if colour in ("", "grid", "label"):
            muted = theme.secondary if colour == "label" else theme.panel
            return Style(color=muted) if colour else Style()
        value = getattr(theme, colour, None) or theme.primary
        return Style(
            color=value, bold="bold" in attributes or None, dim="dim" in attributes or None
        )


def _x_scale(picture: Picture, width: int) -> Scale:
    if picture.window is not None:
        return Scale(*picture.window, width)
    return Scale.over([x for line in picture.lines for x, _ in _ends(line.points)], width)


def _ends(points: Points) -> Sequence[tuple[float, float]]:
    return (points[0], points[-1]) if points else ()


def _y_scale(picture: Picture, x: Scale, height: int) -> Scale:
    """What holds the lines as far as they are seen, and levels that are not far off."""
    values = [
        y for line in picture.lines for at, y in line.points if x.low <= at <= x.high
    ]  # fmt: skip
    scale = Scale.over(values, height, picture.log)
    room = 0.4 * (scale.high - scale.low)
    near = [y for _, y in picture.levels if scale.low - room <= y <= scale.high + room]
    return Scale.over([*values, *near], height, picture.log)


def _draw_line(canvas: Canvas, line: Line, x: Scale, y: Scale) -> list[tuple[int, int]]:
    """Draw a line; the dots it goes through, from left to right."""
    fine_x = Scale(x.low, x.high, 2 * canvas.width)
    fine_y = Scale(y.low, y.high, 4 * canvas.height, y.log)
    seen = [point for point in line.points if x.low <= point[0] <= x.high]
    trail: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    for point in reduce_points(seen, canvas.width):
        column, row = fine_x.place(point[0]), fine_y.place(point[1])
        if column is None or row is None:
            before = None
            continue
        here = (column, 4 * canvas.height - 1 - row)
        canvas.line(here if line.faint else before or here, here, line.style)
        trail.append(here)
        before = here
    return trail


def _draw_signs(canvas: Canvas, line: Line, trail: Sequence[tuple[int, int]], place: int) -> None:
    """Put the sign of a line on it: at its points, or every few columns, others elsewhere."""
    if not line.sign:
        return
    if line.spots and len(trail) <= canvas.width // 2:
        spots = list(trail)
    else:
        columns = range(2 * (_SIGN_SHIFT * place % _SIGN_EVERY), 2 * canvas.width, 2 * _SIGN_EVERY)
        spots = [(column, row) for column in columns for row in _rows_at(trail, column)]
    for column, row in spots or trail[:1]:
        canvas.write(column // 2, row // 4, line.sign, line.style)


def _rows_at(trail: Sequence[tuple[int, int]], column: int) -> list[int]:
    """The row of dots that a trail goes through in a column, if it does."""
    behind = bisect_right(trail, column, key=lambda dot: dot[0])
    if not 0 < behind < len(trail):
        return []
    (left, above), (right, below) = trail[behind - 1], trail[behind]
    return [above + round((below - above) * (column - left) / max(1, right - left))]


def _flipped(place: int | None, height: int) -> int | None:
    """Rows are counted from the top."""
    return None if place is None else height - 1 - place


def _labels(ticks: Sequence[float]) -> list[str]:
    alone = 10.0 ** -len(f"{sum(ticks):.6g}".partition(".")[2])
    step = min((after - tick for tick, after in pairwise(ticks)), default=alone)
    return [tick_label(tick, step) for tick in ticks]
