"""The pictures of a report: losses, gradient norms, gradient over distance."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from charlm.compare.chart import Line, line_chart
from charlm.compare.distance import Shares
from charlm.compare.results import Array, Band, Result, band, thinned
from charlm.model.cells import CELLS

#: Colours that colour-blind readers tell apart too (Okabe and Ito 2008), for the cells in turn.
_PALETTE = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9")
_COLORS = dict(zip(CELLS, itertools.cycle(_PALETTE), strict=False))
_GREY = "#777777"
_DARK = "#333333"
_LEAST_SHARE, _MOST_SHARE = 1e-10, 100.0


def loss_picture(results: Mapping[str, Sequence[Result]]) -> str:
    """Draw the validation loss over characters, and what n-grams reach."""
    bands = {cell: band([run.curve for run in runs]) for cell, runs in results.items()}
    lines = [_line(cell, each, f"{cell} {each.mean[-1]:.3f}") for cell, each in bands.items()]
    baseline = next(iter(results.values()))[0].baseline
    if baseline is not None:
        ends = np.array([0.0, max(each.x[-1] for each in bands.values())])
        for name, loss in (
            ("unigram", baseline["unigram"]),
            (f"{baseline['order']}-gram", baseline["ngram"]),
        ):
            lines.append(Line(f"{name} {loss:.3f}", _GREY, ends, np.full(2, loss), dashed=True))
    values = np.concatenate([line.y for line in lines])
    margin = 0.05 * float(np.ptp(values)) + 1e-3
    limits = float(values.min()) - margin, float(values.max()) + margin
    axes = ("characters learned from", "validation loss (nats per character)")
    return line_chart("Validation loss: lower is better", axes, lines, limits)


def norm_picture(results: Mapping[str, Sequence[Result]], clip: float) -> str:
    """Draw the gradient norm before clipping, over characters."""
    bands = {cell: band([thinned(run.norms) for run in runs]) for cell, runs in results.items()}
    lines = [_line(cell, each, cell) for cell, each in bands.items()]
    top = 1.05 * max(float(each.high.max()) for each in bands.values())
    if clip < top:
        ends = np.array([0.0, max(each.x[-1] for each in bands.values())])
        lines.append(Line("clipped to this", _DARK, ends, np.full(2, clip), dashed=True))
    axes = ("characters learned from", "norm of the gradient, before clipping")
    return line_chart("How long the gradients are", axes, lines, (0.0, top))


def distance_picture(shares: Mapping[str, Sequence[Shares]], linear: Sequence[Shares]) -> str:
    """Draw the shares by curve ("lstm", "lstm, c"), and what eigenvalues predict; one per seed."""
    lines = []
    for name, each in shares.items():
        cell, _, part = name.partition(", ")
        label = f"{cell}, its {part}" if part else cell
        lines.append(_line(cell, _over_distance(each), label, dashed=bool(part)))
    if linear:
        mean = _over_distance(linear)
        lines.append(Line("rnn by Σ|λ|²ᵏ / H", _DARK, mean.x, mean.mean, dashed=True))
    ends = [end(line.y) for line in lines for end in (np.min, np.max)]
    limits = max(_LEAST_SHARE, min(ends) / 2), min(_MOST_SHARE, 1.5 * max(ends))
    axes = ("distance k, in characters", "|∂Lₜ/∂hₜ₋ₖ|  /  |∂Lₜ/∂hₜ|")
    return line_chart("How much of a gradient reaches back", axes, lines, limits, log=True)


def _line(cell: str, each: Band, label: str, dashed: bool = False) -> Line:
    return Line(label, _COLORS[cell], each.x, each.mean, each.low, each.high, dashed)


def _over_distance(curves: Sequence[Shares]) -> Band:
    """Take the geometric mean over seeds, as the axis is logarithmic."""
    x: Array = np.arange(len(curves[0]), dtype=np.float64)
    logs = band([(x, np.log(np.maximum(curve, 1e-300))) for curve in curves])
    return Band(x, np.exp(logs.mean), np.exp(logs.low), np.exp(logs.high))
