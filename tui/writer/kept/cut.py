"""What is left out where more was written than is kept: the oldest texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .values import Kept, KeptBranch, KeptText

#: Bytes of a model's file, and how many of them its prompts may take.
LARGEST = 1_000_000
_PROMPTS = 300_000
#: More prompts, texts, and texts of one tree, than anybody looks through.
MOST_PROMPTS, MOST_TEXTS, MOST_BRANCHES = 200, 500, 500

Part = TypeVar("Part", str, KeptText)
Size = Callable[[str | KeptText | KeptBranch], int]


def is_crowded(kept: Kept) -> bool:
    """Whether there is more than is kept, however short it is."""
    return (
        len(kept.prompts) > MOST_PROMPTS
        or len(kept.texts) > MOST_TEXTS
        or len(kept.branches) > MOST_BRANCHES
    )


def fitting(kept: Kept, room: int, size: Size) -> Kept:
    """What has room: the newest prompts, the tree of the newest text, the newest texts before it.

    room: bytes for all; size: of a part of it. A single text that has no room is not kept.
    """
    prompts = _newest(kept.prompts[-MOST_PROMPTS:], min(room, _PROMPTS), size)
    room -= sum(map(size, prompts))
    kept = _with_branches(kept, room, size)
    room -= sum(map(size, kept.branches))
    return kept._replace(prompts=prompts, texts=_newest(kept.texts[-MOST_TEXTS:], room, size))


def _newest(parts: Sequence[Part], room: int, size: Size) -> tuple[Part, ...]:
    """The last of them that have room together."""
    first = len(parts)
    while first and (room := room - size(parts[first - 1])) >= 0:
        first -= 1
    return tuple(parts[first:])


def _with_branches(kept: Kept, room: int, size: Size) -> Kept:
    """A tree that has room. The text that is shown goes last, those that it came of before it."""
    left = {place: size(branch) for place, branch in enumerate(kept.branches)}
    while left and (len(left) > MOST_BRANCHES or sum(left.values()) > room):
        parents = {kept.branches[place].parent for place in left}
        leaves = [place for place in left if place not in parents and place != kept.shown]
        del left[leaves[0] if leaves else next(iter(left))]
    places: dict[int | None, int] = {old: new for new, old in enumerate(left)}
    branches = (kept.branches[place] for place in left)
    return kept._replace(
        branches=tuple(
            branch._replace(parent=places.get(branch.parent), redo=places.get(branch.redo))
            for branch in branches
        ),
        shown=places.get(kept.shown, 0),
    )
