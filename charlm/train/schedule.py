"""The learning rate over a run: a warm-up, then one of three ways down."""

from __future__ import annotations

import math

from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE
from charlm.train.position import Position

_LAST_RATE = 0.02  # what a cosine leaves of the rate at the end of the budget
_PLATEAU_FACTOR = 0.5
_TERMS = 12  # of the series of a sine: what is left out is below a bit


def learning_rate(options: TrainConfig, position: Position, progress: float) -> float:
    """The rate of the next step. `progress`: share of the budget that is used, 0 to 1.

    cosine     rate * (r + (1 - r) (1 + cos(pi progress)) / 2), r = 0.02: half a cosine
               (Loshchilov and Hutter 2017, without restarts)
    plateau    rate * 0.5^k: k times, `plateau` evaluations in a row were no better
    constant   rate

    all of it times (step + 1) / `warm_up` in the first `warm_up` steps (Goyal et al. 2017).
    """
    share = 1.0
    if options.schedule == "cosine":
        cosine = half_turn(progress) if options.sequence == NATIVE else math.cos(math.pi * progress)
        share = _LAST_RATE + (1 - _LAST_RATE) * (1 + cosine) / 2
    elif options.schedule == "plateau":
        share = _PLATEAU_FACTOR**position.lowered
    if position.step < options.warm_up:
        share *= (position.step + 1) / options.warm_up
    return float(options.learning_rate * share)


def half_turn(x: float) -> float:
    """cos(pi x) for x in [0, 1], by additions and multiplications alone.

    The system's own cosine may differ by a bit between systems, and so would the weights.
    """
    z = math.pi * (0.5 - x)  # cos(pi x) = sin z; its series, from the smallest term on
    sum = 0.0
    for k in range(_TERMS, 0, -1):
        sum = (1.0 - sum) * (z * z / (2 * k * (2 * k + 1)))
    return z * (1.0 - sum)


def after_evaluation(options: TrainConfig, position: Position, better: bool) -> None:
    """Count the evaluations that were no better; lower the rate when a plateau is reached."""
    position.stale = 0 if better else position.stale + 1
    if options.plateau and position.stale and position.stale % options.plateau == 0:
        position.lowered += 1
