"""The setting one writes with: decoder, knobs, pace."""

from __future__ import annotations

from charlm.options.escapes import escaped

from ...keys.states import holding
from ...writer.knobs import DECODERS, LABELS, TEXTS, Setting
from ..sheets import Ask


class Knobs:
    """Holds the setting. What a new one does to a text is for its author to say."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._known: tuple[Setting, frozenset[str]] | None = None

    @property
    def states(self) -> frozenset[str]:
        """What holds of the setting, in the words of the key table."""
        setting = self.setting
        if self._known is None or self._known[0] is not setting:
            states = frozenset(f"knob-{knob}" for knob in setting.knobs) | holding({
                "samples": setting.has_samples,
                "seeded": setting.has_seed,
                "searching": setting.is_beam,
            })  # fmt: skip
            self._known = setting, states
        return self._known[1]

    def missing(self, knob: str) -> str:
        """Why a knob cannot be turned; "" when it can."""
        has_it = knob in self.setting.knobs
        return "" if has_it else f"{DECODERS[self.setting.name]} has no {LABELS[knob]}"

    def choose(self, by: int) -> None:
        """Choose the next knob, or the one before."""
        self.setting = self.setting.with_next_chosen(by)

    def pick(self, knob: str) -> None:
        """Choose this knob."""
        while knob in self.setting.knobs and self.setting.chosen != knob:
            self.choose(1)

    def ask_for(self, name: str) -> Ask:
        """What asks for an option that is a text, as it stands; escapes are for `unescaped`."""
        text = f"{TEXTS[name].help}; \\n is a newline, none: nothing is changed"
        value = escaped(self.setting.texts[name])
        return Ask(LABELS[name].capitalize(), text, value, lambda text: "", strip=False)

    def turn_pace(self) -> str:
        """Show texts faster or slower, from the next one on; what that is, in words."""
        self.setting = self.setting.with_next_pace()
        pace = self.setting.pace
        return f"pace: {pace} characters a second" if pace else "pace: full speed"
