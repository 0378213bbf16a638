"""Many texts in groups: each is decoded together and written out before the next begins.

A text is named by its seed, its prompt and its sample index (`charlm.dice`), so grouping changes
no text. It changes when the first is seen, and how much memory all of them take.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

#: Rows of a group for each thread: what fills a step of the engine, so that more are no faster.
ROWS_PER_THREAD = 48
#: Rows of a group on another device, which is slow with few.
ROWS_ON_DEVICE = 1024


class Group(NamedTuple):
    """Texts decoded together: `n` of each of the prompts [begin, end) of a list.

    skip: the texts of the one prompt that stand before these, written already or elsewhere.
    """

    begin: int
    end: int
    n: int
    skip: int = 0


def sampled_groups(
    prompts: int, n: int, rows: int, begin: int = 0, skip: int = 0
) -> Iterator[Group]:
    """Groups of about `rows` texts, n of each prompt, from text `skip` of prompt `begin` on."""
    while begin < prompts:
        if skip or n > rows:
            count = min(rows, n - skip)
            yield Group(begin, begin + 1, count, skip)
            skip += count
            if skip == n:
                begin, skip = begin + 1, 0
        else:
            end = min(prompts, begin + rows // n)
            yield Group(begin, end, n)
            begin = end


def searched_groups(prompts: int, n: int, width: int, rows: int, begin: int = 0) -> Iterator[Group]:
    """Groups of beams of `width` hypotheses, about `rows` in all, from prompt `begin` on."""
    each = max(1, rows // width)
    for first in range(begin, prompts, each):
        yield Group(first, min(first + each, prompts), n)
