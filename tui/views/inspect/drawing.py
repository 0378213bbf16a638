"""How gates, states and surprise become levels, strips, lists and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from charlm.display import visible
from charlm.model import cells

from ...colours.ramps import LEVELS, Ramp, bar
from .snapshots import Part, Scored

#: Nats from which a character is as surprising as it gets.
ASTONISHING = 6.0
PLACES = 10
_CONTEXT = 24


@dataclass(frozen=True)
class UnitLevels:
    """One unit over a text: a level per character (-1: none), and the values of both ends."""

    levels: NDArray[np.int16]
    low: float
    high: float


def unit_levels(part: Part, unit: int, meaning: cells.Part) -> UnitLevels:
    """The levels of one unit: of a gate from 0 to 1, else as far as the unit goes.

    What can be below 0 is drawn as far to both sides.
    """
    values = part.values[:, unit]
    known = np.isfinite(values)
    size = float(np.abs(values[known]).max(initial=0.0)) or 1.0
    low = 0.0 if meaning.range[0] == 0 else -size
    high = 1.0 if meaning.opens else size
    share = (np.where(known, values, low) - low) / (high - low)
    levels = np.rint(share * (LEVELS - 1)).astype(np.int16)
    return UnitLevels(np.where(known, levels, -1).astype(np.int16), low, high)


def surprise_levels(scored: Scored) -> NDArray[np.int16]:
    """A level per character, from foreseen to astonishing."""
    share = np.clip(scored.nats / ASTONISHING, 0, 1)
    return np.asarray(np.rint(share * (LEVELS - 1)), np.int16)


def window(cursor: int, length: int, width: int) -> tuple[int, int]:
    """Which characters a strip of `width` cells shows: the cursor's and those around it."""
    start = max(0, min(cursor - width // 3, length - width))
    return start, max(start, min(length, start + width))


def strip_segments(levels: Sequence[int], ramp: Ramp, base: Style) -> list[Segment]:
    """A unit's levels as coloured cells, one per character; where these are few, as bars."""
    if not ramp.papers:
        return [Segment("".join(bar(level) if level >= 0 else " " for level in levels), base)]
    segments: list[Segment] = []
    for level in levels:
        style = base + ramp.styles[level] if level >= 0 else base
        if segments and segments[-1].style == style:
            segments[-1] = Segment(segments[-1].text + " ", style)
        else:
            segments.append(Segment(" ", style))
    return segments


def most_surprising(scored: Scored) -> list[int]:
    """The places of the ten most surprising characters."""
    order = np.argsort(-scored.nats, kind="stable")
    return [int(place) for place in order[:PLACES]]


def place_line(scored: Scored, place: int, width: int, base: Style, strong: Style) -> list[Segment]:
    """A surprising character among its neighbours, and what was expected there."""
    text = scored.characters
    before = "".join(map(one_cell, text[max(0, place - _CONTEXT) : place]))
    after = "".join(map(one_cell, text[place + 1 : place + 1 + _CONTEXT]))
    nats, best = float(scored.nats[place]), math.exp(-float(scored.best_nats[place]))
    expected = f"  expected {shown(scored.best[place])} ({100 * best:.0f} %)"
    head = f"{nats:5.2f} nats  "
    room = width - len(head) - len(expected) - 3
    side = max(3, room // 2)
    return [
        Segment(head, base),
        Segment(before[-side:].rjust(side), base + Style(dim=True)),
        Segment(shown_at(scored, place), base + strong),
        Segment(set_cell_size(after[:side], side), base + Style(dim=True)),
        Segment(expected, base),
    ]


def shown(character: str) -> str:
    """One character that can be seen."""
    return {" ": "␣", "\n": "↵"}.get(character, visible(character))


def shown_at(scored: Scored, place: int) -> str:
    """The character at a place; the end of a piece by its name, as among the rivals."""
    return "end" if place in scored.ends else shown(scored.characters[place])


def one_cell(character: str) -> str:
    """A character in the one cell that a strip has for it."""
    seen = "↵" if character == "\n" else visible(character)
    return seen if cell_len(seen) == 1 else "?"


def summary(scored: Scored) -> tuple[str, ...]:
    """How well the whole text was foreseen, the most important first."""
    loss = float(scored.nats.mean(dtype=np.float64))
    unsure = math.exp(min(loss, 700.0))
    return (
        f"{loss:.3f} nats/char",
        f"as unsure as between {unsure:.1f} characters",
    )
