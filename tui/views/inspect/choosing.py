"""The keys that choose what is looked at: a unit of a gate, a place, the character in hand."""

from __future__ import annotations

from dataclasses import replace

from ..sheets import Ask
from .lines import Chosen
from .pick_list import PickList
from .picture import InspectPicture


class InspectChoosing(InspectPicture):
    """One unit of one gate or state of a layer, or one of the most surprising places."""

    def __init__(self) -> None:
        super().__init__()
        self._asking = False

    def action_surprise(self) -> None:
        """Colour by surprise, or by what a unit does."""
        self._choose(replace(self.chosen, surprise=not self.chosen.surprise))

    def action_gate(self, by: int) -> None:
        """Another gate or state."""
        if self._traced is not None:
            parts = self._traced.parts
            self.action_part(parts[(parts.index(self.chosen.part) + by) % len(parts)])

    def action_part(self, part: str) -> None:
        """This gate or state; its most varying unit."""
        self._choose(replace(self.chosen, part=part, unit=0))

    def action_layer(self, by: int) -> None:
        """Another layer; its most varying unit."""
        if self._traced is not None:
            layer = (self.chosen.layer + by) % self._traced.layers
            self._choose(replace(self.chosen, layer=layer, unit=0))

    def action_next(self, by: int) -> None:
        """The next of the list."""
        self._pick((self.chosen.place if self.chosen.surprise else self.chosen.unit) + by)

    def action_unit(self) -> None:
        """A unit by its number."""
        part = self._part()
        if part is None:
            return
        last, units = len(part.order) - 1, list(map(str, part.order))

        def wrong(word: str) -> str:
            return "" if word in units else f"a number from 0 to {last:,}"

        def given(word: str | None) -> None:
            part = self._part()  # it may be another by now
            if word and part is not None and int(word) < len(part.order):
                self._pick(list(part.order).index(int(word)))

        self._asking = True
        text = f"Which unit, from 0 to {last:,}?"
        self.app.push_screen(Ask("Go to a unit", text, "", wrong), given)

    def action_first(self) -> None:
        """The first of the list."""
        self._pick(0)

    def action_walk(self, by: int) -> None:
        """The cursor some characters on."""
        self.text.move_to(self.text.cursor + by)

    def action_lines(self, by: int) -> None:
        """The cursor some lines down."""
        self.text.move_lines(by)

    def action_ends(self, by: int) -> None:
        """The cursor to the begin or the end."""
        self.text.move_to(self.text.length if by > 0 else 0)

    def on_pick_list_picked(self, event: PickList.Picked) -> None:
        """A click in the list."""
        self._pick(event.place)

    def _choose(self, chosen: Chosen) -> None:
        self.chosen = chosen
        self._colour()
        self.show_state()

    def _pick(self, place: int) -> None:
        """The line at `place` of the list in hand."""
        if self.chosen.surprise:
            place = max(0, min(place, len(self._places) - 1))
            self._choose(replace(self.chosen, place=place))
            if self._places:
                self.text.move_to(self._places[place])
        elif (part := self._part()) is not None:
            unit = max(0, min(place, len(part.order) - 1))
            self._choose(replace(self.chosen, unit=unit))
