"""What a training would take, told before it is begun (`--dry-run`)."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

from charlm.device import CPU
from charlm.options.train_config import TrainConfig
from charlm.options.types import AUTO
from charlm.text.ngram import MOST_COUNTED, MOST_SCORED
from charlm.train.learner import Learner
from charlm.train.measuring import (
    FEWEST_STEPS,
    SECONDS_OF_TEXTS,
    TIMES_AS_LONG,
    Measurer,
    lacking,
)
from charlm.wording import counted, rounded, spoken

_STEPS, _SECONDS = 3, 1.5  # that are timed at least, behind two that allocate
_BYTES = 1024  # of the unit of ru_maxrss on Linux
_TOO_LARGE = 20  # parameters per character: more learn by heart
_TOO_SMALL = 300  # characters per parameter: more could be learned from them
_SECONDS_PER_COUNTED = 4e-6  # character, for the n-grams to beat


def plan(learner: Learner, since: float) -> Iterator[str]:
    """Give the lines of a dry run. It takes a few real steps and saves nothing.

    since: when the command began, on the monotonic clock.
    """
    reading = time.monotonic() - since
    options = learner.options
    characters = learner.corpus.report.parts["train"]["characters"]
    yield f"parameters: {learner.parameter_count:,}"
    yield f"characters to learn from: {characters:,}"
    yield from (f"{name}: {value}" for name, value in options_in_words(options))
    per_step, speed = _pace(learner)
    by = counted(options.threads, "thread")
    if learner.place.name != CPU:
        by = str(learner.place)
    elif learner.ranks.size > 1:
        by = f"{counted(learner.ranks.size, 'process', 'processes')} of {by}"
    yield f"speed: about {speed:,.0f} characters/s on {by}"
    measurer = Measurer(learner, lambda: None)
    total = _characters(options, characters, speed, per_step)
    along = _evaluations(options, total / per_step) * measurer.seconds()
    end = measurer.end_seconds()
    beside = reading + _counting(learner)
    if options.minutes:
        left = 60 * options.minutes - measurer.kept_back(beside, end)
        along = min(along, left / (1 + TIMES_AS_LONG))
        total = min(total, speed * (left - along))
    yield f"passes over the text: about {total / characters:.1f}"
    yield from _measured(learner, measurer)
    measuring = along + end
    seconds = total / speed + measuring + beside + SECONDS_OF_TEXTS * options.texts
    yield f"time: about {spoken(seconds)}, {spoken(measuring)} of it for measuring"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES
    yield f"memory: about {memory / 1e6:,.0f} MB"
    if on_device := learner.place.memory():
        yield f"memory of the device: about {on_device / 1e6:,.0f} MB"


def options_in_words(options: TrainConfig) -> Iterator[tuple[str, str]]:
    """Options that are proposed where nothing is given: the words of each, its value, and why."""
    size, passes = counted(options.text_characters, "character"), _passes_in_words(options)
    rate = f"for {options.cell} {options.hidden} x {options.layers}"
    if options.optimiser == "sgd":
        rate = "for sgd"
    elif options.start_from:
        rate = "for weights that learned before"
    told: dict[str, tuple[str, object, str]] = {
        "hidden": (
            "hidden size",
            options.hidden,
            "as --embedding, which is tied" if options.tied else f"for {size}",
        ),
        "batch": ("batch", options.batch, f"for {size}"),
        "characters": ("budget", counted(options.characters or 0, "character"), passes),
        "dropout": (
            "dropout",
            f"{options.dropout:g}",
            f"for {passes}, {rounded(options.share)} parameters a character",
        ),
        "learning_rate": ("learning rate", f"{options.learning_rate:g}", rate),
    }
    if options.warm_up:
        layers = counted(options.layers, "layer")
        told["warm_up"] = "warm-up", counted(options.warm_up, "step"), f"for {layers}"
    for name, (words, value, why) in told.items():
        if name in options.proposed:
            yield words, f"{value} ({AUTO}: {why})"
        elif name != "characters":
            yield words, f"{value}"


def _passes_in_words(options: TrainConfig) -> str:
    passes = f"{options.passes:,.0f}" if options.passes >= 100 else f"{options.passes:.3g}"
    by_clock = " at a usual pace" if options.minutes else ""
    return f"{passes} passes{by_clock}"


def _pace(learner: Learner) -> tuple[float, float]:
    """Measure the characters of a step, and the characters per second."""
    for _ in range(2):
        learner.step()
    before, start, steps = learner.position.characters, time.monotonic(), 0
    while steps < _STEPS or time.monotonic() - start < _SECONDS:
        learner.step()
        steps += 1
    learned = learner.position.characters - before
    return learned / steps, learned / (time.monotonic() - start)


def _evaluations(options: TrainConfig, steps: float) -> int:
    """How often a training of so many steps is measured along the way."""
    return max(1, min(options.evaluations, int(steps // FEWEST_STEPS)))


def _counting(learner: Learner) -> float:
    """Seconds for the n-grams to beat."""
    parts = learner.corpus.report.parts
    counted, scored = (parts[name]["characters"] for name in ("train", "validation"))
    return _SECONDS_PER_COUNTED * (min(MOST_COUNTED, counted) + min(MOST_SCORED, scored))


def _measured(learner: Learner, measurer: Measurer) -> Iterator[str]:
    """What the repeated evaluations read, and where the end is not measured exactly."""
    sample, validation = measurer.sample, learner.held_out.get("validation")
    if sample is not None and validation is not None:
        whole = counted(validation.targets, "character")
        yield f"measured along the way: {sample.targets:,} of {whole}"
    for part, selection in measurer.end().items():
        if lacks := lacking(selection, learner.held_out[part]):
            yield f"{part} loss at the end: {lacks}"


def misfit(parameters: int, characters: int) -> str:
    """What to say of a model that is far too large or small for its text; "" of one that fits."""
    model, text = f"{parameters:,} parameters are far too", counted(characters, "character")
    if parameters > _TOO_LARGE * characters:
        return (
            f"{model} many for {text}: it will learn them by heart; make --hidden smaller, or give"
            " more text"
        )
    if characters > _TOO_SMALL * parameters:
        return f"{model} few for {text}: make --hidden larger"
    return ""


def _characters(options: TrainConfig, characters: int, speed: float, per_step: float) -> float:
    """Characters that the budget holds: of the part that runs out first."""
    held = (
        (options.characters, 1.0),
        (options.steps, per_step),
        (options.epochs, float(characters)),
        (options.minutes, 60 * speed),
    )
    return min(budget * each for budget, each in held if budget)
