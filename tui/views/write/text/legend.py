"""One line that says what the colours of surprise mean."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from ....colours.ramps import nats_of
from ....writer.thoughts import LEVELS


class Legend(Widget):
    """The levels of surprise, each in the style that it has in the text."""

    DEFAULT_CSS = "Legend { height: 1; width: 1fr; }"

    def render_line(self, y: int) -> Strip:
        """Each level and the nats at which it begins."""
        base, room = self.rich_style, self.size.width
        words = ["0", *(f"{nats:g}" for nats in LEVELS[:-1]), f"{LEVELS[-1]:g}+"]
        segments = [Segment("foreseen  " if room >= 60 else "", base)]
        text = base + Style(color=self.app.theme_variables["foreground"])
        for style, word in zip(nats_of(self.app).levels, words, strict=True):
            segments += [Segment(f" {word} ", text + style), Segment(" ", base)]
        segments.append(Segment(" surprising, in nats" if room >= 60 else "nats", base))
        return Strip(segments).crop_extend(0, room, base)
