"""How a long continuous text is read: by one reader, or by many at once, each warmed up.

One reader from the zero state reads the text as the model defines it, one character after the
other: the exact number, and slow. Many readers share the text out. Each begins at the zero state,
reads some characters before its stretch, of which nothing counts, and then its stretch: the
warm-up stands for the whole past, so the number is an approximation. The trainer and `score` take
the same stretches and so measure the same thing.
"""

from __future__ import annotations

from typing import NamedTuple

#: Characters up to which one reader reads all.
EXACT = 2_000_000
#: Readers that read side by side: they keep a batch of the engine full.
AT_ONCE = 96
#: Characters of a stretch at most, so that memory does not grow with the text.
LONGEST = 32_768
#: Characters that a reader reads before its stretch.
WARM_UP = 256
#: Of windows at random places (`charlm.engine.windows`): characters of each, and how many.
WINDOW, WINDOWS = 256, 5_000


class Stretch(NamedTuple):
    """A reader counts characters [begin, end), and reads `warm_up` more before them."""

    begin: int
    end: int
    warm_up: int


def stretches(
    length: int,
    *,
    exact: int = EXACT,
    at_once: int = AT_ONCE,
    longest: int = LONGEST,
    warm_up: int = WARM_UP,
) -> list[Stretch]:
    """The stretches that share out a text of `length` characters, in its order.

    Up to `exact` characters there is one, from the zero state. Above there are as many rounds of
    `at_once` readers as keep each stretch at `longest` or less; none is shorter than its warm-up,
    but for the last. The first reader has no warm-up: nothing stands before it.
    """
    if length <= exact:
        return [Stretch(0, length, 0)] if length else []
    rounds = -(-length // (at_once * longest))
    readers = max(1, min(at_once * rounds, length // max(1, warm_up)))
    size = -(-length // readers)
    return [
        Stretch(begin, min(begin + size, length), min(begin, warm_up))
        for begin in range(0, length, size)
    ]
