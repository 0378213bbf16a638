"""What is proposed for a text where options are left open: measured (docs/training.md).

Everything follows from N, the number of characters to learn from, so that the same command means
the same training on every machine.
"""

from __future__ import annotations

import os

#: What a text is taken to have while it is not known.
USUAL_CHARACTERS = 1_000_000
_MOST_PASSES = 40  # more did not help any text
#: From so many characters on: units, streams at once, and the most characters of a training.
_BY_LENGTH = (
    (600_000, 512, 32, 25_000_000),
    (150_000, 384, 32, 25_000_000),
    (50_000, 256, 16, 25_000_000),
    (10_000, 128, 8, 25_000_000),
    (0, 64, 4, 25_000_000),
)
#: Up to so many passes, so much dropout.
_BY_PASSES = ((1.5, 0.0), (4.0, 0.1), (8.0, 0.2), (15.0, 0.3), (float("inf"), 0.4))
_OPERATIONS_A_SECOND = 1.6e11  # of a usual processor, for what is told by the clock


def proposed_hidden(characters: int) -> int:
    """Units for a text of so many characters to learn from."""
    return _row(characters)[1]


def proposed_batch(characters: int) -> int:
    """Streams at once: a short text has few updates in a pass, so that they must be small."""
    return _row(characters)[2]


def proposed_characters(characters: int) -> int:
    """A budget: 40 passes, or what takes some ten minutes on two cores."""
    return min(_MOST_PASSES * characters, _row(characters)[3])


def proposed_dropout(passes: float) -> float:
    """Dropout for so many passes over a text."""
    return next(dropout for most, dropout in _BY_PASSES if passes <= most)


def usual_pace(hidden: int, layers: int) -> float:
    """Characters a second that a usual machine learns, for budgets of minutes."""
    return _OPERATIONS_A_SECOND / (24 * hidden * hidden * (2 * layers - 1))


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _row(characters: int) -> tuple[int, int, int, int]:
    return next(row for row in _BY_LENGTH if characters >= row[0])
