"""What is known of a run: frozen snapshots that the run watcher makes and the screen draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from charlm.run.weights import Weights

Axis = Literal["characters", "step", "seconds"]
Quantity = Literal[
    "training", "validation", "gradient_norm", "clipped_norm", "learning_rate", "characters_per_s"
]


class Place(NamedTuple):
    """How far a training was."""

    step: float
    characters: float
    seconds: float

    def along(self, axis: Axis) -> float:
        """The coordinate on one of the axes."""
        return float(getattr(self, axis))


class Sample(NamedTuple):
    """One measured value; losses in nats per character."""

    place: Place
    value: float


class Mark(NamedTuple):
    """Something that was done to the training, in a word or two."""

    place: Place
    word: str


@dataclass(frozen=True)
class Probe:
    """A close look at one step.

    `gates`: by name ("layers.0.i") the 5, 25, 50, 75, 95 % quantiles, then the shares near the
    lower and the upper end of its range. Norms are before clipping and ratios |update| / |weight|,
    by weight.
    """

    place: Place
    gates: Mapping[str, tuple[float, ...]]
    gradient_norms: Mapping[str, float]
    update_ratios: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Curves:
    """A run as its log tells it; another object whenever something is new.

    `place`: where the training is, which may be behind its last measured value: it was stopped or
    paused between two lines. None when the log does not say.
    `baselines`: (name, nats per character) of simpler models. `rate`: the height of the learning
    rate, None when the log does not tell it. `progress`: 0 to 1, None when the log does not say;
    `seconds_left` likewise. `weights`: its checkpoints by step, if they were asked for.
    `ended`: why, None while it goes on. `beginning`: another number for another training, should
    one take the place of this one.
    """

    run: Path
    model: str = ""
    place: Place | None = None
    series: Mapping[Quantity, tuple[Sample, ...]] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    probes: tuple[Probe, ...] = ()
    baselines: tuple[tuple[str, float], ...] = ()
    rate: float | None = None
    progress: float | None = None
    seconds_left: float | None = None
    characters_per_s: float | None = None
    paused: bool = False
    weights: tuple[Weights, ...] = ()
    notices: tuple[str, ...] = ()
    ended: str | None = None
    beginning: int = 0

    def of(self, quantity: Quantity) -> tuple[Sample, ...]:
        """The curve of one quantity; empty when the log has none."""
        return self.series.get(quantity, ())

    @property
    def has_points(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.of("training") or self.of("validation"))

    @property
    def last(self) -> Place | None:
        """Where the training is."""
        if self.place is not None:
            return self.place
        places = [points[-1].place for points in self.series.values() if points]
        return max(places, default=None)


@dataclass(frozen=True)
class Forecast:
    """What a training would take, as far as is known.

    `facts`: (label, value) pairs. `error`: "" unless it cannot be.
    """

    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""
    done: bool = False
