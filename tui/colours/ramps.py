"""Numbers and sides as colours: ramps and pairs, made for each depth of colours.

Truecolor mixes them of the theme. The 256 are picked by hand out of their cube, one family of hue
for each side and its lightness only rising or only falling, and the 16 by their names; without
colours bold, underline and reverse say it, which every terminal has. What each ramp is drawn with
is also what its legend is drawn with.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color as RichColor
from rich.style import Style
from textual.app import App
from textual.color import Color

from .depth import Depth, depth_in
from .picked import HEAT, NATS, ONE_END, SIDES

#: Levels of a ramp; the middle one is neutral where the ramp has two ends.
LEVELS = 17
_STRONGEST = 0.85
BARS = "▁▂▃▄▅▆▇█"
#: Of the cells of a heat strip, where their papers do not tell them apart; the lowest is not
#: nothing, which is a blank.
SHADES = "·░▒▓█"
_LETTERS = "abcdefghi"
_MIDDLE = 0.6  # the heat that has the theme's primary colour
#: The character that is walked to: on top of whatever it looks like, unlike any of that.
CURSOR = Style(reverse=True, bold=True, underline=True)
#: The first character at which two texts part, on top of whose it is.
PARTED = Style(bold=True, underline=True)


class Theme(NamedTuple):
    """What ramps are mixed of, as CSS says it, and whether the paper is dark."""

    dark: bool
    background: str
    foreground: str
    panel: str
    primary: str
    secondary: str
    accent: str
    error: str


class Ramp:
    """LEVELS styles, from the lowest level to the highest; `steps`: those of its legend.

    papers: whether each level has a paper of its own, so that it is seen without a character.
    """

    def __init__(self, styles: Sequence[Style], steps: Sequence[Style], papers: bool) -> None:
        self.styles, self.steps, self.papers = tuple(styles), tuple(steps), papers

    def legend(self) -> list[tuple[str, Style]]:
        """The ramp itself, as pieces of text."""
        letters = " " * len(self.steps) if self.papers else _LETTERS
        return list(zip(letters, self.steps, strict=False))


class Nats(NamedTuple):
    """How surprise looks in the text one writes: a style for each of its levels.

    given: on top of it, where a character was given and not written.
    """

    levels: tuple[Style, ...]
    given: Style


def theme_of(app: App[object]) -> Theme:
    """The colours of the theme that is shown."""
    named = app.theme_variables
    return Theme(app.current_theme.dark, *(named[name] for name in Theme._fields[1:]))


def ramp_of(app: App[object], *, two_ends: bool) -> Ramp:
    """From one colour over the background to the other, or from there to that alone."""
    return ramp(theme_of(app), depth_in(app), two_ends)


def heat_of(app: App[object]) -> Ramp:
    """From cold to hot, for cells without a character."""
    return heat(theme_of(app), depth_in(app))


def nats_of(app: App[object]) -> Nats:
    """The levels of surprise, from foreseen to surprising."""
    return nats(theme_of(app), depth_in(app))


@lru_cache(16)
def ramp(theme: Theme, depth: Depth, two_ends: bool) -> Ramp:
    """The ramp of this theme at this depth."""
    if depth == "truecolor":
        paper, first, last = map(Color.parse, (theme.background, theme.primary, theme.accent))
        styles = []
        for level in range(LEVELS):
            share = 2 * level / (LEVELS - 1) - 1 if two_ends else level / (LEVELS - 1)
            styles.append(_mixed(paper, first if share < 0 else last, abs(share)))
        return Ramp(styles, styles[::2], papers=True)
    if two_ends:
        low, high = SIDES[depth][theme.dark]
        return _stretched([*low[::-1], Style(), *high], depth == "256")
    return _stretched([Style(), *ONE_END[depth][theme.dark]], depth == "256")


@lru_cache(16)
def heat(theme: Theme, depth: Depth) -> Ramp:
    """The ramp of cold and hot; with few colours it is all one, and glyphs tell."""
    if depth == "truecolor":
        panel, primary, accent = map(Color.parse, (theme.panel, theme.primary, theme.accent))
        values = (level / (LEVELS - 1) for level in range(LEVELS))
        styles = [_heat(value, panel, primary, accent) for value in values]
        return Ramp(styles, styles[:: (LEVELS - 1) // (len(SHADES) - 1)], papers=True)
    if depth == "256":
        return _stretched(HEAT[theme.dark], papers=True)
    return _stretched([Style()] * len(SHADES), papers=False)


@lru_cache(16)
def nats(theme: Theme, depth: Depth) -> Nats:
    """The levels of surprise of this theme at this depth."""
    given = {"16": Style(underline=True), "none": Style(italic=True)}.get(depth, Style(bold=True))
    if depth != "truecolor":
        return Nats(NATS[depth][theme.dark], given)
    inks = (theme.secondary, theme.foreground, theme.primary, theme.accent, theme.error)
    most = Style.from_color(_rich(theme.background), _rich(theme.error))
    return Nats((*(Style.from_color(_rich(ink)) for ink in inks), most), given)


def bar(level: int) -> str:
    """A level as the height of a bar."""
    return BARS[min(level * len(BARS) // LEVELS, len(BARS) - 1)]


def shade(level: int) -> str:
    """A level as a shade."""
    return SHADES[round(level / (LEVELS - 1) * (len(SHADES) - 1))]


def worded(style: Style) -> str:
    """A style in the words that lines of pieces take: of the 256 the value, of the 16 the name.

    What has no ink of its own has that of the text, whatever the line has.
    """
    said = [] if style.color else ["$foreground"]
    said += [name for name in ("bold", "underline", "italic", "reverse", "dim")
            if getattr(style, name)]  # fmt: skip
    for before, colour in (("", style.color), ("on ", style.bgcolor)):
        if colour is not None:
            named = Color.from_rich_color(colour)
            said.append(before + (named.css if named.ansi is not None else named.hex))
    return " ".join(said)


def _stretched(steps: Sequence[Style], papers: bool) -> Ramp:
    """A ramp of these steps: each has its share of the levels."""
    share = (len(steps) - 1) / (LEVELS - 1)
    return Ramp([steps[round(level * share)] for level in range(LEVELS)], steps, papers)


def _mixed(background: Color, tint: Color, strength: float) -> Style:
    behind = background.blend(tint, _STRONGEST * strength)
    text = behind.get_contrast_text(1.0)
    ink = behind.blend(text, 0.9)
    return Style(color=ink.rich_color, bgcolor=behind.rich_color)


def _heat(value: float, panel: Color, primary: Color, accent: Color) -> Style:
    if value < _MIDDLE:
        colour = panel.blend(primary, value / _MIDDLE)
    else:
        colour = primary.blend(accent, (value - _MIDDLE) / (1 - _MIDDLE))
    return Style(bgcolor=colour.rich_color)


def _rich(colour: str) -> RichColor:
    return Color.parse(colour).rich_color
