"""Checks of arguments, each an InputError that names the argument and what it may be."""

from __future__ import annotations

import math

from charlm.errors import InputError, argument


def wrong(name: str, value: object, rule: str) -> InputError:
    """The error of an argument that is not as the rule says it must be."""
    return InputError(argument(name), f" is {value!r}: it must be {rule}")


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise InputError unless an argument is an integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(name, value, f"an integer from {low:,} to {high:,}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise InputError unless an argument is one of a few words."""
    if value not in choices:
        raise wrong(name, value, f"one of {', '.join(choices)}")
