"""What a training would take, told before it is begun (`--dry-run`)."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from typing import Any

from charlm.durations import spoken
from charlm.train.learner import Learner

_STEPS = 3  # that are timed, behind one that allocates
_BYTES = 1024  # of the unit of ru_maxrss on Linux
_TOO_LARGE = 20  # parameters per character: more learn by heart
_TOO_SMALL = 300  # characters per parameter: more could be learned from them


def plan(learner: Learner) -> Iterator[str]:
    """Lines that say it. Takes a few real steps, and saves nothing."""
    characters = learner.corpus.report.parts["train"]["characters"]
    parameters = learner.parameter_count
    yield f"parameters: {parameters:,}"
    yield f"learning rate: {learner.options.learning_rate:g}"
    yield f"characters to learn from: {characters:,}"
    learner.step()
    before, start = learner.position.characters, time.monotonic()
    for _ in range(_STEPS):
        learner.step()
    speed = (learner.position.characters - before) / (time.monotonic() - start)
    total = _characters(learner.options, characters, speed, learner.position)
    yield f"speed: about {speed:,.0f} characters/s on {_threads(learner.options.threads)}"
    yield f"passes over the text: about {total / characters:.1f}"
    yield f"time: about {spoken(total / speed)}, evaluations not counted"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES
    yield f"memory: about {memory / 1e6:,.0f} MB"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def misfit(parameters: int, characters: int) -> str:
    """What to say of a model that is far too large or small for its text; "" of one that fits."""
    if parameters > _TOO_LARGE * characters:
        return (
            f"{parameters:,} parameters are far too many for {characters:,} characters: it will"
            " learn them by heart; make --hidden smaller, or give more text"
        )
    if characters > _TOO_SMALL * parameters:
        return (
            f"{parameters:,} parameters are far too few for {characters:,} characters: make"
            " --hidden larger"
        )
    return ""


def _characters(options: Any, characters: int, speed: float, position: Any) -> float:
    """Characters that the budget holds: of the part that runs out first."""
    per_step = position.characters / position.step
    held = {
        "characters": 1.0,
        "steps": per_step,
        "epochs": float(characters),
        "minutes": 60 * speed,
    }
    budgets = {name: getattr(options, name) for name in held}
    return float(min(held[name] * budget for name, budget in budgets.items() if budget))
