"""Everything that is drawn, in the colours that the terminal has: no other rounds them.

What was picked for the depth (`ramps`) passes as it is. The rest is mixed of the theme: with 256
it becomes the nearest of them, as the eye sees it; with fewer it becomes what the nearest colour
of the theme is there for (ink, quiet ink, an accent, paper), as it was picked for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome, NoColor

from .depth import Depth

#: The cube of 6 x 6 x 6 colours and the greys; the 16 before them are what the user made of them.
_STEPS = (0, 95, 135, 175, 215, 255)
_FIRST = 16
_PALETTE = [ColorTriplet(r, g, b) for r in _STEPS for g in _STEPS for b in _STEPS]
_PALETTE += [ColorTriplet(grey, grey, grey) for grey in range(8, 248, 10)]

#: What the colours of a theme are there for.
_PAPERS = ("background", "surface", "panel")
_ROLES = (*_PAPERS, "foreground", "secondary", "primary", "accent", "success", "warning", "error")
_QUIET = ("secondary", "surface", "panel")
#: Of the 16, on dark paper and on light, the ink of each role; what is quiet on dark is dim too.
_INKS: Mapping[bool, Mapping[str, int]] = {
    True: {"background": 0, "surface": 7, "panel": 7, "foreground": 7, "secondary": 7,
           "primary": 14, "accent": 11, "warning": 11, "success": 10, "error": 9},
    False: {"background": 7, "surface": 8, "panel": 8, "foreground": 0, "secondary": 8,
            "primary": 4, "accent": 5, "warning": 5, "success": 4, "error": 1},
}  # fmt: skip
#: Each role as paper, and the ink on it where that is another than usual.
_GROUNDS: Mapping[bool, Mapping[str, tuple[int, int | None]]] = {
    True: {**dict.fromkeys(_PAPERS, (0, None)), "foreground": (7, 0), "secondary": (7, 0),
           "primary": (6, 0), "accent": (3, 0), "warning": (3, 0), "success": (2, 0),
           "error": (1, 15)},
    False: {**dict.fromkeys(_PAPERS, (7, None)), "foreground": (0, 15), "secondary": (0, 15),
            "primary": (4, 15), "accent": (5, 15), "warning": (5, 15), "success": (2, 0),
            "error": (1, 15)},
}  # fmt: skip


class Roles(NamedTuple):
    """A theme: whether its paper is dark, and the colour of each role."""

    dark: bool
    colours: tuple[ColorTriplet, ...]

    def of(self, colour: RichColor) -> str:
        """The role whose colour is the nearest."""
        triplet = colour.get_truecolor()
        place = min(range(len(_ROLES)), key=lambda role: _distance(triplet, self.colours[role]))
        return _ROLES[place]


class DepthFilter(LineFilter):
    """Draws in the colours of one depth. `app`: whose theme it is that things are mixed of."""

    def __init__(self, app: App[Any], depth: Depth) -> None:
        super().__init__()
        self._app, self._depth = app, depth
        self._roles: Roles | None = None
        self._made_of: tuple[str, Mapping[str, str]] = "", {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in colours that the terminal has."""
        if self._depth == "truecolor":
            return segments
        convert = self._conversion()
        return [
            segment
            if segment.control or not segment.style
            else Segment(segment.text, convert(segment.style))
            for segment in segments
        ]

    def _conversion(self) -> Callable[[Style], Style]:
        if self._depth == "256":
            return indexed
        return partial(named if self._depth == "16" else colourless, roles=self.roles)

    @property
    def roles(self) -> Roles:
        """Of the theme that is shown."""
        name, named = self._app.theme, self._app.theme_variables
        if self._roles is None or name != self._made_of[0] or named is not self._made_of[1]:
            parsed = (Color.parse(named[role]) for role in _ROLES)
            colours = tuple(ColorTriplet(*colour.rgb) for colour in parsed)
            self._roles = Roles(self._app.current_theme.dark, colours)
            self._made_of = name, named  # a new theme's colours come after its name
        return self._roles

    def after(self, filters: Sequence[LineFilter]) -> list[LineFilter]:
        """Textual's own filters as far as they do not meddle with this one, and this one.

        What is dim Textual mixes with the paper, which takes colours enough.
        """
        mixing = self._depth in ("truecolor", "256")
        meddling = (Monochrome, NoColor) if mixing else (Monochrome, NoColor, ANSIToTruecolor)
        return [*(own for own in filters if not isinstance(own, meddling)), self]


@lru_cache(4096)
def indexed(style: Style) -> Style:
    """A style in colours of the palette of 256."""
    return style + Style(color=_nearest(style.color), bgcolor=_nearest(style.bgcolor))


@lru_cache(4096)
def named(style: Style, roles: Roles) -> Style:
    """A style in the colours with names."""
    ink, paper, dim = style.color, style.bgcolor, style.dim
    usual = None
    if paper is not None and _is_mixed(paper):
        number, usual = _GROUNDS[roles.dark][roles.of(paper)]
        paper = RichColor.from_ansi(number)
    if ink is not None and _is_mixed(ink):
        role = roles.of(ink)
        dim = dim or (roles.dark and usual is None and role in _QUIET) or None
        ink = RichColor.from_ansi(_INKS[roles.dark][role] if usual is None else usual)
    return style + Style(color=ink, bgcolor=paper, dim=dim)


@lru_cache(4096)
def colourless(style: Style, roles: Roles) -> Style:
    """A style without any colour: what had a paper of its own is reversed, quiet ink is dim."""
    ink = roles.of(style.color) if style.color and _is_mixed(style.color) else "foreground"
    paper = roles.of(style.bgcolor) if style.bgcolor and _is_mixed(style.bgcolor) else "background"
    if style.reverse:
        ink, paper = paper, ink
    stands_out = paper not in _PAPERS
    quiet = style.dim or (not stands_out and ink in _QUIET)
    turned = stands_out or (False if style.reverse else None)
    return style.without_color + Style(reverse=turned, dim=quiet or None)


@lru_cache(4096)
def _nearest(colour: RichColor | None) -> RichColor | None:
    if colour is None or not _is_mixed(colour) or colour.triplet is None:
        return colour
    triplet = colour.triplet
    place = min(range(len(_PALETTE)), key=lambda place: _distance(triplet, _PALETTE[place]))
    return RichColor.from_ansi(_FIRST + place)


def _is_mixed(colour: RichColor) -> bool:
    """Whether it is of no palette, so that the terminal may not have it."""
    return colour.type is ColorType.TRUECOLOR


def _distance(one: ColorTriplet, other: ColorTriplet) -> float:
    """How far apart two colours look (Riemersma, "Colour metric", 2008)."""
    mean = (one.red + other.red) / 2
    return (
        (2 + mean / 256) * (one.red - other.red) ** 2
        + 4 * (one.green - other.green) ** 2
        + (2 + (255 - mean) / 256) * (one.blue - other.blue) ** 2
    )
