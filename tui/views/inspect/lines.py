"""The lines around the text that is looked into: what is chosen, what colours mean, the cursor."""

from __future__ import annotations

import math
from dataclasses import dataclass

from charlm.model.cells import CELLS, Part
from charlm.wording import counted, rounded

from ...colours.ramps import Ramp, worded
from ...widgets.pieces_line import Piece
from .drawing import ASTONISHING, shown, shown_at, summary
from .snapshots import Scored, Traced

_DIM = "$foreground-muted"
_CHOSEN = "bold $background on $primary"


@dataclass(frozen=True)
class Chosen:
    """What is looked at: a layer, a gate or state of it, and the places in both lists."""

    layer: int = 0
    part: str = ""
    unit: int = 0
    place: int = 0
    surprise: bool = False


def head_pieces(
    scored: Scored | None, traced: Traced | None, chosen: Chosen, working: bool
) -> list[Piece]:
    """How the text did, or which gate of which layer is shown; a click chooses another."""
    if scored is None:
        return []
    if chosen.surprise:
        return [Piece(f"{text} ", "bold" if place == 0 else "", place)
                for place, text in enumerate(summary(scored))]  # fmt: skip
    if traced is None:
        said = "The gates are being computed …" if working else "The gates were not computed."
        return [Piece(said, _DIM)]
    pieces = []
    if traced.layers > 1:
        pieces.append(
            Piece(f"layer {chosen.layer + 1} of {traced.layers}", "bold", 1, action="layer(1)")
        )
    for part in traced.parts:
        style = _CHOSEN if part == chosen.part else ""
        pieces.append(Piece(f" {part} ", style, 0, action=f"part('{part}')"))
    meaning = CELLS[traced.cell].parts[chosen.part]
    unit = int(traced.traces[chosen.layer, chosen.part].order[chosen.unit])
    pieces.append(Piece(f"{meaning.words}, unit {unit}", "bold $accent", 2))
    return pieces


def legend_pieces(
    chosen: Chosen, ramp: Ramp, meaning: Part | None, ends: tuple[float, float]
) -> list[Piece]:
    """What the colours mean, in words; `meaning`: of what is shown, None for surprise."""
    if chosen.surprise or meaning is None:
        low, high = "0 nats, foreseen", f"{ASTONISHING:.0f} nats or more, astonishing"
    else:
        low, high = (f"{end:.2g} {word}" for end, word in zip(
            ends, (meaning.low, meaning.high), strict=True))  # fmt: skip
    middle = [Piece(text, worded(style)) for text, style in ramp.legend()]
    return [Piece(f"{low} "), *middle, Piece(f" {high}")]


def cursor_pieces(scored: Scored | None, place: int, value: float | None) -> list[Piece]:
    """The character in hand: what the unit did, how surprising it was."""
    if scored is None or not 0 <= place < len(scored.characters):
        return []
    nats = float(scored.nats[place])
    pieces = [Piece(f" {shown_at(scored, place)} ", "bold reverse", 0)]
    if value is not None:
        pieces.append(Piece(f"unit {value:+.2f}", "bold $accent", 1))
    pieces.append(Piece(f"{nats:.2f} nats", "", 2))
    pieces.append(Piece(f"{rounded(100 * math.exp(-nats))} % probable", "", 3))
    if place not in scored.ends:
        pieces.append(Piece(f"character {scored.count(place) + 1:,}", _DIM, 5))
    return pieces


def part_pieces(scored: Scored | None, first: int, last: int) -> list[Piece]:
    """How a part of the text did that is selected: from a place up to before another."""
    if scored is None:
        return []
    count = scored.count(last) - scored.count(first)
    what = counted(count, "character") if count else "an end"
    mean = f"{float(scored.nats[first:last].mean()):.3f} nats" + "/char" * bool(count)
    return [Piece(f"{what} selected", "bold $accent", 0), Piece(mean, "", 1)]


def rival_pieces(scored: Scored | None, place: int) -> list[Piece]:
    """What the model would rather have written than the character in hand."""
    if scored is None or not 0 <= place < len(scored.characters):
        return []
    rank = int(scored.ranks[place])
    if not rank:
        return [Piece("the model's first choice", _DIM, 1)]
    best = 100 * math.exp(-float(scored.best_nats[place]))
    return [
        Piece(f"the model's no. {rank + 1}; its no. 1:", _DIM, 1),
        Piece(shown(scored.best[place]), "bold", 1),
        Piece(f"{best:.0f} %", _DIM, 2),
    ]
