"""P beam searches of K hypotheses side by side, in four named parts.

Expand: every open hypothesis offers ids. Select: the pool of a prompt is put in the order
(score descending, parent rank, id); ends among the first K finish, the K best of the others
stay open. Finish: the K best finished are kept, until the stop rule closes the search. Reorder:
states are taken through the parents.

Shapes: P prompts of a part, S slots (1 at first, soon K), V vocabulary, C = S x V candidates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from charlm.text.vocabulary import EOS, PAD
from charlm.torch_engine.dice import Dice
from charlm.torch_engine.filters import Filters
from charlm.torch_engine.model import Model
from charlm.torch_engine.parts import Given
from charlm.torch_engine.rules import Past, Rules


@dataclass(frozen=True)
class SearchOptions:
    """What a session is told of its searches, by name.

    mode: off, or what a hypothesis offers of its nucleus: sample or best.
    """

    width: int
    length_penalty: float
    stop_rule: str
    patience: float
    mode: str
    top_p: float
    max_length: int


@dataclass(frozen=True)
class SearchSettings(SearchOptions):
    """What all searches share; filters make the nucleus."""

    model: Model
    rules: Rules
    filters: Filters

    @property
    def enough(self) -> int:
        """How many finished texts end a search, where the stop rule counts."""
        return math.ceil(self.width * (self.patience if self.stop_rule == "patience" else 1))


class Slots(NamedTuple):
    """Hypotheses of every prompt by rank, [P, S]. An empty slot has a sum and score of -inf."""

    sum: Tensor  # float64, what ranks before the length penalty
    score: Tensor  # float64
    log_prob: Tensor  # float64, of the raw model
    length: Tensor
    parent: Tensor  # its slot at the position before
    id: Tensor

    def take(self, dim: int, index: Tensor) -> Slots:
        """The slots of some prompts (dim 0, [P']) or some slots of each (dim 1, [P, S'])."""
        return Slots(*(t[index] if dim == 0 else t.gather(1, index) for t in self))

    def blank(self, where: Tensor) -> Slots:
        """The same with some slots empty."""
        sum_, score = (t.masked_fill(where, -torch.inf) for t in (self.sum, self.score))
        return self._replace(sum=sum_, score=score)


class Pool(NamedTuple):
    """The candidates of every prompt in the order of selection, as slots, [P, C]."""

    candidates: Slots
    ends: Tensor  # bool


@dataclass
class Searches:
    """The searches of some prompts; the newest ids have been selected and not yet been fed."""

    settings: SearchSettings
    rows: Tensor  # [P] the prompts' numbers
    key: Tensor  # [P] of the dice
    sample: Tensor  # [P] index of the search
    position: Tensor  # [P] of the first new character
    past: Past  # of the slots' parents, as state
    state: Tensor  # [P x S, L, S, H]
    logits: Tensor  # [P, V] of the first position
    dice: Dice | None
    slots: Slots
    finished: Slots  # the K best, best first
    count: Tensor  # [P] how many have finished
    length: Tensor  # of the open hypotheses, float64
    open: Tensor  # bool [P]
    given: Given = ()  # of the newest position: parents + 1, ids, scores [P, K]; open before it [P]
    produced: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Tensor) -> Searches:
        rows = rows.to(self.rows.device)
        flat = torch.arange(len(self.state), device=rows.device).view(len(self), -1)[rows].flatten()
        names = ("rows", "key", "sample", "position", "logits", "count", "open")
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in names},
            past=self.past.take(flat),
            state=self.state[flat],
            dice=None if self.dice is None else self.dice.take(rows),
            slots=self.slots.take(0, rows),
            finished=self.finished.take(0, rows),
        )

    def step(self) -> None:
        """Expand, select, finish; the next step reorders."""
        past, state, logits = self.past, self.state, self.logits
        if self.produced > 0:
            past, state = self._reorder()
            logits = self.settings.model.output(state)
        dice = self._dice()
        length = self.length + 1
        pool = self._expand(logits, past, dice, length)
        slots = self._select(pool)
        finished, count = self._finish(pool)
        going_on = self._going_on(slots, finished, count, length)
        given = self._given(slots)
        slots = slots.blank(~going_on[:, None])
        self.past, self.state, self.dice, self.slots = past, state, dice, slots
        self.finished, self.count, self.length, self.open = finished, count, length, going_on
        self.given = given
        self.produced += 1

    def _reorder(self) -> tuple[Past, Tensor]:
        """past and state of the open hypotheses, their newest ids fed."""
        before = len(self.state) // len(self)
        first = before * torch.arange(len(self), device=self.rows.device)
        parents = (first[:, None] + self.slots.parent).flatten()
        ids = self.slots.id.flatten()
        past = self.settings.rules.after(self.past.take(parents), ids)
        return past, self.settings.model.step(self.state[parents], ids)

    def _dice(self) -> Dice | None:
        """Dice for every slot; new ones when there are more slots than before."""
        shape = self.slots.sum.shape
        if self.settings.mode != "sample" or (self.dice and self.dice.shape == shape):
            return self.dice
        slot = torch.arange(shape[1], device=self.rows.device).expand(shape)
        key, sample, position = (
            tensor[:, None].expand(shape) for tensor in (self.key, self.sample, self.position)
        )
        return Dice(self.logits.shape[1], key, sample, position, slot)

    def _expand(self, logits: Tensor, past: Past, dice: Dice | None, length: Tensor) -> Pool:
        settings, slots = self.settings, self.slots
        # A hypothesis whose logits overflow offers nothing.
        sound = logits.isfinite().all(1, keepdim=True)
        logits = torch.where(sound, logits, 0)
        log_probs = torch.log_softmax(logits, 1).double()
        allowed = settings.rules.allowed(past) & sound
        ends = settings.rules.stopping(past)
        ends[:, EOS] = True
        if settings.mode == "off":
            gains = log_probs.masked_fill(~allowed, -torch.inf)
        else:
            noise = None
            if dice is not None:
                noise = dice.at(self.produced, settings.max_length).flatten(0, 1)
            gains = self._from_nucleus(logits, allowed, noise)
        shape = (*slots.sum.shape, logits.shape[1])
        sums = (slots.sum[:, :, None] + gains.view(shape)).flatten(1)
        scores = sums
        if settings.length_penalty != 0:
            scores = sums / length**settings.length_penalty
        scores, order = scores.sort(dim=1, descending=True, stable=True)
        parent, id = order // shape[2], order % shape[2]
        log_prob = (slots.log_prob[:, :, None] + log_probs.view(shape)).flatten(1)
        candidates = Slots(
            sums.gather(1, order),
            scores,
            log_prob.gather(1, order),
            length.long().expand_as(order),
            parent,
            id,
        )
        return Pool(candidates, ends.view(shape).flatten(1).gather(1, order))

    def _from_nucleus(self, logits: Tensor, allowed: Tensor, noise: Tensor | None) -> Tensor:
        """log p_nucleus of K ids of each row's nucleus, -inf of the others, float64."""
        kept = self.settings.filters.keep(logits, allowed)
        ranking = (logits if noise is None else logits + noise).masked_fill(~kept, -torch.inf)
        order = ranking.argsort(dim=1, descending=True, stable=True)[:, : self.settings.width]
        chosen = torch.zeros_like(kept).scatter(1, order, True) & kept
        gains = torch.log_softmax(logits.masked_fill(~kept, -torch.inf), 1)
        return gains.double().masked_fill(~chosen, -torch.inf)

    def _select(self, pool: Pool) -> Slots:
        """The K best that do not end."""
        going_on = ~pool.ends & (pool.candidates.score > -torch.inf)
        room = min(self.settings.width, going_on.shape[1])
        place = going_on.cumsum(1) - 1
        place = torch.where(going_on & (place < room), place, room)
        came = torch.arange(going_on.shape[1], device=place.device).expand_as(place)
        chosen = torch.zeros(len(self), room + 1, dtype=torch.int64, device=place.device)
        chosen = chosen.scatter(1, place, came)[:, :room]
        count = going_on.sum(1, keepdim=True)
        empty = torch.arange(room, device=place.device) >= count
        return pool.candidates.take(1, chosen).blank(empty)

    def _finish(self, pool: Pool) -> tuple[Slots, Tensor]:
        """The K best finished with the ends among the first K of the pool, and their number."""
        width = self.settings.width
        ends = pool.ends[:, :width] & (pool.candidates.score[:, :width] > -torch.inf)
        ended = Slots(*(t[:, :width] for t in pool.candidates)).blank(~ends)
        # Behind their equals: of two with one score, the earlier stays ahead.
        both = Slots(*(torch.cat(pair, 1) for pair in zip(self.finished, ended, strict=True)))
        order = both.score.sort(dim=1, descending=True, stable=True).indices[:, :width]
        return both.take(1, order), self.count + ends.sum(1)

    def _going_on(self, slots: Slots, finished: Slots, count: Tensor, length: Tensor) -> Tensor:
        """Which searches the stop rule leaves open, bool [P]."""
        settings, alpha = self.settings, self.settings.length_penalty
        going_on = slots.sum[:, 0] > -torch.inf
        if self.produced + 1 == settings.max_length:
            return going_on  # to be cut, and ranked with the finished
        if settings.stop_rule != "exact":
            return going_on & (count < settings.enough)
        # What an open hypothesis can reach: nothing more is lost, at the length that flatters it.
        longest = settings.max_length if alpha > 0 else length + 1
        bound = slots.sum.max(1).values / longest**alpha
        return going_on & (bound > finished.score[:, settings.width - 1])

    def _given(self, slots: Slots) -> Given:
        """What this position gives; all zero where there is nothing."""
        empty = slots.sum == -torch.inf
        room = (0, self.settings.width - slots.sum.shape[1])
        return (
            pad((slots.parent + 1).masked_fill(empty, 0), room),
            pad(slots.id.masked_fill(empty, PAD), room),
            pad(slots.score.masked_fill(empty, 0), room),
            self.open,
        )
