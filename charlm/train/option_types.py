"""What the values of options may be: parsers that say what they expected."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from charlm.errors import InputError


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer from {low} to {high}")
        return value

    return parse


def number(above: float, most: float) -> Callable[[str], float]:
    """`above` itself is out, except that -1 stands for "from 0"."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (above < value <= most and value >= 0):
            low = "from 0" if above < 0 else f"above {above:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {low}, at most {most:g}")
        return value

    return parse


def count(text: str) -> int:
    """ "5m" -> 5,000,000."""
    factor = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}.get(text[-1:].lower(), 0)
    try:
        value = round(float(text[:-1] if factor else text.replace("_", "")) * (factor or 1))
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count, as 500, 300k or 5m")
    return value


def checked(check: Callable[[str], object], result: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            check(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return result(text)

    return parse
