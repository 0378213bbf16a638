"""Lines as SVG: one small picture that a browser, an editor and a web page all show."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

_RIGHT, _HEIGHT = 610, 400  # where the axes end, right of which the labels stand; the picture
_LEFT, _TOP, _BOTTOM = 64, 44, 48  # margins
_LABEL_HEIGHT = 16
_LABEL_WIDTH, _PER_LETTER = 150, 7.2  # at least; of its letters, about
_TICKS = 6  # about as many on an axis


@dataclass(frozen=True, eq=False)
class Line:
    """One line and its name; `low` and `high` are a band around it. All have x's length."""

    label: str
    color: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    dashed: bool = False


class _Axis:
    """Turns values into pixels between two ends, on a linear or a logarithmic scale."""

    def __init__(self, low: float, high: float, begin: float, end: float, log: bool) -> None:
        self._log = log
        self._low, self._high = self._at(low), self._at(high)
        if self._high <= self._low:
            self._high = self._low + 1
        self._begin, self._end = begin, end

    def _at(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def pixel(self, value: float) -> float:
        share = (self._at(value) - self._low) / (self._high - self._low)
        return self._begin + (self._end - self._begin) * share

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Give round values inside the axis, and how they are written."""
        if self._log:
            every = max(1, round((self._high - self._low) / _TICKS))
            for power in range(math.ceil(self._low), math.floor(self._high) + 1, every):
                yield 10.0**power, f"10<tspan dy='-5' font-size='9'>{power}</tspan>"
            return
        step = _round_step((self._high - self._low) / _TICKS)
        for n in range(
            math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9) + 1
        ):
            yield n * step, _written(n * step)


def line_chart(
    title: str,
    axes: tuple[str, str],
    lines: Sequence[Line],
    y_range: tuple[float, float],
    log: bool = False,
    log_x: bool = False,
) -> str:
    """A chart of lines over x, each named at its end; what leaves `y_range` is not seen.

    `axes`: what x and y are. `log`, `log_x`: their scales are logarithmic, and they are above 0;
    else x begins at 0.
    """
    first, last = (pick(float(line.x[i]) for line in lines) for pick, i in ((min, 0), (max, -1)))
    x_axis = _Axis(first if log_x else 0.0, last, _LEFT, _RIGHT, log_x)
    y_axis = _Axis(*y_range, _HEIGHT - _BOTTOM, _TOP, log)
    longest = max(len(line.label) for line in lines)
    width = _RIGHT + max(_LABEL_WIDTH, round(_PER_LETTER * (longest + 1)))
    parts = [f'<rect width="{width}" height="{_HEIGHT}" fill="#fff"/>']
    parts += [*_frame(title, axes, x_axis, y_axis), '<g clip-path="url(#inside)">']
    for line in lines:
        parts += _drawn(line, x_axis, y_axis)
    parts += ["</g>", *_labels(lines, x_axis, y_axis, y_range)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}"'
        f' width="{width}" height="{_HEIGHT}" font-family="sans-serif" font-size="12"'
        f' role="img"><title>{escape(title)}</title>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _frame(title: str, axes: tuple[str, str], x_axis: _Axis, y_axis: _Axis) -> Iterator[str]:
    bottom = _HEIGHT - _BOTTOM
    inside = f'x="{_LEFT}" y="{_TOP}" width="{_RIGHT - _LEFT}" height="{bottom - _TOP}"'
    yield f'<clipPath id="inside"><rect {inside}/></clipPath>'
    yield f'<text x="{_LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>'
    for value, text in y_axis.ticks():
        y = y_axis.pixel(value)
        yield f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" stroke="#e4e4e4"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{text}</text>'
    for value, text in x_axis.ticks():
        x = x_axis.pixel(value)
        yield f'<path d="M{x:.1f} {bottom}v5" stroke="#888"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{text}</text>'
    yield f'<path d="M{_LEFT} {bottom}H{_RIGHT}" stroke="#888"/>'
    middle = (_LEFT + _RIGHT) / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{_lowered(axes[0])}</text>'
    up = f'transform="translate(16 {(_TOP + bottom) / 2}) rotate(-90)" text-anchor="middle"'
    yield f"<text {up}>{_lowered(axes[1])}</text>"


def _lowered(text: str) -> str:
    """A text as SVG, its small letters lowered by hand: few fonts have ₜ and ₖ."""
    small = r'<tspan dy="3" font-size="9">\1</tspan><tspan dy="-3">\2</tspan>'
    lowered = re.sub(r"([ₜ₋ₖ]+)([^ₜ₋ₖ]*)", small, escape(text))
    return lowered.translate(str.maketrans("ₜ₋ₖ", "t−k"))


def _drawn(line: Line, x_axis: _Axis, y_axis: _Axis) -> Iterator[str]:
    def points(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
        pairs = zip(x.tolist(), y.tolist(), strict=True)
        return "L".join(f"{x_axis.pixel(a):.1f} {y_axis.pixel(b):.1f}" for a, b in pairs)

    if line.low is not None and line.high is not None:
        around = points(line.x, line.low) + "L" + points(line.x[::-1], line.high[::-1])
        yield f'<path d="M{around}Z" fill="{line.color}" fill-opacity=".18"/>'
    dashes = ' stroke-dasharray="6 4"' if line.dashed else ""
    stroke = f'fill="none" stroke="{line.color}" stroke-width="2"{dashes}'
    yield f'<path d="M{points(line.x, line.y)}" {stroke}/>'


def _labels(
    lines: Sequence[Line], x_axis: _Axis, y_axis: _Axis, limits: tuple[float, float]
) -> Iterator[str]:
    """Write each name where its line ends or leaves the picture, none on top of another."""
    bottom = highest = y_axis.pixel(limits[0])
    halo = 'paint-order="stroke" stroke="#fff" stroke-width="4"'  # over a line in its way
    lines = sorted(lines, key=lambda line: -line.y[-1])
    staying = [line for line in lines if limits[0] <= line.y[-1] <= limits[1]]
    wanted = [y_axis.pixel(line.y[-1]) + 4 for line in staying]
    places = [
        (line, x_axis.pixel(line.x[-1]), y)
        for line, y in zip(staying, _apart(wanted, bottom + 4), strict=True)
    ]
    for line in (line for line in lines if line not in staying):
        heights = [y_axis.pixel(y) for y in np.clip(line.y, *limits).tolist()]
        inside = (line.y >= limits[0]) & (line.y <= limits[1])
        highest -= _LABEL_HEIGHT
        last = np.flatnonzero(inside & (np.array(heights) <= highest)).max(initial=0)
        # Left of those that stand where their lines end.
        farthest = _RIGHT - _PER_LETTER * len(line.label) - 8
        places.append((line, min(x_axis.pixel(line.x[last]), farthest), heights[last]))
    for line, x, y in places:
        text = f'<text x="{x + 8:.1f}" y="{y:.1f}" fill="{line.color}" {halo}>'
        yield f"{text}{escape(line.label)}</text>"


def _apart(wanted: Sequence[float], lowest: float) -> list[float]:
    """Heights in pixels from the top down, moved until names are apart, none below `lowest`."""
    heights: list[float] = []
    for height in wanted:
        heights.append(max(height, heights[-1] + _LABEL_HEIGHT) if heights else height)
    for index in reversed(range(len(heights))):
        heights[index] = min(heights[index], lowest)
        lowest = heights[index] - _LABEL_HEIGHT
    return heights


def _round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _written(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:.6g}"
