"""Texts of one prompt, one over the other or beside one another, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from ...writer.thoughts import nats_text

#: Characters in a row that two texts have at the same places not by chance.
_RUN = 4


@dataclass(frozen=True)
class Comparison:
    """How a text differs from the one before it, character by character at the same place.

    first: place of the first difference, 1 for the first character that was written; None
    while there is none. lines, same: lines of the new text that are not empty, and those among
    them that are the same; None while it is being written.
    """

    first: int | None
    lines: int | None = None
    same: int | None = None


@dataclass(frozen=True)
class Lane:
    """One text as it stands. title: what it is written with. log_prob: nats, NaN if not known.

    leans: of the first characters, a level each, from 0 (likeliest with the first decoder of two)
    to the highest (with the second).
    """

    title: str
    text: str = ""
    characters: int = 0
    log_prob: float = 0.0
    over: bool = False
    ended: bool = False
    leans: bytes = b""

    @property
    def nats(self) -> str:
        """Nats per character in words; "" while they are not known."""
        return nats_text(self.log_prob, self.characters, self.ended)


def parting(one: str, other: str) -> int:
    """The first place where two texts differ; the length of the shorter where they do not."""
    same, length = 0, min(len(one), len(other))
    while same < length:  # halves are compared as wholes, a hundred times as fast as by character
        middle = (same + length + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            length = middle - 1
    return same


def agreement(one: str, other: str) -> int:
    """How many places hold the same character in both."""
    return sum(a == b for a, b in zip(one, other, strict=False))


def shared_runs(one: str, other: str) -> list[tuple[int, bool]]:
    """(end, whether it is the same in both) of the runs of the first text.

    Behind the first difference a few characters that happen to be the same are no run.
    """
    runs: list[tuple[int, bool]] = []
    for same, places in groupby(range(len(one)), lambda i: i < len(other) and one[i] == other[i]):
        end = list(places)[-1] + 1
        start = runs[-1][0] if runs else 0
        same = same and (not runs or end - start >= _RUN)
        if runs and runs[-1][1] == same:
            runs.pop()
        runs.append((end, same))
    return runs
