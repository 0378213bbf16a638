"""The line above texts that stand side by side: what is compared, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.wording import counted

from ....colours.ramps import Ramp, worded
from ....widgets.pieces_line import Piece
from ..comparison import Lane, agreement, parting

_DIM = "$foreground-muted"


def lanes_head(lanes: Sequence[Lane], ramp: Ramp | None, hides: bool) -> list[Piece]:
    """Of a grid, or of a duel's two. ramp: the colours of a duel. hides: there is more below."""
    on = [Piece("▼ PgDn", "", 1)] if hides else []
    if ramp is None:
        return [
            Piece(counted(len(lanes), "sample"), "bold $primary"),
            Piece("one prompt, one setting, other dice", _DIM, 3),
            *on,
            Piece("Enter takes one", "", 1, right=True),
        ]
    pieces = [Piece("duel", "bold $primary"), Piece("one prompt, the same dice", _DIM, 4)]
    one, other = (lane.text for lane in lanes)
    place, shortest = parting(one, other), min(len(one), len(other))
    if place < shortest:
        pieces += [
            Piece(f"first difference at {place + 1:,}", "bold $accent", 1),
            Piece(f"{agreement(one, other):,} of {counted(shortest, 'character')} the same", "", 3),
        ]
    elif shortest:
        pieces.append(Piece(f"the same so far: {counted(shortest, 'character')}", "", 1))
    if any(lane.leans for lane in lanes):
        a, b = (Piece(side, worded(ramp.styles[end]), 2) for side, end in ((" A ", 0), (" B ", -1)))
        pieces += [Piece("likelier with", _DIM, 2), a, Piece("or with", _DIM, 2), b]
    elif shortest:
        pieces.append(Piece("dim: the same in both", _DIM, 2))
    return [*pieces, *on]
