"""The pictures of a report: losses, gradient norms, gradient over distance."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from charlm.chart import Line, line_chart
from charlm.compare.distance import Shares
from charlm.compare.plan import Variant
from charlm.compare.results import Array, Band, Results, band, counted_losses, thinned
from charlm.model.cells import CELLS

#: Colours that colour-blind readers tell apart too (Okabe and Ito 2008), for the cells in turn,
#: and behind them two darker ones for variants.
_PALETTE = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#666633")
_CELL_COLORS = dict(zip(CELLS, itertools.cycle(_PALETTE[:6]), strict=False))
#: Variants in one picture, or lines of them: more are no longer told apart.
MOST_DRAWN = len(_PALETTE)
_GREY = "#777777"
_DARK = "#333333"
_LEAST_SHARE, _MOST_SHARE = 1e-10, 100.0
#: From where on in the budget the losses of variants are shown: they differ little, and before
#: that they fall too far for it to be seen.
_SHOWN_FROM = 0.25


def loss_picture(results: Results) -> str:
    """Draw the validation loss over characters, and what n-grams reach."""
    bands = {variant: band([run.curve for run in runs]) for variant, runs in results.items()}
    colors = _colors(results)
    lines = [
        _line(
            colors[variant],
            each,
            f"{variant.label}{':' if variant.settings else ''} {each.mean[-1]:.3f}",
        )
        for variant, each in bands.items()
    ]
    ends = np.array([0.0, max(each.x[-1] for each in bands.values())])
    dashed = [
        Line(f"{name} {loss:.3f}", _GREY, ends, np.full(2, loss), dashed=True)
        for name, loss in counted_losses(results).items()
    ]
    values = np.concatenate([line.y for line in lines + dashed])
    if _are_varied(results):
        values = np.concatenate([line.y[line.x >= _SHOWN_FROM * ends[1]] for line in lines])
    margin = 0.05 * float(np.ptp(values)) + 1e-3
    low, high = float(values.min()) - margin, float(values.max()) + margin
    lines += [line for line in dashed if low <= line.y[0] <= high]
    axes = ("characters learned from", "validation loss (nats per character)")
    return line_chart("Validation loss: lower is better", axes, lines, (low, high))


def norm_picture(results: Results, clip: float | None) -> str:
    """Draw the gradient norm before clipping, over characters. clip: if all have the same."""
    bands = {v: band([thinned(run.norms) for run in runs]) for v, runs in results.items()}
    colors = _colors(results)
    lines = [_line(colors[variant], each, variant.label) for variant, each in bands.items()]
    top = 1.05 * max(float(each.high.max()) for each in bands.values())
    if clip is not None and clip < top:
        ends = np.array([0.0, max(each.x[-1] for each in bands.values())])
        lines.append(Line("clipped to this", _DARK, ends, np.full(2, clip), dashed=True))
    axes = ("characters learned from", "norm of the gradient, before clipping")
    return line_chart("How long the gradients are", axes, lines, (0.0, top))


def distance_picture(
    shares: Mapping[Variant, Mapping[str, Sequence[Shares]]],
    linear: Mapping[Variant, Sequence[Shares]],
) -> str:
    """Draw the shares of each state by its letter, and what eigenvalues predict; one per seed.

    linear: of the variants that have no gates.
    """
    lines, colors = [], _colors(shares)
    few = sum(map(len, shares.values())) <= MOST_DRAWN  # else h alone
    for variant, by_letter in shares.items():
        for letter, each in by_letter.items():
            label = variant.label if letter == "h" else f"{variant.label}, its {letter}"
            if few or letter == "h":
                lines.append(_line(colors[variant], _over_distance(each), label, letter != "h"))
    if len(linear) == 1:  # of several they would run together
        ((variant, each),) = linear.items()
        mean = _over_distance(each)
        label = f"{variant.label} by Σ|λ|²ᵏ / H"
        lines.append(Line(label, _DARK, mean.x, mean.mean, dashed=True))
    ends = [end(line.y) for line in lines for end in (np.min, np.max)]
    limits = max(_LEAST_SHARE, min(ends) / 2), min(_MOST_SHARE, 1.5 * max(ends))
    axes = ("distance k, in characters", "|∂Lₜ/∂hₜ₋ₖ|  /  |∂Lₜ/∂hₜ|")
    return line_chart("How much of a gradient reaches back", axes, lines, limits, log=True)


def _are_varied(variants: Mapping[Variant, object]) -> bool:
    return any(variant.settings for variant in variants)


def _colors(variants: Mapping[Variant, object]) -> dict[Variant, str]:
    """A cell has its own colour always; variants have theirs by their place."""
    if _are_varied(variants):
        return dict(zip(variants, _PALETTE, strict=False))
    return {variant: _CELL_COLORS[variant.cell] for variant in variants}


def _line(color: str, each: Band, label: str, dashed: bool = False) -> Line:
    return Line(label, color, each.x, each.mean, each.low, each.high, dashed)


def _over_distance(curves: Sequence[Shares]) -> Band:
    """Take the geometric mean over seeds, as the axis is logarithmic."""
    x: Array = np.arange(len(curves[0]), dtype=np.float64)
    logs = band([(x, np.log(np.maximum(curve, 1e-300))) for curve in curves])
    return Band(x, np.exp(logs.mean), np.exp(logs.low), np.exp(logs.high))
