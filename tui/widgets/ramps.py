"""Numbers as colours: a ramp from low over nothing to high, and one from expected to surprising.

Without colour the same is said by bold, reverse, underline and italic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.app import App
from textual.color import Color

#: Levels of a ramp; the middle one is neutral where the ramp has two ends.
LEVELS = 17
_STRONGEST = 0.85
BARS = "▁▂▃▄▅▆▇█"
_LETTERS = "abcdefghi"


class Ramp:
    """LEVELS styles, from the lowest level to the highest."""

    def __init__(self, styles: Sequence[Style]) -> None:
        self.styles = tuple(styles)

    def legend(self) -> list[tuple[str, Style]]:
        """The ramp itself, as pieces of text: every second level."""
        return [
            (" " if style.bgcolor else letter, style)
            for letter, style in zip(_LETTERS, self.styles[::2], strict=True)
        ]


def ramp_of(app: App[object], *, two_ends: bool) -> Ramp:
    """In the theme's colours: from the one over the background to the other, or to that alone."""
    theme = app.current_theme
    ends = theme.primary, theme.accent or theme.primary
    return ramp(theme.background or "#000000", *ends, two_ends, not app.no_color)


@lru_cache(8)
def ramp(background: str, low: str, high: str, two_ends: bool, colour: bool) -> Ramp:
    """Between these colours; without colour, by how the characters are set."""
    paper, first, last = map(Color.parse, (background, low, high))
    styles = []
    for level in range(LEVELS):
        share = 2 * level / (LEVELS - 1) - 1 if two_ends else level / (LEVELS - 1)
        if colour:
            styles.append(_on(paper, first if share < 0 else last, abs(share)))
        else:
            styles.append(_plain(abs(share), share < 0))
    return Ramp(styles)


def bar(level: int) -> str:
    """A level as the height of a bar."""
    return BARS[min(level * len(BARS) // LEVELS, len(BARS) - 1)]


def _on(background: Color, tint: Color, strength: float) -> Style:
    behind = background.blend(tint, _STRONGEST * strength)
    text = behind.get_contrast_text(1.0)
    ink = behind.blend(text, 0.9)
    return Style(color=ink.rich_color, bgcolor=behind.rich_color)


def _plain(strength: float, low: bool) -> Style:
    if low:
        some, much = strength > 0.25 or None, strength > 0.6 or None
        return Style(underline=some, dim=some, italic=much)
    return Style(bold=strength > 0.25 or None, reverse=strength > 0.6 or None)
