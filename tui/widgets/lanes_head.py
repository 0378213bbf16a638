"""The line above texts that stand side by side: what is compared, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from tui.side_by_side import Lane, agreement, parting
from tui.widgets.pieces_line import Piece

_DIM = "$foreground-muted"


def lanes_head(lanes: Sequence[Lane], duel: bool, hides: bool) -> list[Piece]:
    """Of a grid, or of a duel's two. hides: there are lines below those in view."""
    on = [Piece("PgDn on", "", 2)] if hides else []
    if not duel:
        return [
            Piece(f"{len(lanes)} samples", "bold $primary"),
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
            Piece(f"{agreement(one, other):,} of {shortest:,} characters the same", "", 3),
            Piece("dim: the same in both", _DIM, 5),
        ]
    elif shortest:
        pieces.append(Piece(f"the same so far: {shortest:,} characters", "", 1))
    return [*pieces, *on]
