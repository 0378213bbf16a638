"""Random strategies and limits, of whatever options there are: each value by its option's rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, fields
from math import inf
from typing import Any

from hypothesis import strategies as st

from charlm.checks import OneOf, Range
from charlm.decoding import DECODERS, Knob, Limits, Strategy

_MOST = {"width": 6, "no_repeat_ngram": 6}  # what a search can take, and what short texts feel


def value_of(option: Field[Any], characters: str) -> st.SearchStrategy[Any]:
    """Any value that an option may have: its default, a rung of its ladder, one of its range."""
    knob: Knob = option.metadata["knob"]
    usual = st.sampled_from([option.default, *(x for x in knob.ladder if x < inf)])
    if isinstance(knob.rule, OneOf):
        return st.sampled_from(knob.rule.choices)
    if not isinstance(knob.rule, Range):
        return st.just("") | st.text(characters, max_size=5)
    rule, most = knob.rule, _MOST.get(option.name, knob.rule.high)
    if rule.whole:
        return usual.filter(lambda x: x <= most) | st.integers(int(rule.low), int(most))
    floats = st.floats(rule.low, rule.high, exclude_min=rule.above, exclude_max=rule.below)
    return usual | floats | (st.just(0) if rule.zero else st.nothing())


@st.composite
def options_of(draw: st.DrawFn, name: str, characters: str) -> dict[str, Any]:
    """Options that the strategy of this name takes: some of them, in any mix that has a meaning."""
    options = fields(DECODERS[name].strategy)
    some = draw(st.sets(st.sampled_from([option.name for option in options])))
    chosen = {o.name: draw(value_of(o, characters)) for o in options if o.name in some}
    if chosen.get("stop_rule") != "patience":
        chosen.pop("patience", None)
    return chosen


@st.composite
def strategies(draw: st.DrawFn, characters: str) -> Strategy:
    """Any strategy that searches no wider than a test can wait for."""
    name = draw(st.sampled_from(list(DECODERS)))
    kind = type(DECODERS[name].strategy)
    narrow = {"width": 3} if "width" in (option.name for option in fields(kind)) else {}
    return kind(**narrow | draw(options_of(name, characters)))


@st.composite
def limits(draw: st.DrawFn, characters: str, most: int = 12) -> Limits:
    """Any limits of short texts."""
    max_length = draw(st.integers(0, most))
    return Limits(
        max_length,
        draw(st.integers(0, max_length)),
        tuple(draw(st.lists(st.text(characters, min_size=1, max_size=3), max_size=2))),
        draw(st.booleans()),
    )


def words_of(options: Iterable[tuple[str, Any]], typed: Any = str) -> list[str]:
    """The words of a command that set these options."""
    return [f"--{name.replace('_', '-')}={typed(value)}" for name, value in options]
