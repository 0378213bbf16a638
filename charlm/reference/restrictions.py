"""What may be written at all: bans, minimum length, n-grams; and when a stop ends a text."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.text.vocabulary import EOS


def repeated_ids(history: Sequence[int], n: int) -> set[int]:
    """The ids that would complete an n-gram that `history` already holds; none for n = 0."""
    last = tuple(history[len(history) - n + 1 :])
    if n == 0 or len(history) < n:
        return set()
    return {
        history[i + n - 1]
        for i in range(len(history) - n + 1)
        if tuple(history[i : i + n - 1]) == last
    }


def banned_here(
    size: int,
    banned: Sequence[int],
    prompt: Sequence[int],
    ids: Sequence[int],
    *,
    min_length: int = 0,
    no_repeat_ngram: int = 0,
) -> set[int]:
    """The ids of [0, size) that may not follow prompt + ids.

    The prompt's first id, the start, is part of no n-gram; EOS is never held back by one. If
    the n-grams would leave nothing, they are not heeded.
    """
    here = set(banned) | ({EOS} if len(ids) < min_length else set())
    repeated = repeated_ids([*prompt[1:], *ids], no_repeat_ngram) - {EOS}
    return here | repeated if len(here | repeated) < size else here


def ends_with_stop(ids: Sequence[int], stops: Sequence[Sequence[int]], min_length: int = 0) -> bool:
    """Whether new ids, min_length of them or more, end with one of the stops."""
    return len(ids) >= min_length and any(
        len(ids) >= len(stop) and tuple(ids[len(ids) - len(stop) :]) == tuple(stop)
        for stop in stops
    )
