"""The decoders and their knobs, as one frozen value that keys move along ladders of values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from types import MappingProxyType

from charlm.decoding import STRATEGIES, Strategy, is_beam, strategy_named

#: Name of each decoder on the screen, in the order of their keys F2 to F6.
DECODERS: Mapping[str, str] = {
    "greedy": "greedy",
    "sample": "sampling",
    "nucleus": "nucleus",
    "beam": "beam",
    "nucleus-beam": "nucleus beam",
}

#: Where a key can put each knob; values between two rungs move to the nearest in the direction.
LADDERS: Mapping[str, tuple[float, ...]] = {
    "temperature": (0, *(round(0.05 * i, 2) for i in range(2, 41)), 2.5, 3, 5, 10),
    "top_k": (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 75, 100, inf),
    "top_p": (*(round(0.05 * i, 2) for i in range(1, 20)), 0.97, 0.98, 0.99, 1),
    "min_p": (0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9),
    "width": (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1000),
    "length_penalty": tuple(round(0.1 * i, 1) for i in range(-20, 21)),
    "length": (50, 100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 50_000),
}
LABELS: Mapping[str, str] = {
    "temperature": "temp",
    "top_k": "top-k",
    "top_p": "top-p",
    "min_p": "min-p",
    "width": "width",
    "length_penalty": "penalty",
    "length": "length",
    "seed": "seed",
}
_OFF_AT: Mapping[str, float] = {"top_k": 0, "top_p": 1, "min_p": 0}
_INTEGERS = {"top_k", "width", "length", "seed"}
MAX_SEED = 2**64 - 1
#: What is said where other dice are asked for.
NO_DICE = "this decoder always writes the same text: sampling has dice"
#: Characters per second at which text is shown; 0 is as fast as the engine writes.
PACES = (400, 100, 30, 0)


def _presets() -> dict[str, Mapping[str, float]]:
    return {
        name: MappingProxyType(
            {f.name: getattr(preset, f.name) for f in fields(preset) if f.name in LADDERS}
        )
        for name, preset in STRATEGIES.items()
    }


@dataclass(frozen=True)
class Setting:
    """The decoder in use, the values of every decoder's knobs, length, seed.

    sample: which of the texts of this seed, from 0. wanted: the knob that was chosen last; a
    decoder that lacks it does not make it forgotten.
    """

    name: str = "nucleus"
    values: Mapping[str, Mapping[str, float]] = field(default_factory=_presets)
    length: int = 1000
    seed: int = 1
    sample: int = 0
    wanted: str = "temperature"
    pace: int = PACES[0]

    @property
    def strategy(self) -> Strategy:
        """The strategy that the engine is given."""
        values = {k: int(v) if k in _INTEGERS else v for k, v in self.values[self.name].items()}
        return strategy_named(self.name, values)

    @property
    def has_seed(self) -> bool:
        """Whether another seed gives another text."""
        return self.name not in ("greedy", "beam")

    @property
    def has_samples(self) -> bool:
        """Whether there are several texts of one seed to choose from."""
        return self.has_seed and not self.is_beam

    @property
    def is_beam(self) -> bool:
        """Whether the decoder keeps several hypotheses, so that the text may be rewritten."""
        return is_beam(STRATEGIES[self.name])

    @property
    def knobs(self) -> tuple[str, ...]:
        """The knobs that the current decoder has, in the order shown."""
        return (*self.values[self.name], "length", *(("seed",) if self.has_seed else ()))

    @property
    def chosen(self) -> str:
        """The knob that keys turn."""
        return self.wanted if self.wanted in self.knobs else self.knobs[0]

    @property
    def names_text(self) -> tuple[object, ...]:
        """What makes it another text, besides the prompt."""
        return self.name, self.strategy, self.length, self.seed, self.sample

    def value(self, knob: str) -> float:
        """Where a knob stands."""
        if knob == "seed":
            return self.seed
        return self.length if knob == "length" else self.values[self.name][knob]

    def shown(self, knob: str) -> str:
        """A knob's value in words: a neutral filter is off."""
        if knob == "seed":
            sampled = self.sample and not self.is_beam  # which has no samples
            return f"{self.seed}" + (f", sample {self.sample + 1}" if sampled else "")
        value = self.value(knob)
        if knob in _OFF_AT and value == _OFF_AT[knob]:
            return "off"
        return f"{int(value):,}" if knob in _INTEGERS else f"{value:g}"

    def heading(self, model: str) -> str:
        """What a text is written with: model, decoder, the knobs that act."""
        acting = [
            f"{LABELS[knob]} {self.shown(knob)}"
            for knob in self.knobs
            if knob != "length" and self.shown(knob) != "off"
        ]
        return " · ".join([model, DECODERS[self.name], *acting])

    def with_decoder(self, name: str) -> Setting:
        """The same with another decoder."""
        return replace(self, name=name)

    def with_next_chosen(self, by: int) -> Setting:
        """The same with the next (or, by -1, the previous) knob chosen."""
        place = self.knobs.index(self.chosen) + by
        return replace(self, wanted=self.knobs[place % len(self.knobs)])

    def with_seed(self, seed: int) -> Setting:
        """The same with the first text of another seed, kept in range."""
        return replace(self, seed=max(0, min(MAX_SEED, seed)), sample=0)

    def with_next_pace(self) -> Setting:
        """The same at the next pace of `PACES`."""
        return replace(self, pace=PACES[(PACES.index(self.pace) + 1) % len(PACES)])

    def moved(self, knob: str, by: int) -> Setting:
        """The same with `knob` one rung up (by 1) or down (-1), and chosen; itself at an end."""
        if knob not in self.knobs:
            return self
        new = replace(self, wanted=knob)
        if knob == "seed":
            return new.with_seed(self.seed + by)
        here = self.value(knob)
        # No limit is the highest one.
        value = _next_rung(LADDERS[knob], inf if knob == "top_k" and not here else here, by)
        value = 0 if value == inf else value
        if knob == "length":
            return replace(new, length=int(value))
        mine = MappingProxyType({**self.values[self.name], knob: value})
        return replace(new, values=MappingProxyType({**self.values, self.name: mine}))


def _next_rung(ladder: tuple[float, ...], value: float, by: int) -> float:
    if by > 0:
        return ladder[min(bisect_right(ladder, value), len(ladder) - 1)]
    return ladder[max(bisect_left(ladder, value) - 1, 0)]
