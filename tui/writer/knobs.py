"""The decoders and their knobs, as one frozen value that keys move along ladders of values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from types import MappingProxyType

from charlm.checks import Range
from charlm.decoding import DECODERS as ALL
from charlm.decoding import KNOBS, MAX_LENGTH, STRATEGIES, Strategy, is_beam, strategy_named
from charlm.display import visible
from charlm.knob import Knob

MAX_SEED = 2**64 - 1
#: Name of each decoder on the screen, in the order of their keys F2 to F6.
DECODERS: Mapping[str, str] = {name: decoder.spoken for name, decoder in ALL.items()}

#: What keys turn: the options of the strategies that have rungs, and what every text has; the
#: quiet ones last.
ROWS: Mapping[str, Knob] = {
    **{name: knob for name, knob in KNOBS.items() if knob.ladder and not knob.quiet},
    "length": Knob(
        "new characters",
        Range(0, MAX_LENGTH, whole=True),
        label="length", letter="n", said="length: the longest text, in characters",
        ladder=(50, 100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 50_000),
    ),
    "seed": Knob(
        "of the dice", Range(0, MAX_SEED, whole=True),
        label="seed", letter="s", said="seed: the dice",
    ),
    **{name: knob for name, knob in KNOBS.items() if knob.ladder and knob.quiet},
}  # fmt: skip
#: The options of every strategy that are typed, not turned.
TEXTS: Mapping[str, Knob] = {name: knob for name, knob in KNOBS.items() if knob.is_text}
LADDERS: Mapping[str, tuple[float, ...]] = {
    n: knob.ladder for n, knob in ROWS.items() if knob.ladder
}
LABELS: Mapping[str, str] = {name: knob.label for name, knob in {**ROWS, **TEXTS}.items()}
#: What is said where other dice are asked for.
NO_DICE = "this decoder always writes the same text: sampling has dice"
#: Characters per second at which text is shown; 0 is as fast as the engine writes.
PACES = (400, 100, 30, 0)


def _presets() -> dict[str, Mapping[str, float]]:
    return {
        name: MappingProxyType(
            {f.name: getattr(preset, f.name) for f in fields(preset) if f.name in ROWS}
        )
        for name, preset in STRATEGIES.items()
    }


@dataclass(frozen=True)
class Setting:
    """The decoder in use, the values of every decoder's knobs, length, seed.

    texts: the options that are typed, of every decoder alike. sample: which of the texts of this
    seed, from 0. wanted: the knob that was chosen last; a
    decoder that lacks it does not make it forgotten.
    """

    name: str = "nucleus"
    values: Mapping[str, Mapping[str, float]] = field(default_factory=_presets)
    texts: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    length: int = 1000
    seed: int = 1
    sample: int = 0
    wanted: str = "temperature"
    pace: int = PACES[0]

    @property
    def strategy(self) -> Strategy:
        """The strategy that the engine is given."""
        values = {
            name: int(value) if _is_whole(name) else value
            for name, value in self.values[self.name].items()
        }
        return strategy_named(self.name, {**values, **self.texts})

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
        mine = {*self.values[self.name], "length", *(["seed"] if self.has_seed else [])}
        return tuple(knob for knob in ROWS if knob in mine)

    @property
    def shown_knobs(self) -> tuple[str, ...]:
        """Those that a line of them shows: what acts, and the chosen one."""
        return tuple(
            knob for knob in self.knobs if knob == self.chosen or self.shown(knob) != "off"
        )

    @property
    def shown_texts(self) -> Mapping[str, str]:
        """What was typed of the options that are texts, in words."""
        return {name: visible(text) for name, text in self.texts.items() if text}

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
        if knob != "temperature" and value == ROWS[knob].neutral:
            return "off"
        return f"{int(value):,}" if _is_whole(knob) else f"{value:g}"

    def heading(self, model: str) -> str:
        """What a text is written with: model, decoder, the knobs that act."""
        acting = [
            f"{LABELS[knob]} {self.shown(knob)}"
            for knob in self.knobs
            if knob != "length" and self.shown(knob) != "off"
        ]
        acting += [f"{LABELS[name]} {text}" for name, text in self.shown_texts.items()]
        return " · ".join([model, DECODERS[self.name], *acting])

    def with_decoder(self, name: str) -> Setting:
        """The same with another decoder."""
        return replace(self, name=name)

    def with_text(self, name: str, text: str) -> Setting:
        """The same with another value of an option that is a text. Raises InputError."""
        new = replace(self, texts=MappingProxyType({**self.texts, name: text}))
        assert new.strategy  # which refuses what an option may not be
        return new

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
        ladder, neutral = LADDERS[knob], ROWS[knob].neutral
        unlimited = ladder[-1] == inf and here == neutral
        value = _next_rung(ladder, inf if unlimited else here, by)
        if value == inf:
            value = float(neutral or 0)
        if knob == "length":
            return replace(new, length=int(value))
        mine = MappingProxyType({**self.values[self.name], knob: value})
        return replace(new, values=MappingProxyType({**self.values, self.name: mine}))


def _is_whole(knob: str) -> bool:
    rule = ROWS[knob].rule
    return isinstance(rule, Range) and rule.whole


def _next_rung(ladder: tuple[float, ...], value: float, by: int) -> float:
    if by > 0:
        return ladder[min(bisect_right(ladder, value), len(ladder) - 1)]
    return ladder[max(bisect_left(ladder, value) - 1, 0)]
