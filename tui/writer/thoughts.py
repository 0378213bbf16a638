"""What a model thought of the characters of a text, one by one.

T characters, R rivals of each
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, fields
from math import exp, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from charlm.engine.events import Details

#: Rivals that are told of each character.
RIVALS = 10


def nats_text(log_prob: float, characters: int, ended: bool) -> str:
    """Nats per character in words, the end counted as one; "" while they are not known (NaN)."""
    count = characters + ended
    return f"{abs(log_prob) / count:.2f} nats/char" if count and log_prob == log_prob else ""


@dataclass(frozen=True, eq=False)
class Thoughts:
    """Of T characters in a row; the model's end, if it is one of them, is the last.

    alphabet: the character of each id, "" for the end. ids, ranks: [T]; rank 0 is the most
    probable. log_probs, entropies: [T], nats. rival_ids: the R most probable, [T, R];
    rival_log_probs: of the raw model; rival_kept_log_probs: after the decoder's filters, -inf
    where they cut one.
    """

    alphabet: tuple[str, ...]
    ids: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    ranks: NDArray[np.int32]
    entropies: NDArray[np.float32]
    rival_ids: NDArray[np.int32]
    rival_log_probs: NDArray[np.float32]
    rival_kept_log_probs: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, places: slice) -> Thoughts:
        arrays = (getattr(self, field.name)[places] for field in fields(self)[1:])
        return Thoughts(self.alphabet, *arrays)


def thoughts_of(
    alphabet: tuple[str, ...],
    ids: NDArray[np.int32],
    log_probs: NDArray[np.float32],
    details: Details,
    row: int | None = None,
) -> Thoughts:
    """From the engine's arrays, [T] each; with a row, that row of [T, N]."""
    arrays = (ids, log_probs, *(getattr(details, field.name) for field in fields(details)))
    return Thoughts(alphabet, *(array if row is None else array[:, row] for array in arrays))


#: Nats at which the next level of surprise begins: p of 0.90, 0.61, 0.22, 0.05, 0.007.
LEVELS = (0.1, 0.5, 1.5, 3.0, 5.0)


@dataclass(frozen=True)
class Rival:
    """A character that could have stood at a place. kept: its p after the filters, None if cut."""

    character: str
    log_prob: float
    p: float
    kept: float | None


@dataclass(frozen=True)
class Thought:
    """What the model thought of one character, "" for its end."""

    character: str
    log_prob: float
    rank: int
    entropy: float
    rivals: tuple[Rival, ...]


class Trace:
    """The thoughts of a text from its first character on, as they come.

    levels: of every character so far, how surprising it was, 0 to len(LEVELS).
    """

    def __init__(self) -> None:
        self.levels = bytearray()
        self._parts: list[Thoughts] = []
        self._starts: list[int] = []

    @classmethod
    def of(cls, *parts: Thoughts | None) -> Trace:
        """Of these, in their order; None is of no text."""
        trace = cls()
        for part in parts:
            if part is not None:
                trace.add(part)
        return trace

    def __len__(self) -> int:
        return len(self.levels)

    def add(self, thoughts: Thoughts) -> None:
        """The thoughts of what follows."""
        import numpy as np  # here: the first paint does not wait for NumPy

        self._parts.append(thoughts)
        self._starts.append(len(self))
        self.levels += np.digitize(-thoughts.log_probs, LEVELS).astype(np.uint8).tobytes()

    def at(self, place: int) -> Thought | None:
        """Of the character at a place; None where nothing is known."""
        if not 0 <= place < len(self):
            return None
        number = bisect_right(self._starts, place) - 1
        part, i = self._parts[number], place - self._starts[number]
        raw, kept = part.rival_log_probs[i].tolist(), part.rival_kept_log_probs[i].tolist()
        rivals = [
            Rival(part.alphabet[id], a, exp(a), exp(b) if b > -inf else None)
            for id, a, b in zip(part.rival_ids[i].tolist(), raw, kept, strict=True)
        ]
        return Thought(
            part.alphabet[int(part.ids[i])],
            float(part.log_probs[i]),
            int(part.ranks[i]),
            float(part.entropies[i]),
            tuple(rivals),
        )
