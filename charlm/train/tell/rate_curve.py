"""The loss over the learning rate (`--find-rate`): drawn in plain text of 80 columns or as SVG, and
told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from charlm.chart import Line, line_chart
from charlm.train.find_rate import Curve

_COLUMNS, _ROWS = 70, 16
_LEFT = 7  # columns for the losses
_LABELLED = 5  # rows from one loss that is written to the next
_BLUE, _GREY = "#0072b2", "#777777"
_ABOVE = 0.1  # of the way down from the first loss, is seen above it


def told(curve: Curve, default: float) -> Iterator[str]:
    """Give the lines of a picture and of what follows from it. default: the rate without it."""
    yield f"training loss over the learning rate, which rose from {curve.rates[0]:.2g}:"
    yield from rate_curve(curve, {"D": default, "P": curve.proposal})
    lowest = f"{curve.lowest:.2g}, where the loss was lowest"
    yield f"P {curve.proposal:g}: proposed, a quarter of {lowest}"
    yield f"D {default:g}: the default, without --learning-rate"
    if curve.hardly_fell:
        yield "the loss fell by less than a tenth, so where it was lowest may be chance: take D"


def picture(curve: Curve, default: float) -> str:
    """The same as SVG."""
    low, high = _seen(curve)
    lines = [Line("loss", _BLUE, curve.rates, curve.losses)]
    for name, rate, share in (("proposed", curve.proposal, 0.2), ("default", default, 0.1)):
        if curve.rates[0] <= rate <= curve.rates[-1]:
            ends = np.array([high, low + share * (high - low)])
            label = f"{name} {rate:g}"
            lines.append(Line(label, _GREY, np.full(2, rate), ends, dashed=True))
    axes = ("learning rate", "training loss (nats per character)")
    limits = (low - _ABOVE * (high - low), high)
    return line_chart("Loss over a rising learning rate", axes, lines, limits, log_x=True)


def rate_curve(curve: Curve, marks: Mapping[str, float]) -> Iterator[str]:
    """Give the lines of a picture of a curve, the rate by its logarithm.

    marks: letters by their rate, below the axis; a later one covers an earlier. What is far above
    the first loss stands in the uppermost row.
    """
    low, high = _seen(curve)
    losses = np.interp(np.arange(_COLUMNS), _places(curve, curve.rates), curve.losses)
    steps = np.clip((high - losses) / (high - low), 0, 1) * (_ROWS - 1)
    rows = steps.round().astype(int).tolist()
    cells = np.full((_ROWS, _COLUMNS), " ")
    for column, (before, row) in enumerate(pairwise([rows[0], *rows])):
        begin = before + (row > before) - (row < before)  # no gap to the column before
        cells[min(begin, row) : max(begin, row) + 1, column] = "*"
    for row in range(_ROWS):
        loss = high - (high - low) * row / (_ROWS - 1)
        label = "" if row % _LABELLED else f"{loss:.2f}"
        yield f"{label:>{_LEFT - 2}} |{''.join(cells[row])}".rstrip()
    yield from _axis(curve, marks)


def _seen(curve: Curve) -> tuple[float, float]:
    """Between which losses a curve is drawn: from its lowest to somewhat above its first."""
    first, low = float(curve.losses[0]), float(curve.losses.min())
    return low, first + _ABOVE * max(first - low, 0.1)


def _axis(curve: Curve, marks: Mapping[str, float]) -> Iterator[str]:
    """Give the axis, the names of its powers of ten, and the marks."""
    line, names, below = ["-"] * _COLUMNS, [" "] * _COLUMNS, [" "] * _COLUMNS
    low, high = np.log10(curve.rates[[0, -1]])
    for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1):
        place, name = _column(curve, 10.0**power), f"{10.0**power:g}"
        line[place] = "+"
        names[place : place + len(name)] = name
    for letter, rate in marks.items():
        if curve.rates[0] <= rate <= curve.rates[-1]:
            below[_column(curve, rate)] = letter
    yield " " * (_LEFT - 1) + "+" + "".join(line)
    for row in (names, below):
        yield (" " * _LEFT + "".join(row)).rstrip()


def _column(curve: Curve, rate: float) -> int:
    return round(float(_places(curve, np.array([rate]))[0]))


def _places(curve: Curve, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where rates stand among the columns, from 0 on."""
    low, high = np.log10(curve.rates[[0, -1]])
    places: NDArray[np.float64] = (np.log10(rates) - low) / (high - low) * (_COLUMNS - 1)
    return places
