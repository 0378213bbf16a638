"""Numbers as they are printed."""

from __future__ import annotations


def fixed(value: float, digits: int = 4) -> str:
    """A number with so many digits behind the point.

    One that would read as zero and is not has two digits that say what it is; zero has no sign.
    """
    text = f"{value:.{digits}f}"
    if text.strip("-0."):
        return text
    return f"{value:.2g}" if value else text.removeprefix("-")
