"""What is looked into, and its picture: the colours of the text, the lists beside it."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from charlm.model.cells import CELLS

from ...widgets.ramps import Ramp, ramp_of
from ..base import View
from .drawing import (
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


class InspectPicture(View):
    """Scores and traces of one text, what is chosen of them, and how that is drawn."""

    view_name = "inspect"

    def __init__(self) -> None:
        super().__init__()
        self._scored: Scored | None = None
        self._traced: Traced | None = None
        self._places: list[int] = []
        self._ends = (0.0, 1.0)
        self.chosen = Chosen()

    def find_parts(self) -> None:
        """Call at the begin of `on_mount`: the text has the cursor."""
        self.text = self.query_one(HeatText)
        self.list = self.query_one(PickList)
        self.text.focus()
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._colour())

    def on_heat_text_moved(self) -> None:
        """Tell of the character in hand; the strips follow it."""
        self._show_list()
        self.show_status()

    def _part(self) -> Part | None:
        if self._traced is None:
            return None
        return self._traced.traces[self.chosen.layer, self.chosen.part]

    def _value(self, place: int) -> float | None:
        part = self._part()
        if part is None or self.chosen.surprise or not 0 <= place < len(part.values):
            return None
        value = float(part.values[place, part.order[self.chosen.unit]])
        return value if value == value else None

    def _ramp(self) -> Ramp:
        return ramp_of(self.app, two_ends=not self.chosen.surprise)

    def _colour(self) -> None:
        """Levels and list anew."""
        if self._scored is None:
            return
        ramp, part = self._ramp(), self._part()
        if self.chosen.surprise:
            self.text.set_levels(surprise_levels(self._scored).tolist(), ramp.styles)
        elif part is not None and self._traced is not None:
            meaning = CELLS[self._traced.cell].parts[self.chosen.part]
            found = unit_levels(part, int(part.order[self.chosen.unit]), meaning)
            self._ends = found.low, found.high
            self.text.set_levels(found.levels.tolist(), ramp.styles)
        else:
            self.text.set_levels((), ramp.styles)
        self._show_list()

    def _show_list(self) -> None:
        """Units and what they do around the cursor, or the most surprising places."""
        part = self._part()
        if self.chosen.surprise:
            self.list.show(len(self._places), self.chosen.place, self._draw_place_head,
                           self._draw_place)  # fmt: skip
        elif part is not None:
            self.list.show(len(part.order), self.chosen.unit, self._draw_unit_head,
                           self._draw_unit)  # fmt: skip
        else:
            self.list.show(0, 0, self._draw_nothing, self._draw_nothing)

    def _draw_nothing(self, place: int, width: int, base: Style) -> list[Segment]:
        return []

    def _draw_place_head(self, place: int, width: int, base: Style) -> list[Segment]:
        return [Segment("The most surprising characters" if self._places else "", base)]

    def _draw_unit_head(self, place: int, width: int, base: Style) -> list[Segment]:
        """The text itself, over the strips."""
        cursor = self.text.cursor
        head = f"{'unit':>5}  {'varies':>6}  "
        start, end = window(cursor, self.text.length, width - len(head))
        text = "".join(map(one_cell, self._scored.characters[start:end] if self._scored else ""))
        here = cursor - start
        return [
            Segment(head + text[:here], base),
            Segment(text[here : here + 1], base + Style(reverse=True, bold=True)),
            Segment(text[here + 1 :], base),
        ]

    def _draw_unit(self, place: int, width: int, base: Style) -> list[Segment]:
        part, traced = self._part(), self._traced
        if part is None or traced is None:
            return []
        unit = int(part.order[place])
        meaning = CELLS[traced.cell].parts[self.chosen.part]
        levels = unit_levels(part, unit, meaning).levels
        head = f"{unit:>5}  {part.spread[unit]:6.3f}  "
        start, end = window(self.text.cursor, self.text.length, width - len(head))
        shown = levels[start:end].tolist()
        strip = strip_segments(shown, self._ramp(), base, not self.app.no_color)
        return [Segment(head, base), *strip]

    def _draw_place(self, place: int, width: int, base: Style) -> list[Segment]:
        if self._scored is None or place >= len(self._places):
            return []
        strong = self._ramp().styles[-1]
        return place_line(self._scored, self._places[place], width, base, strong)
