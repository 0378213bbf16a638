"""One line that says what the colours of surprise mean."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from ....writer.thoughts import LEVELS

#: The styles of surprise, from foreseen to surprising; the text has the same.
NATS = tuple(f"nats--{level}" for level in range(len(LEVELS) + 1))


class Legend(Widget):
    """The levels of surprise, each in its own style."""

    DEFAULT_CSS = "Legend { height: 1; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(NATS)

    def render_line(self, y: int) -> Strip:
        """Each level and the nats at which it begins."""
        base, room = self.rich_style, self.size.width
        words = ["0", *(f"{nats:g}" for nats in LEVELS[:-1]), f"{LEVELS[-1]:g}+"]
        segments = [Segment("foreseen  " if room >= 60 else "", base)]
        for name, word in zip(NATS, words, strict=True):
            style = base + self.get_component_rich_style(name, partial=True)
            segments += [Segment(f" {word} ", style), Segment(" ", base)]
        segments.append(Segment(" surprising, in nats" if room >= 60 else "nats", base))
        return Strip(segments).crop_extend(0, room, base)
