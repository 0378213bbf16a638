"""Checks of arguments, each an InputError that names the argument and what it may be."""

from __future__ import annotations

import math

from charlm.errors import InputError, argument

_SHOWN = 60  # characters of a wrong value


def wrong(name: str, value: object, rule: str) -> InputError:
    """The error of an argument that is not as the rule says it must be."""
    return InputError(argument(name), f" is {_shown(value)}: it must be {rule}")


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise InputError unless an argument is an integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(name, value, f"an integer from {low:,} to {high:,}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise InputError unless an argument is one of a few words."""
    if value not in choices:
        raise wrong(name, value, f"one of {', '.join(choices)}")


def check_budget(value: object) -> None:
    """Raise InputError unless a call may take so many milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise wrong("budget_ms", value, "a number from 0 on")


def check_list(name: str, value: object, of: str) -> None:
    """Raise InputError unless an argument holds several things: one text holds characters."""
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        raise wrong(name, value, f"a list of {of}")


def check_text(name: str, value: object, rule: str = "a text (str)") -> None:
    """Raise InputError unless an argument is a text."""
    if not isinstance(value, str):
        raise wrong(name, value, rule)


def _shown(value: object) -> str:
    """A value in a message of one line."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits
        return "a number of thousands of digits" if isinstance(value, int) else "too deep"
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


def check_range(name: str, value: object, low: float, high: float) -> None:
    """Raise InputError unless `value` is an integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}: it must be an integer from {low} to {high}")
