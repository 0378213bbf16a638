"""Colours for terminals that have 256: the nearest of theirs, as the eye sees it."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

#: The cube of 6 x 6 x 6 colours and the greys; the 16 before them are what the user made of them.
_STEPS = (0, 95, 135, 175, 215, 255)
_FIRST = 16
_PALETTE = [(r, g, b) for r in _STEPS for g in _STEPS for b in _STEPS]
_PALETTE += [(grey, grey, grey) for grey in range(8, 248, 10)]


class IndexedColours(LineFilter):
    """Draws every colour as the nearest of the 240 that such terminals agree on.

    Rich takes dark colours for saturated ones: near black they would come out blue and violet.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in colours that the terminal has."""
        return [
            segment
            if segment.control or not segment.style
            else Segment(segment.text, indexed(segment.style))
            for segment in segments
        ]


@lru_cache(4096)
def indexed(style: Style) -> Style:
    """A style in colours of the palette."""
    return style + Style(color=_nearest(style.color), bgcolor=_nearest(style.bgcolor))


@lru_cache(4096)
def _nearest(colour: RichColor | None) -> RichColor | None:
    if colour is None or colour.type is not ColorType.TRUECOLOR or colour.triplet is None:
        return colour
    red, green, blue = colour.triplet

    def distance(place: int) -> float:
        """How far apart two colours look (Riemersma, "Colour metric", 2008)."""
        r, g, b = _PALETTE[place]
        mean = (red + r) / 2
        return (
            (2 + mean / 256) * (red - r) ** 2
            + 4 * (green - g) ** 2
            + (2 + (255 - mean) / 256) * (blue - b) ** 2
        )

    place = min(range(len(_PALETTE)), key=distance)
    return RichColor.from_ansi(_FIRST + place)
