"""What is proposed for a text where options are left open: measured (docs/training.md).

Everything follows from N, the number of characters to learn from, so that the same command means
the same training on every machine.
"""

from __future__ import annotations

import math
import os

#: In the environment: how many processes like this one share the machine.
SHARED_BY = "LOCAL_WORLD_SIZE"
#: What a text is taken to have while it is not known.
USUAL_CHARACTERS = 1_000_000
_MOST_PASSES = 40
_MOST_CHARACTERS = 25_000_000  # about eight minutes of two cores
#: From so many characters on: units, and streams at once.
_BY_LENGTH = (
    (600_000, 512, 32),
    (250_000, 384, 32),
    (60_000, 256, 32),
    (10_000, 128, 32),
    (0, 64, 8),
)
#: Characters that most texts have, for how many weights a model is.
USUAL_VOCABULARY = 64
_ONCE = 1.5  # passes: what is read once cannot be learned by heart
#: Up to so many passes times parameters a character, so much dropout.
_BY_HEART = ((2.5, 0.0), (7.0, 0.1), (15.0, 0.2), (25.0, 0.3), (100.0, 0.4), (math.inf, 0.5))
_OPERATIONS_A_SECOND = 1.6e11  # of a usual processor, for what is told by the clock


def proposed_hidden(characters: int) -> int:
    """Units for a text of so many characters to learn from."""
    return _row(characters)[1]


def proposed_batch(characters: int) -> int:
    """Streams at once: a short text has few updates in a pass, so that they must be small."""
    return _row(characters)[2]


def proposed_characters(characters: int) -> int:
    """A budget of 40 passes, but not more than takes some minutes."""
    return min(_MOST_PASSES * characters, _MOST_CHARACTERS)


def proposed_dropout(passes: float, share: float) -> float:
    """Dropout for so many passes over a text, by so many parameters a character of it.

    A model that is small for its text learns less by heart in many passes than a large one in few.
    """
    if passes <= _ONCE:
        return 0.0
    return next(dropout for most, dropout in _BY_HEART if passes * share <= most)


def usual_pace(hidden: int, layers: int) -> float:
    """Characters a second that a usual machine learns, for budgets of minutes."""
    return _OPERATIONS_A_SECOND / (24 * hidden * hidden * (2 * layers - 1))


def cores() -> int:
    """How many processor cores this process may use: its share, where it is one of several.

    They are counted in `SHARED_BY`, which torchrun sets.
    """
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    said = os.environ.get(SHARED_BY, "")
    return max(1, found // max(1, int(said) if said.isascii() and said.isdigit() else 1))


def _row(characters: int) -> tuple[int, int, int]:
    return next(row for row in _BY_LENGTH if characters >= row[0])
