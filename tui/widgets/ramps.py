"""Numbers as colours: a ramp from low over nothing to high, and one from expected to surprising.

Without colour the same is said by bold, reverse, underline and italic.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
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


def two_ended(low: Color, high: Color, background: Color, colour: bool) -> Ramp:
    """From `low` over the background to `high`."""
    middle = LEVELS // 2
    if not colour:
        return Ramp([_plain(abs(i - middle) / middle, i < middle) for i in range(LEVELS)])
    return Ramp(
        [
            _on(background, low if i < middle else high, abs(i - middle) / middle)
            for i in range(LEVELS)
        ]
    )


def one_ended(high: Color, background: Color, colour: bool) -> Ramp:
    """From the background to `high`."""
    if not colour:
        return Ramp([_plain(i / (LEVELS - 1), False) for i in range(LEVELS)])
    return Ramp([_on(background, high, i / (LEVELS - 1)) for i in range(LEVELS)])


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
