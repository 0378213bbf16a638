"""Lines drawn in characters: ticks, reduction, and a canvas of braille dots (2 x 4 per cell)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Points = Sequence[tuple[float, float]]

_BRAILLE = 0x2800
#: Bit of the dot in column x, row y of a cell.
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass
class Canvas:
    """Cells of (character, style name); "" is empty. Dots of several lines meet in one cell."""

    width: int
    height: int
    cells: list[list[tuple[str, str]]] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = [[("", "")] * self.width for _ in range(self.height)]

    def write(self, x: int, y: int, text: str, style: str) -> None:
        """Characters from (x, y) on, as far as they fit."""
        for place, character in enumerate(text, x):
            if 0 <= place < self.width and 0 <= y < self.height:
                self.cells[y][place] = (character, style)

    def column(self, x: int, character: str, style: str, over: tuple[str, ...]) -> None:
        """A vertical line, where nothing is or something of the styles `over`."""
        for y in range(self.height):
            if self.cells[y][x][1] in ("", *over):
                self.cells[y][x] = (character, style)

    def dot(self, x: int, y: int, style: str) -> None:
        """One of the dots; x in [0, 2 width), y in [0, 4 height)."""
        if not (0 <= x < 2 * self.width and 0 <= y < 4 * self.height):
            return
        cell = self.cells[y // 4][x // 2][0]
        bits = ord(cell) - _BRAILLE if cell and 0 <= ord(cell) - _BRAILLE < 256 else 0
        bits |= _BITS[x % 2][y % 4]
        self.cells[y // 4][x // 2] = (chr(_BRAILLE + bits), style)

    def line(self, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
        """Dots from one to another (Bresenham 1965)."""
        (x, y), (x_end, y_end) = start, end
        dx, dy = abs(x_end - x), -abs(y_end - y)
        x_step, y_step = (1 if x < x_end else -1), (1 if y < y_end else -1)
        error = dx + dy
        while True:
            self.dot(x, y, style)
            if (x, y) == (x_end, y_end):
                return
            twice = 2 * error
            if twice >= dy:
                error, x = error + dy, x + x_step
            if twice <= dx:
                error, y = error + dx, y + y_step


@dataclass(frozen=True)
class Scale:
    """One axis: from `low` to `high` onto `size` places; `log` for a logarithmic one."""

    low: float
    high: float
    size: int
    log: bool = False

    @classmethod
    def over(cls, values: Sequence[float], size: int, log: bool = False) -> Scale:
        """The scale that just holds the values."""
        held = [value for value in values if value > 0] if log else values
        low, high = (min(held), max(held)) if held else (1.0 if log else 0.0, 1.0)
        if low == high:
            pad = abs(low) / 2 or 1.0
            low, high = (max(low / 2, 5e-324), high * 2) if log else (low - pad, high + pad)
        return cls(low, high, size, log)

    def place(self, value: float) -> int | None:
        """Where a value is, from 0 to size - 1; None when it is outside."""
        if self.log:
            if value <= 0:
                return None
            low, high = math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        span = high - low  # nothing where rounding alone told two values apart
        here = math.log(value) if self.log else value
        share = (here - low) / span if span else 0.5
        return round(share * (self.size - 1)) if -1e-9 <= share <= 1 + 1e-9 else None

    def ticks(self, count: int) -> list[float]:
        """About so many round values."""
        return log_ticks(self) if self.log else round_ticks(self.low, self.high, count)


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most `count` + 1 of them."""
    least = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(n * power for n in (1, 2, 5, 10, 20) if n * power >= least * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(scale: Scale) -> list[float]:
    """1, 2 and 5 times the powers of ten; over three decades only the powers."""
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    digits = (1, 2, 5) if len(powers) <= 4 else (1,)
    found = [digit * 10.0**power for power in powers for digit in digits]
    found = [tick for tick in found if scale.low <= tick <= scale.high]
    # Within less than an octave the round values of a plain axis tell more.
    return found if len(found) >= 2 else round_ticks(scale.low, scale.high, 4)


def tick_label(value: float, step: float) -> str:
    """A tick with the digits that tell it from its neighbour."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        mantissa, _, exponent = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    return f"{value:,.{min(digits, 6)}f}"


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


def smoothed(points: Points, over: int) -> list[tuple[float, float]]:
    """An exponential moving average over about so many points, without a bias to the first."""
    if over <= 1:
        return list(points)
    keep, mean, weight = 1 - 1 / over, 0.0, 0.0
    result = []
    for x, y in points:
        mean = keep * mean + (1 - keep) * y
        weight = keep * weight + (1 - keep)
        result.append((x, mean / weight))
    return result
