"""What is looked into, and its picture: the colours of the text, the list beside it."""

from __future__ import annotations

from dataclasses import replace

from rich.segment import Segment
from rich.style import Style

from charlm.model.cells import CELLS

from ...colours.ramps import CURSOR, Ramp, ramp_of
from .drawing import (
    most_surprising,
    one_cell,
    place_line,
    strip_segments,
    surprise_levels,
    unit_levels,
    window,
)
from .heat_text import HeatText
from .lines import Chosen
from .pick_list import PickList
from .snapshots import Part, Scored, Traced


class Picture:
    """Scores and traces of one text, what is chosen of them, and how that is drawn.

    text, rows: the widgets that it draws in. `chosen`: one unit of one gate or state of a layer,
    and one of the most surprising places. `ends`: the values that the ends of the colours mean.
    """

    def __init__(self, text: HeatText, rows: PickList) -> None:
        self._text, self._rows = text, rows
        self.scored: Scored | None = None
        self.traced: Traced | None = None
        self.chosen = Chosen()
        self.ends = (0.0, 1.0)
        self._places: list[int] = []

    def score(self, scored: Scored) -> None:
        """Show another text; what its units do comes later."""
        self.scored, self.traced = scored, None
        self._places = most_surprising(scored)
        self._text.show(scored.characters)
        self.choose(replace(self.chosen, unit=0, place=0))

    def trace(self, traced: Traced) -> None:
        """Show what the units did; layer and gate stay, where the model has them."""
        self.traced = traced
        part = self.chosen.part if self.chosen.part in traced.parts else "h"
        layer = min(self.chosen.layer, traced.layers - 1)
        self.choose(replace(self.chosen, part=part, layer=layer, unit=0))

    @property
    def part(self) -> Part | None:
        """The chosen gate or state, None while it is not known."""
        if self.traced is None:
            return None
        return self.traced.traces[self.chosen.layer, self.chosen.part]

    @property
    def value(self) -> float | None:
        """What the chosen unit did at the character in hand, None where that is not known."""
        part, place = self.part, self._text.cursor
        if part is None or self.chosen.surprise or not 0 <= place < len(part.values):
            return None
        value = float(part.values[place, part.order[self.chosen.unit]])
        return value if value == value else None

    @property
    def ramp(self) -> Ramp:
        """The colours, in those of the theme."""
        return ramp_of(self._text.app, two_ends=not self.chosen.surprise)

    # What is chosen.

    def choose(self, chosen: Chosen) -> None:
        """Look at this."""
        self.chosen = chosen
        self.colour()

    def choose_part(self, part: str) -> None:
        """Look at this gate or state; its most varying unit."""
        self.choose(replace(self.chosen, part=part, unit=0))

    def next_part(self, by: int) -> None:
        """Look at another gate or state."""
        if self.traced is not None:
            parts = self.traced.parts
            self.choose_part(parts[(parts.index(self.chosen.part) + by) % len(parts)])

    def next_layer(self, by: int) -> None:
        """Look at another layer; its most varying unit."""
        if self.traced is not None:
            layer = (self.chosen.layer + by) % self.traced.layers
            self.choose(replace(self.chosen, layer=layer, unit=0))

    def next(self, by: int) -> None:
        """Look at another line of the list."""
        self.pick((self.chosen.place if self.chosen.surprise else self.chosen.unit) + by)

    def pick(self, place: int) -> None:
        """Look at the line at `place` of the list, or at the nearest."""
        part = self.part
        if self.chosen.surprise:
            place = max(0, min(place, len(self._places) - 1))
            self.choose(replace(self.chosen, place=place))
            if self._places:
                self._text.move_to(self._places[place])
        elif part is not None:
            unit = max(0, min(place, len(part.order) - 1))
            self.choose(replace(self.chosen, unit=unit))

    def pick_unit(self, unit: int) -> None:
        """Look at a unit by its number, if there is such a one."""
        part = self.part
        if part is not None and unit < len(part.order):
            self.pick(list(part.order).index(unit))

    # How it is drawn.

    def colour(self) -> None:
        """Draw levels and list anew."""
        if self.scored is None:
            return
        ramp, part = self.ramp, self.part
        if self.chosen.surprise:
            self._text.set_levels(surprise_levels(self.scored).tolist(), ramp.styles)
        elif part is not None and self.traced is not None:
            meaning = CELLS[self.traced.cell].parts[self.chosen.part]
            found = unit_levels(part, int(part.order[self.chosen.unit]), meaning)
            self.ends = found.low, found.high
            self._text.set_levels(found.levels.tolist(), ramp.styles)
        else:
            self._text.set_levels((), ramp.styles)
        self.draw_list()

    def draw_list(self) -> None:
        """Draw the units and what they do around the cursor, or the most surprising places."""
        part, chosen = self.part, self.chosen
        if chosen.surprise:
            self._rows.show(len(self._places), chosen.place, self._place_head, self._place)
        elif part is not None:
            self._rows.show(len(part.order), chosen.unit, self._unit_head, self._unit)
        else:
            self._rows.show(0, 0, _nothing, _nothing)

    def _place_head(self, place: int, width: int, base: Style) -> list[Segment]:
        return [Segment("The most surprising characters" if self._places else "", base)]

    def _place(self, place: int, width: int, base: Style) -> list[Segment]:
        if self.scored is None or place >= len(self._places):
            return []
        return place_line(self.scored, self._places[place], width, base, self.ramp.styles[-1])

    def _unit_head(self, place: int, width: int, base: Style) -> list[Segment]:
        """The text itself, over the strips."""
        cursor = self._text.cursor
        head = f"{'unit':>5}  {'varies':>6}  "
        start, end = window(cursor, self._text.length, width - len(head))
        text = "".join(map(one_cell, self.scored.characters[start:end] if self.scored else ""))
        here = cursor - start
        return [
            Segment(head + text[:here], base),
            Segment(text[here : here + 1], base + CURSOR),
            Segment(text[here + 1 :], base),
        ]

    def _unit(self, place: int, width: int, base: Style) -> list[Segment]:
        part, traced = self.part, self.traced
        if part is None or traced is None:
            return []
        unit = int(part.order[place])
        meaning = CELLS[traced.cell].parts[self.chosen.part]
        levels = unit_levels(part, unit, meaning).levels
        head = f"{unit:>5}  {part.spread[unit]:6.3f}  "
        start, end = window(self._text.cursor, self._text.length, width - len(head))
        shown = levels[start:end].tolist()
        strip = strip_segments(shown, self.ramp, base)
        return [Segment(head, base), *strip]


def _nothing(place: int, width: int, base: Style) -> list[Segment]:
    return []
