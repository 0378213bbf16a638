"""What several messages say alike: counts, quantities, durations, the name that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What needs it says: "training needs ...". charlm itself is on no package index, so no command
#: names it there.
TORCH_MISSING = (
    "PyTorch, which is not installed here: python -m pip install torch tensorboard, with the Python"
    " of this charlm (make train does it in a clone)"
)
#: Names that are offered, at most; and the longest word for which one is looked for.
_MOST, _LONGEST = 3, 60


def shortened(word: str, longest: int = 200, shown: int = 60) -> str:
    """A word as a message repeats it: of one that is longer, the beginning; in characters."""
    return word if len(word) <= longest else word[:shown] + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things: 1 character, 2,003 characters."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def fixed(value: float, digits: int = 4) -> str:
    """A number with so many digits behind the point.

    One that would read as zero and is not has two digits that say what it is; zero has no sign.
    """
    text = f"{value:.{digits}f}"
    if text.strip("-0."):
        return text
    return f"{value:.2g}" if value else text.removeprefix("-")


def rounded(number: float) -> str:
    """Two digits of it, or all before the point: 0.012, 1.2, 120."""
    return f"{number:.2g}" if abs(number) < 99.5 else f"{number:.0f}"


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


def clock(seconds: float) -> str:
    """1:05:09, 3:07"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spoken(seconds: float) -> str:
    """1 h 5 min, 13 min 20 s, 40 s"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def duration(seconds: float) -> str:
    """`seconds` in the two units that matter: `1 h 05 min`, `3 min`, `20 s`."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is not known: ": did you mean ...?", or nothing."""
    return meant(nearest(word, known))


def meant(near: Iterable[object]) -> str:
    """The same, of what was found otherwise."""
    names = " or ".join(map(str, near))
    return f": did you mean {names}?" if names else ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known names that a word may stand for, most of the time none or one.

    Case and signs do not count. Names that begin so or have this word come first; without any it
    is the name that is fewest slips away, if those are few for a word of this length.
    """
    plain, names = _plain(word), sorted(set(known) - {word})
    if not 2 <= len(plain) <= _LONGEST:
        return []
    same = [name for name in names if _plain(name) == plain]
    begun = [n for n in names if _plain(n).startswith(plain) or plain in _words(n)]
    if same or begun:
        return same[:1] or begun[:_MOST]
    slips = [(_slips(plain, _plain(name)), name) for name in names if len(name) <= 2 * _LONGEST]
    fewest, name = min(slips, default=(_LONGEST, ""))
    return [name] if fewest <= (len(plain) + 1) // 4 else []


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def _plain(name: str) -> str:
    return "".join(_words(name))


def _slips(one: str, other: str) -> int:
    """How many characters were left out, added, changed, or swapped with the next one."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            least = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
