"""From the curves of a run to what a chart shows, and the line of words above it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from charlm.display import visible

from ..training.snapshots import Axis, Curves, Place, Quantity, Sample
from ..widgets.pieces_line import Piece
from ..widgets.wrapping import cut_inside
from .chart import Line, Picture
from .plotting import Points, reduce_points, smoothed

Kind = Literal["loss", "gradient", "rate", "speed"]
KINDS: tuple[Kind, ...] = ("loss", "gradient", "rate", "speed")
AXES: tuple[Axis, ...] = ("characters", "step", "seconds")
#: Over how many logged values a curve is smoothed.
SMOOTHINGS = (1, 10, 50)
#: The curves that jump. A rate is set, not measured, and evaluations are few.
_SMOOTHED: tuple[Quantity, ...] = (
    "training", "gradient_norm", "clipped_norm", "characters_per_s",
)  # fmt: skip

#: Quantity, name, colour; the last one is drawn over the others, and stays where room is short.
_CURVES: dict[Kind, tuple[tuple[Quantity, str, str], ...]] = {
    "loss": (("training", "training", "primary"), ("validation", "validation", "accent")),
    "gradient": (
        ("clipped_norm", "after clipping", "accent"), ("gradient_norm", "gradient norm", "primary"),
    ),
    "rate": (("learning_rate", "learning rate", "primary"),),
    "speed": (("characters_per_s", "characters/s", "primary"),),
}  # fmt: skip
_OTHERS = ("success", "error", "foreground", "secondary")
#: What stands on a curve beside its colour, of the runs that are laid over it and of its own.
_SIGNS = "abcdefghijklmnopqrstuvwxyz"
_OWN_SIGNS: dict[Quantity, str] = {"validation": "•", "clipped_norm": "•"}
_EMPTY = "No curve yet: the text is read first."
_MOST_COLUMNS = 300
#: Cells for the names of the runs that are laid over one, and for a name at least.
_NAMES, _SHORTEST = 40, 12
_QUIET = "$foreground-muted"


@dataclass(frozen=True)
class Look:
    """How the curves are shown. `cursor`: the place whose values are told, None for the newest."""

    axis: Axis = "characters"
    smoothing: int = 1
    log: bool = False
    window: tuple[float, float] | None = None
    cursor: Place | None = None


def picture(curves: Curves, kind: Kind, look: Look, others: Sequence[Curves] = ()) -> Picture:
    """One chart of a run; of `others` the validation losses, or what takes their place."""
    lines = []
    for place, other in enumerate(others):
        quantity, colour = _main(other, kind), _OTHERS[place % len(_OTHERS)]
        told, sign = _told(other, quantity, look, look.axis), _SIGNS[place % len(_SIGNS)]
        lines.append(Line(_points(other, quantity, look), colour, sign, told=told))
    for quantity, _, colour in _CURVES[kind]:
        points, told = _points(curves, quantity, look), _told(curves, quantity, look)
        sign = _OWN_SIGNS.get(quantity, "")
        if quantity == "validation":
            lines.append(Line(points, f"bold {colour}", sign, spots=True, told=told))
            continue
        if look.smoothing > 1 and quantity in _SMOOTHED:
            raw = replace(look, smoothing=1)
            lines.append(Line(_points(curves, quantity, raw), "panel", faint=True))
        lines.append(Line(points, colour, sign, told=told))
    divisor, unit = unit_of(look.axis, curves, *others)
    return Picture(
        lines=tuple(lines),
        levels=curves.baselines if kind == "loss" else (),
        marks=tuple(
            (mark.place.along(look.axis), mark.word if kind == "loss" else "")
            for mark in curves.marks
        ),
        cursor=None if look.cursor is None else look.cursor.along(look.axis),
        unit=unit, divisor=divisor, window=look.window, log=look.log,
        empty=_EMPTY if curves.ended is None else "This run has no curve.",
    )  # fmt: skip


def caption(curves: Curves, kind: Kind, look: Look, others: Sequence[Curves] = ()) -> list[Piece]:
    """What each line is, and its value as it is drawn: the newest, or the one at the cursor."""
    pieces: list[Piece] = []
    if look.cursor is not None:
        pieces.append(Piece(f"at step {look.cursor.step:,.0f}", "", 2))
    for before, (quantity, name, colour) in enumerate(_CURVES[kind], 1):
        value = _told(curves, quantity, look)
        if value is not None:
            text = f"{_OWN_SIGNS.get(quantity, '─')} {name} {_shown(kind, value)}"
            more = len(_CURVES[kind]) - before  # runs are compared by the last one
            rank = more and more + 1 + len(others)
            pieces.append(Piece(text, f"bold ${colour}", rank))
    for place, other in enumerate(others):
        value = _told(other, _main(other, kind), look, look.axis)
        colour = _OTHERS[place % len(_OTHERS)]
        text = "" if value is None else f" {_shown(kind, value)}"
        name = cut_inside(visible(other.run.name), max(_SHORTEST, _NAMES // len(others)))
        name = f"{_SIGNS[place % len(_SIGNS)]} {name}"
        pieces.append(Piece(name + text, f"${colour}", 2 + place))
    unit = "nats/char" if kind == "loss" else ""
    jumps = look.smoothing > 1 and any(quantity in _SMOOTHED for quantity, *_ in _CURVES[kind])
    notes = [unit, "log" if look.log else "", "smoothed" if jumps else ""]
    pieces.append(Piece(" · ".join(filter(None, notes)), _QUIET, 40, right=True))
    return pieces


def unit_of(axis: Axis, *runs: Curves) -> tuple[float, str]:
    """What to divide the coordinates of these runs by, and what they count then."""
    most = max((run.last.along(axis) for run in runs if run.last), default=0.0)
    if axis == "seconds":
        return (1, "s") if most < 180 else (60, "min") if most < 7200 else (3600, "h")
    if axis == "step":
        return 1, "steps"
    return (1e6, "M chars") if most >= 1e6 else (1e3, "k chars") if most >= 1e4 else (1, "chars")


def value_at(points: Sequence[Sample], place: Place | None, axis: Axis = "step") -> float | None:
    """The value at a place, or the newest; None where there is none yet.

    Of one run places are told apart by their step: an evaluation is logged later than the line
    of the step that it belongs to. Of another run, whose steps may be longer, by the shown axis.
    """
    if place is None:
        return points[-1].value if points else None
    behind = bisect_right(points, place.along(axis), key=lambda sample: sample.place.along(axis))
    return points[behind - 1].value if behind else None


def _told(curves: Curves, quantity: Quantity, look: Look, axis: Axis = "step") -> float | None:
    """What the caption says of a curve, and where its dot stands."""
    return value_at(_samples(curves, quantity, look.smoothing), look.cursor, axis)


def _main(curves: Curves, kind: Kind) -> Quantity:
    """The curve that stands for a run among others."""
    names = [name for name, *_ in reversed(_CURVES[kind])]
    return next((name for name in names if curves.of(name)), names[0])


def _points(curves: Curves, quantity: Quantity, look: Look) -> Points:
    return _cached_points(curves, quantity, look.axis, look.smoothing, look.window)


@lru_cache(maxsize=64)
def _cached_points(
    curves: Curves,
    quantity: Quantity,
    axis: Axis,
    smoothing: int,
    window: tuple[float, float] | None,
) -> Points:
    """(x, y) of one curve, no more of them than a screen has room for: a cursor that moves does
    not measure them again. A snapshot never changes, so that it can be a key.
    """  # fmt: skip
    samples = _samples(curves, quantity, smoothing)
    points = [(sample.place.along(axis), sample.value) for sample in samples]
    if window is not None:
        points = [point for point in points if window[0] <= point[0] <= window[1]]
    return reduce_points(points, _MOST_COLUMNS)


@lru_cache(maxsize=32)
def _samples(curves: Curves, quantity: Quantity, smoothing: int) -> tuple[Sample, ...]:
    """One curve as it is drawn: smoothed, if it jumps."""
    samples = curves.of(quantity)
    if smoothing <= 1 or quantity not in _SMOOTHED:
        return samples
    means = smoothed([(sample.place.step, sample.value) for sample in samples], smoothing)
    return tuple(Sample(sample.place, y) for sample, (_, y) in zip(samples, means, strict=True))


def _shown(kind: Kind, value: float) -> str:
    form = {"speed": ",.0f", "rate": ".3g"}.get(kind, ".3f")
    return format(value, form)
