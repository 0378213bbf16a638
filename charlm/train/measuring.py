"""What is measured of the held-out parts in a training, when, and how long it takes.

Along the way a fixed sample of the validation part, spread over it, so that measuring stays a
small share of the work. At the end both parts as `score` would, but for a run that ends by the
clock: it takes what fits into a quarter of its time, and says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from charlm.train.held_out import HeldOut, Selection
from charlm.train.learner import Learner
from charlm.wording import counted

FEWEST_STEPS = 25  # between two evaluations
_SHARE = 0.5  # of what is learned between two, that one of them reads
_FEWEST = 5_000  # characters that tell one model from another
_OF_THE_CLOCK = 0.25  # of a run's minutes, for the losses at its end
SECONDS_OF_TEXTS = 3.0  # at the end, if decoders write
_MOST_KEPT_BACK = 0.5  # of the minutes
TIMES_AS_LONG = 4  # as a measurement takes, a run by the clock learns before the next
_BEYOND_GUESSING = 0.1  # nats, that a model which knows nothing may be worse
_TWICE = 2.0  # the best loss


class Measured(NamedTuple):
    """A loss in nats per character, and in words what it lacks to be the exact number."""

    loss: float
    lacks: str


#: Called while the end is measured with the part, the share that is done and the seconds left.
OnProgress = Callable[[str, float, float], None]


class Measurer:
    """Measures a learner's held-out parts. `check` is called in between, and may raise."""

    def __init__(self, learner: Learner, check: Callable[[], None]) -> None:
        self._learner, self._check = learner, check
        validation = learner.held_out.get("validation")
        self._sample = validation.spread(sample_size(learner)) if validation else None
        self._took = 0.0  # seconds, the last time
        self._end: dict[str, Selection] = {}

    @property
    def sample(self) -> Selection | None:
        """What the repeated evaluations read of the validation part, if there is one."""
        return self._sample

    def seconds(self) -> float:
        """Estimate how long a repeated evaluation takes, by trying a little of it."""
        return self._seconds_for("validation", self._sample) if self._sample else 0.0

    def end(self) -> dict[str, Selection]:
        """Choose what is measured of each part at the end; the choice is made once."""
        if not self._end:
            minutes = self._learner.options.minutes
            total = sum(part.targets for part in self._learner.held_out.values())
            for name, part in self._learner.held_out.items():
                self._end[name] = part.whole()
                if minutes:
                    room = _OF_THE_CLOCK * 60 * minutes * part.targets / total
                    self._end[name] = self._that_fits(name, part, room)
        return self._end

    def end_seconds(self) -> float:
        """Estimate how long the end takes to measure, by trying a little of it."""
        return sum(self._seconds_for(part, chosen) for part, chosen in self.end().items())

    def keep_time(self, since: float) -> None:
        """Keep back, of a run by the clock, what went by `since` and what the end will take."""
        if self._learner.options.minutes:
            taken = time.monotonic() - since
            self._learner.kept_back = self.kept_back(taken, self.end_seconds())

    def kept_back(self, taken: float, end: float) -> float:
        """Seconds of a run by the clock that are not for learning.

        taken: gone before it begins. end: what measuring at the end takes.
        """
        options = self._learner.options
        texts = SECONDS_OF_TEXTS * options.texts
        return float(min(taken + end + texts, _MOST_KEPT_BACK * 60 * (options.minutes or 0.0)))

    def is_worth_it(self, learned: float) -> bool:
        """Whether it is time to measure, so many seconds after the last time.

        By the clock alone, where it decides the end too: elsewhere a run would depend on it.
        """
        return not self._learner.options.minutes or learned >= TIMES_AS_LONG * self._took

    def measure_sample(self) -> float | None:
        """Measure the validation loss along the way; None without a validation part."""
        if self._sample is None:
            return None
        start = time.monotonic()
        loss = self._learner.loss_of("validation", self._sample, lambda _: self._check())
        self._took = time.monotonic() - start
        return loss

    def measure_end(
        self, tensors: Mapping[str, np.ndarray], on_progress: OnProgress
    ) -> dict[str, Measured]:
        """Measure the losses of given weights on both parts."""
        measured = {}
        for part, selection in self.end().items():
            held_out = self._learner.held_out[part]
            countdown = _Countdown(part, selection.targets, self._check, on_progress)
            loss = self._learner.loss_of(part, selection, countdown, tensors)
            measured[part] = Measured(loss, lacking(selection, held_out))
        return measured

    def _that_fits(self, name: str, part: HeldOut, room: float) -> Selection:
        """The best measurement that takes no more seconds than there is room for."""
        many = part.spread(part.targets)
        for selection in (part.whole(), many):
            seconds = self._seconds_for(name, selection)
            if seconds <= room:
                return selection
        return part.spread(max(_FEWEST, int(part.targets * room / seconds)))

    def _seconds_for(self, part: str, selection: Selection) -> float:
        little, times = self._learner.held_out[part].trial(selection)
        for _ in range(2):  # what is allocated once is not counted
            start = time.monotonic()
            self._learner.loss_of(part, little, lambda _: self._check())
        return times * (time.monotonic() - start)


def sample_size(learner: Learner) -> int:
    """Characters that a repeated evaluation reads, so that measuring stays a small share."""
    options = learner.options
    if not options.evaluation_characters:
        return learner.held_out["validation"].targets
    per_step = options.batch * options.length * options.accumulate
    characters = learner.corpus.report.parts["train"]["characters"]
    given = (
        (options.characters, 1), (options.steps, per_step), (options.epochs, characters)
    )  # fmt: skip
    budgets = [budget * unit for budget, unit in given if budget]
    between = min(budgets, default=math.inf) / options.evaluations
    worth = _SHARE * max(between, FEWEST_STEPS * per_step)
    return int(min(options.evaluation_characters, max(_FEWEST, worth)))


class _Countdown:
    """Reports how far a measurement has come, each time it is called with what was measured."""

    def __init__(
        self, part: str, targets: int, check: Callable[[], None], on_progress: OnProgress
    ) -> None:
        self._part, self._targets, self._check, self._on_progress = (
            part,
            targets,
            check,
            on_progress,
        )
        self._done, self._start = 0, time.monotonic()

    def __call__(self, targets: int) -> None:
        self._check()
        self._done += targets
        if self._done:
            seconds = time.monotonic() - self._start
            left = seconds * (self._targets - self._done) / self._done
            self._on_progress(self._part, self._done / self._targets, left)


def lacking(selection: Selection, part: HeldOut) -> str:
    """What a measurement lacks to be the exact number; "" if it is that."""
    if selection.exact:
        return ""
    if selection.targets < part.targets:
        return f"approximate: {selection.targets:,} of {counted(part.targets, 'character')}"
    return f"approximate: by {counted(selection.readers, 'reader')}"


def exploding(loss: float, best: float | None, vocabulary_size: int) -> str:
    """What is wrong with a validation loss that should not be so high; "" if nothing is."""
    guessing = math.log(vocabulary_size - 1)  # every id but PAD
    if loss > guessing + _BEYOND_GUESSING:
        return f"validation loss {loss:.4g} is worse than guessing ({guessing:.2f})"
    if best is not None and loss > _TWICE * best:
        return f"validation loss {loss:.4g} is more than twice the best, {best:.4g}"
    return ""
