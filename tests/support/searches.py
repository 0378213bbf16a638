"""Random searches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui.writer.search import SearchPart

ALPHABET = tuple("abcdefgh")


@dataclass
class Told:
    """Random events, and every hypothesis of every position spelled out: text -> score."""

    part: SearchPart
    texts: list[list[tuple[str, float]]]


def random_search(seed: int, positions: int, width: int) -> Told:
    """Events of the engine's form: slots filled from the first, scores falling, texts distinct."""
    random = np.random.default_rng(seed)
    parents = np.full((positions, width), -1, np.int32)
    ids = np.zeros((positions, width), np.int32)
    scores = np.zeros((positions, width))
    texts: list[list[tuple[str, float]]] = [[("", 0.0)]]
    for position in range(positions):
        before = texts[-1]
        open = int(random.integers(1, min(width, len(before) * 3) + 1))
        pairs = [(p, i) for p in range(len(before)) for i in random.choice(8, 3, replace=False)]
        chosen = [pairs[i] for i in random.permutation(len(pairs))[:open]]
        totals = sorted((before[p][1] - random.exponential(), p, int(i)) for p, i in chosen)[::-1]
        for slot, (score, parent, id) in enumerate(totals):
            parents[position, slot], ids[position, slot] = parent, id
            scores[position, slot] = score
        texts.append([(before[p][0] + ALPHABET[i], s) for s, p, i in totals])
    return Told(SearchPart(ALPHABET, parents, ids, scores), texts)
