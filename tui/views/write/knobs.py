"""The keys that turn knobs and choose decoders."""

from __future__ import annotations

from ...writer.knobs import DECODERS, LABELS
from .base import WriteBase


class KnobActions(WriteBase):
    """Decoder, knobs, pace."""

    def action_decoder(self, name: str) -> None:
        """Another decoder; the text starts again from the prompt."""
        self._set(self.setting.with_decoder(name))

    def action_knob(self, knob: str, by: int) -> None:
        """Move one knob."""
        if knob not in self.setting.knobs:
            self.say(f"{DECODERS[self.setting.name]} has no {LABELS[knob]}")
            return
        self._set(self.setting.moved(knob, by))

    def action_turn(self, by: int) -> None:
        """Move the chosen knob."""
        self.action_knob(self.setting.chosen, by)

    def action_choose(self, by: int) -> None:
        """Choose the next knob."""
        self.setting = self.setting.with_next_chosen(by)
        self.show_state()

    def action_pick(self, knob: str) -> None:
        """Choose this knob."""
        while knob in self.setting.knobs and self.setting.chosen != knob:
            self.setting = self.setting.with_next_chosen(1)
        self.show_state()

    def action_pace(self) -> None:
        """Show the text faster or slower, from the next text on."""
        self.setting = self.setting.with_next_pace()
        pace = self.setting.pace
        self.say(f"pace: {pace} characters a second" if pace else "pace: full speed")
