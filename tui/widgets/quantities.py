"""Numbers as a person reads them: 719,747 as 720 k, an age as 3 days ago."""

from __future__ import annotations


def short(number: float) -> str:
    """Three digits and a unit: 720 k, 5 M."""
    for limit, scale, unit in ((1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if number >= limit:
            return f"{number / scale:.3g} {unit}"
    return f"{number:,.0f}"


def bytes_text(size: int) -> str:
    """A size of files: 2.9 MB."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= limit:
            return f"{size / limit:.3g} {unit}"
    return f"{size} B"


def ago(seconds: float) -> str:
    """An age in its largest unit: 3 h ago."""
    for size, unit in ((86_400 * 365, "y"), (86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
