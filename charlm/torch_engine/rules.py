"""What rows may not write, and what ends them: banned ids, n-grams, stops, a least length.

Shapes: R rows, V vocabulary, C places for ids, M the longest stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from charlm.text.vocabulary import EOS
from charlm.torch_engine.parts import EngineError, check_ids, padded

_ANY = -2  # in a stop shorter than the longest: every id matches here
_NOTHING = -1  # before the first id that a row wrote
_FIRST_PLACES = 64


@dataclass(frozen=True)
class Past:
    """What the rules need of the ids behind every row."""

    written: Tensor  # [R] new ids
    latest: Tensor  # [R, M] the last new ids, the newest at the end
    ids: Tensor  # [R, C] prompt (start id left out) and new ids; no places without n-grams
    count: Tensor  # [R] how many of these places are used
    used: int  # the largest count that may be

    def take(self, rows: Tensor) -> Past:
        """The past of these rows; one may be taken several times."""
        ids, count = self.ids[rows], self.count[rows]
        return Past(self.written[rows], self.latest[rows], ids, count, self.used)

    def repeating(self, n: int, size: int) -> Tensor:
        """Which ids would end an n-gram that is there already, bool [R, V]."""
        repeats = torch.zeros(len(self.ids), size + 1, dtype=torch.bool, device=self.ids.device)
        starts = self.ids.shape[1] - n + 1
        if starts < 1:
            return repeats[:, :size]
        back = torch.arange(1 - n, 0, device=self.ids.device)
        last = self.ids.gather(1, (self.count[:, None] + back).clamp(min=0))
        follower = torch.arange(n - 1, self.ids.shape[1], device=self.ids.device)
        same = follower < self.count[:, None]
        for i in range(n - 1):
            same = same & (self.ids[:, i : i + starts] == last[:, i : i + 1])
        # What follows no match is written beside the vocabulary.
        repeats.scatter_(1, torch.where(same, self.ids[:, n - 1 :], size), True)
        return repeats[:, :size]


@dataclass(frozen=True)
class RuleOptions:
    """What a session is told of its rules, by name."""

    banned: Sequence[int]
    no_repeat_ngram: int
    stops: Sequence[Sequence[int]]
    min_length: int


class Rules:
    """The same for all rows of a session. Raises EngineError for an id outside the vocabulary."""

    def __init__(self, size: int, device: torch.device, options: RuleOptions) -> None:
        banned, stops = options.banned, options.stops
        for ids in (banned, *stops):
            check_ids(ids, size)
        self.size, self.device = size, device
        self.no_repeat_ngram = options.no_repeat_ngram
        self.min_length = options.min_length
        self.longest_stop = max(map(len, stops), default=0)
        self._allowed = torch.ones(size, dtype=torch.bool, device=device)
        self._allowed[list(banned)] = False
        self._early = self._allowed.clone()
        self._early[EOS] = False
        if not self._allowed.any():
            raise EngineError("every id is banned")
        self._stops = []
        for stop in stops:
            before = [_ANY] * (self.longest_stop - len(stop)) + list(stop[:-1])
            tensor = torch.tensor(before, dtype=torch.int64, device=device)
            self._stops.append((tensor, stop[-1]))

    def begin(self, prompts: Sequence[Sequence[int]]) -> Past:
        """The past of rows that have written nothing, one per prompt."""
        rows = len(prompts)
        fed = [prompt[1:] for prompt in prompts] if self.no_repeat_ngram else [()] * rows
        return Past(
            torch.zeros(rows, dtype=torch.int64, device=self.device),
            torch.full((rows, self.longest_stop), _NOTHING, device=self.device),
            padded(fed, self.device),
            torch.tensor([len(ids) for ids in fed], dtype=torch.int64, device=self.device),
            max(map(len, fed), default=0),
        )

    def allowed(self, past: Past) -> Tensor:
        """Which ids rows may take next, bool [R, V]. N-grams that would leave none do not act."""
        allowed = self._allowed.expand(len(past.written), -1)
        if self.min_length > 0:
            early = (past.written < self.min_length)[:, None]
            allowed = torch.where(early, self._early, allowed)
        if self.no_repeat_ngram > 0:
            repeating = past.repeating(self.no_repeat_ngram, self.size)
            repeating[:, EOS] = False
            fresh = allowed & ~repeating
            allowed = torch.where(fresh.any(1, keepdim=True), fresh, allowed)
        return allowed

    def stopping(self, past: Past) -> Tensor:
        """Which next ids would complete a stop, bool [R, V]."""
        ends = torch.zeros(len(past.written), self.size, dtype=torch.bool, device=self.device)
        late = past.written + 1 >= self.min_length
        for before, last in self._stops:
            fits = (past.latest[:, 1:] == before) | (before == _ANY)
            ends[:, last] |= fits.all(1) & late
        return ends

    def ending(self, past: Past, ids: Tensor) -> Tensor:
        """Which rows end with the ids [R] that they take, bool [R]."""
        ends = ids == EOS
        if self._stops:
            ends = ends | self.stopping(past).gather(1, ids[:, None])[:, 0]
        return ends

    def after(self, past: Past, ids: Tensor) -> Past:
        """The past once every row has taken one of these ids [R]."""
        latest = past.latest
        if self.longest_stop > 0:
            latest = torch.cat([latest[:, 1:], ids[:, None]], 1)
        seen, count, used = past.ids, past.count, past.used
        if self.no_repeat_ngram > 0:
            if used == seen.shape[1]:
                seen = pad(seen, (0, max(_FIRST_PLACES, used)))
            # In place, yet a step may be tried again: no place is read before it is counted.
            seen, count, used = seen.scatter_(1, count[:, None], ids[:, None]), count + 1, used + 1
        return Past(past.written + 1, latest, seen, count, used)
