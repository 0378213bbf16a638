"""The strategies: how the next character is chosen, as frozen, checked values.

One type per strategy, so that a mix without meaning cannot be written. `STRATEGIES` maps the
names a user types to the strategy they stand for; the command line and the screen read their
options, ranges and help from the fields here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from charlm.errors import InputError

MAX_WIDTH = 131_072
MAX_TOP_K = 2**31 - 1


def _knob(default: float, text: str) -> Any:
    return field(default=default, metadata={"help": text})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}: it must be an integer from {low:,} to {high:,}")


def _check_temperature(value: float) -> None:
    if not (_is_number(value) and (value == 0 or 0.01 <= value <= 100)):
        raise InputError(f"temperature is {value!r}: it must be 0 (greedy) or from 0.01 to 100")


def _check_top_p(value: float) -> None:
    if not (_is_number(value) and 0 < value <= 1):
        raise InputError(f"top_p is {value!r}: it must be above 0 and at most 1")


def _check_length_penalty(value: float) -> None:
    if not (_is_number(value) and -10 <= value <= 10):
        raise InputError(f"length_penalty is {value!r}: it must be from -10 to 10")


@dataclass(frozen=True)
class Greedy:
    """The most probable character at every position; ties go to the lowest id."""


@dataclass(frozen=True)
class Sampling:
    """One random character at every position, drawn from what the filters leave.

    The filters act in the order of the fields, each on the renormalised survivors of the one
    before, and at least one character survives. `Sampling()` filters nothing.
    """

    temperature: float = _knob(
        1.0,
        "logits / T before the softmax: below 1 is surer, above 1 wilder, 0 is greedy"
        " (0, or 0.01 to 100; 1 changes nothing)",
    )
    top_k: int = _knob(0, "keep the k most probable characters (0 keeps all)")
    top_p: float = _knob(
        1.0,
        "nucleus: keep the smallest set of characters whose probabilities sum to at least p"
        " (Holtzman et al. 2019; 0 excluded to 1; 1 keeps all)",
    )
    min_p: float = _knob(
        0.0, "keep characters at least min_p times as probable as the best (0 to 1 excluded)"
    )

    def __post_init__(self) -> None:
        _check_temperature(self.temperature)
        _check_integer("top_k", self.top_k, 0, MAX_TOP_K)
        _check_top_p(self.top_p)
        if not (_is_number(self.min_p) and 0 <= self.min_p < 1):
            raise InputError(f"min_p is {self.min_p!r}: it must be from 0 to 1, 1 excluded")


@dataclass(frozen=True)
class BeamSearch:
    """The most probable text that K hypotheses at a time can find.

    Each open hypothesis offers its K best characters and the end; the K best of all stay open;
    an end among the first K is finished. Search stops when no open hypothesis can still beat
    the K-th finished one. Scores: log_prob / length ** length_penalty.
    """

    width: int = _knob(10, "hypotheses kept at every position (1 to 131,072)")
    length_penalty: float = _knob(
        0.0,
        "score = log_prob / length ** this: 0 is the plain sum, above 0 favours longer texts"
        " (-10 to 10)",
    )

    def __post_init__(self) -> None:
        _check_integer("width", self.width, 1, MAX_WIDTH)
        _check_length_penalty(self.length_penalty)


@dataclass(frozen=True)
class NucleusBeam:
    """Beam search whose candidates are drawn from the nucleus of each hypothesis.

    K characters are drawn without replacement (Gumbel-top-K) from the renormalised nucleus;
    hypotheses are ranked by the sum of log p_nucleus / length ** length_penalty.
    """

    width: int = _knob(10, "hypotheses kept at every position (1 to 131,072)")
    top_p: float = _knob(
        0.95,
        "nucleus: each hypothesis draws from the smallest set of characters whose"
        " probabilities sum to at least p (0 excluded to 1)",
    )
    length_penalty: float = _knob(
        0.0, "score = log_prob / length ** this: 0 is the plain sum, above 0 favours longer texts"
    )

    def __post_init__(self) -> None:
        _check_integer("width", self.width, 1, MAX_WIDTH)
        _check_top_p(self.top_p)
        _check_length_penalty(self.length_penalty)


Strategy = Greedy | Sampling | BeamSearch | NucleusBeam

#: What a user types, and the strategy it stands for before any option.
STRATEGIES: Mapping[str, Strategy] = {
    "greedy": Greedy(),
    "sample": Sampling(),
    "nucleus": Sampling(top_p=0.95),
    "beam": BeamSearch(),
    "nucleus-beam": NucleusBeam(),
}


def strategy_named(name: str, options: Mapping[str, float] | None = None) -> Strategy:
    """The strategy `name` with `options` set; a foreign option or bad value is an InputError."""
    if name not in STRATEGIES:
        raise InputError(f"strategy {name!r} is not one of {', '.join(STRATEGIES)}")
    preset = STRATEGIES[name]
    known = [f.name for f in fields(preset)]
    for option in options or {}:
        if option not in known:
            offered = ", ".join(known) if known else "none"
            raise InputError(
                f"option {option} does not belong to strategy {name} (its options: {offered})"
            )
    values = {option: getattr(preset, option) for option in known}
    return type(preset)(**(values | dict(options or {})))


def is_beam(strategy: Strategy) -> bool:
    """Whether the strategy keeps several hypotheses of one text."""
    return isinstance(strategy, BeamSearch | NucleusBeam)
