"""The learning-rate range test (`--find-rate`): the loss while the rate rises from tiny to large.

After Smith 2017, section 3.3, with a rate that rises by a factor instead of in a straight line.
The updates are the trainer's own, of its own batches and everything else as its options say, but
for the schedule. They change weights that nobody keeps: a learner that took the test is spent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.errors import TrainingError
from charlm.options.train_config import TrainConfig
from charlm.train.learner import Learner
from charlm.wording import counted

UPDATES = 200
#: From which rate to which, by optimiser.
_RANGES = {"adamw": (1e-5, 10.0), "sgd": (1e-3, 100.0)}
_RECENT = 7  # updates whose mean loss says whether it explodes
_EXPLODED = 2.0  # times the lowest of these means
_REACH = 6  # updates before and after one by whose losses its own is smoothed
_FEWEST = 30  # updates from which something can be told
_SHARE = 0.25  # of the rate at which the loss was lowest
_FALLEN = 0.9  # of the first loss: a lowest one above that says little


class Point(NamedTuple):
    """An update: its rate, and the loss of its batch before it."""

    rate: float
    loss: float


class Curve(NamedTuple):
    """Rates and smoothed losses [N], of N updates."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def lowest(self) -> float:
        """The rate at which the loss was lowest."""
        return float(self.rates[self.losses.argmin()])

    @property
    def proposal(self) -> float:
        """A rate to learn with, in two digits: a quarter of the one where the loss was lowest.

        There the loss is about to rise, and a training has to bear its rate for longer. Where it
        fell fastest, which is advised too, it learned how frequent letters are: far too low. The
        share was measured (docs/training.md).
        """
        return float(f"{_SHARE * self.lowest:.2g}")

    @property
    def hardly_fell(self) -> bool:
        """Whether the loss fell by so little that its lowest place may be chance.

        So with weights that know the text already (`--from`).
        """
        return float(self.losses.min()) > _FALLEN * float(self.losses[0])


def rising(learner: Learner) -> Iterator[Point]:
    """Take updates whose rate rises, until there were `UPDATES` or the loss explodes.

    Raises TrainingError where the loss is no number before anything was learned.
    """
    options = replace(learner.options, schedule="constant", plateau=None, warm_up=0)
    low, high = _RANGES[options.optimiser]
    losses, lowest = list[float](), math.inf
    for number in range(UPDATES):
        rate = low * (high / low) ** (number / (UPDATES - 1))
        learner.options = replace(options, learning_rate=rate)
        try:
            losses.append(learner.step().loss)
        except TrainingError:  # the loss is no number any more
            if not losses:
                raise
            return
        yield Point(rate, losses[-1])
        recent = sum(losses[-_RECENT:]) / len(losses[-_RECENT:])
        lowest = min(lowest, recent)
        if recent > _EXPLODED * lowest:
            return


def curve_of(points: Sequence[Point]) -> Curve:
    """The smoothed curve of a test: weights fall in a straight line to both sides of an update.

    Raises TrainingError where there are too few updates to propose a rate.
    """
    if len(points) < _FEWEST:
        updates = counted(len(points), "update")
        raise TrainingError(f"the loss exploded after {updates}: too few to propose a rate")
    rates, losses = np.array(points).T
    weights = 1 - np.abs(np.arange(-_REACH, _REACH + 1)) / (_REACH + 1)
    sums, counts = (np.convolve(each, weights, "same") for each in (losses, np.ones(len(losses))))
    return Curve(rates, sums / counts)


def default_rate_of(options: TrainConfig) -> float:
    """The rate that a training takes where none is given."""
    return TrainConfig.of(options.plain() | {"learning_rate": None}).learning_rate
