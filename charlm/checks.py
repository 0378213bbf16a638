"""Checks of arguments, each an InputError that names the argument and what it may be."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from charlm.errors import InputError, argument
from charlm.wording import shortened

_SHOWN = 60  # characters of a wrong value
_CONTAINER = Path("/sys/fs/cgroup/memory.max")  # bytes that all processes of one may take


def wrong(name: str, value: object, rule: str) -> InputError:
    """The error of an argument that is not as the rule says it must be."""
    return InputError(argument(name), f" is {shown(value)}: it must be {rule}")


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def is_integer(value: object, low: int, high: int) -> bool:
    """Whether it is an integer in [low, high], and no truth value."""
    return not isinstance(value, bool) and isinstance(value, int) and low <= value <= high


def memory() -> int:
    """Bytes of memory that this machine has, or a container gives; no limit where none is told."""
    known = [sys.maxsize]
    with suppress(OSError, ValueError):
        page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
        if min(page, pages) > 0:  # -1 where it is not known
            known.append(page * pages)
    with suppress(OSError, ValueError):  # "max" where there is no limit
        known.append(int(_CONTAINER.read_bytes()))
    return min(known)


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise InputError unless an argument is an integer in [low, high]."""
    if not is_integer(value, low, high):
        raise wrong(name, value, f"an integer from {low:,} to {high:,}")


@dataclass(frozen=True)
class Range:
    """What a number may be: [low, high], whole or not.

    above, below: low or high itself is out. zero: what 0 stands for, where it is allowed beside.
    """

    low: float
    high: float
    whole: bool = False
    above: bool = False
    below: bool = False
    zero: str = ""

    def __str__(self) -> str:
        """The rule, as the end of a message."""
        if self.whole:
            return f"an integer from {self.low:,} to {self.high:,}"
        if self.above:
            return f"above {self.low:g} and at most {self.high:g}"
        zero = f"0 ({self.zero}) or " if self.zero else ""
        return f"{zero}from {self.low:g} to {self.high:g}" + (
            f", {self.high:g} excluded" if self.below else ""
        )

    def holds(self, value: object) -> bool:
        """Whether a value is in it."""
        if self.whole and not isinstance(value, int):
            return False
        if isinstance(value, str) or not is_number(value):
            return False
        number = cast("float", value)
        low = number > self.low if self.above else number >= self.low
        high = number < self.high if self.below else number <= self.high
        return (low and high) or (bool(self.zero) and number == 0)

    def check(self, name: str, value: object) -> None:
        """Raise InputError unless an argument is in it."""
        if not self.holds(value):
            raise wrong(name, value, str(self))


#: A probability that is not 0.
SHARE = Range(0, 1, above=True)


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    choices: tuple[str, ...]

    def check(self, name: str, value: object) -> None:
        """Raise InputError unless an argument is one of them."""
        check_choice(name, value, self.choices)


class AnyText:
    """A text."""

    def check(self, name: str, value: object) -> None:
        """Raise InputError unless an argument is one."""
        check_text(name, value, "a text")


ANY_TEXT = AnyText()
#: What an option of a strategy may be.
Rule = Range | OneOf | AnyText


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


def shown(value: object) -> str:
    """A value in a message of one line."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits
        return "a number of thousands of digits" if isinstance(value, int) else "too deep"
    return shortened(shown, _SHOWN)


def check_range(name: str, value: object, low: int, high: int) -> None:
    """Raise InputError unless what a file says is an integer in [low, high]."""
    if not is_integer(value, low, high):
        raise InputError(f"{name} is {shown(value)}: it must be an integer from {low} to {high}")
