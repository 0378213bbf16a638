"""Colours that were picked by hand, for terminals with 256, 16 or none; for light and dark paper.

Of the 256 a side is one family of hue: blue from 198 to 210 degrees, amber from 30 to 46. Of the
16 light paper bears black, blue, magenta and red alone, dark paper all but blue; bold and dim
mean nothing there, for they change the colour or nothing, and as papers only the first eight are
taken: the console of Linux has no others. Without colours nothing is said by dim or italic alone,
which not every terminal has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.color import Color
from rich.style import Style

#: Of theme and depth: the steps of something, from the weakest on. By `dark`, True or False.
Picked = Mapping[bool, tuple[Style, ...]]


def _on(paper: int, ink: int, **attributes: Any) -> Style:
    colours = Style.from_color(Color.from_ansi(ink), Color.from_ansi(paper))
    return colours + Style(**attributes)


def _ink(ink: int, **attributes: Any) -> Style:
    return Style.from_color(Color.from_ansi(ink)) + Style(**attributes)


_BLACK, _WHITE = 16, 231
_BOTH = Style(bold=True, underline=True)
_BOLD, _UNDER, _REVERSE = Style(bold=True), Style(underline=True), Style(reverse=True)

#: The two sides of a ramp with two ends: its low one and its high one.
SIDES: Mapping[str, Mapping[bool, tuple[tuple[Style, ...], tuple[Style, ...]]]] = {
    "256": {
        True: (
            (_on(24, _WHITE), _on(67, _BLACK), _on(110, _BLACK), _on(153, _BLACK)),
            (_on(94, _WHITE), _on(136, _BLACK), _on(179, _BLACK), _on(222, _BLACK)),
        ),
        False: (
            (_on(153, _BLACK), _on(110, _BLACK), _on(67, _BLACK), _on(25, _WHITE)),
            (_on(223, _BLACK), _on(215, _BLACK), _on(172, _BLACK), _on(130, _WHITE)),
        ),
    },
    "16": {
        True: ((_ink(14), _on(6, 0)), (_ink(11), _on(3, 0))),
        False: ((_ink(4), _on(4, 15)), (_ink(5), _on(5, 15))),
    },
    "none": dict.fromkeys(
        (True, False),
        ((_UNDER, Style(reverse=True, underline=True)), (_BOLD, Style(reverse=True, bold=True))),
    ),
}

#: A ramp with one end: what comes after the neutral step.
ONE_END: Mapping[str, Picked] = {
    "256": {
        True: (_on(94, _WHITE), _on(130, _WHITE), _on(136, _BLACK), _on(172, _BLACK),
               _on(179, _BLACK), _on(215, _BLACK), _on(222, _BLACK)),
        False: (_on(223, _BLACK), _on(215, _BLACK), _on(179, _BLACK), _on(172, _BLACK),
                _on(136, _BLACK), _on(130, _WHITE), _on(94, _WHITE)),
    },
    "16": {
        True: (_ink(11), _ink(11, underline=True), _on(3, 0)),
        False: (_ink(5), _ink(5, underline=True), _on(5, 15)),
    },
    "none": dict.fromkeys(
        (True, False), (_UNDER, _BOLD, _BOTH, _REVERSE, Style(reverse=True, underline=True))
    ),
}  # fmt: skip

#: Cells without characters, from cold to hot, where there are papers enough.
HEAT: Picked = {
    True: tuple(Style(bgcolor=Color.from_ansi(paper)) for paper in (236, 24, 67, 110, 153)),
    False: tuple(Style(bgcolor=Color.from_ansi(paper)) for paper in (254, 153, 110, 67, 25)),
}

#: The levels of surprise in the text one writes: less seen, plain, two colours, alarm, alarm.
NATS: Mapping[str, Picked] = {
    "256": {
        True: (_ink(246), _ink(253), _ink(110), _ink(179), _ink(174), _on(174, 234)),
        False: (_ink(242), _ink(235), _ink(25), _ink(94), _ink(124), _on(124, _WHITE)),
    },
    "16": {
        True: (_ink(7), _ink(15), _ink(14), _ink(11), _ink(9), _on(1, 15)),
        False: (_ink(8), _ink(0), _ink(4), _ink(5), _ink(1), _on(1, 15)),
    },
    "none": dict.fromkeys(
        (True, False),
        (Style(), _UNDER, _BOLD, _BOTH, _REVERSE, Style(reverse=True, underline=True)),
    ),
}
