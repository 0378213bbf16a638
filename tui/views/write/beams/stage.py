"""What stands in the place of the text: the beams of a search, or several texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.widget import Widget

from charlm.decoding import BeamSearch, Strategy, is_beam

from ....keys.table import key_named
from ..text.stage import TextActions

if TYPE_CHECKING:
    from ..lanes.lanes_view import LanesPanel
    from .lattice import Lattice

Stage = Literal["text", "beams", "grid", "duel"]


class StageActions(TextActions):
    """The keys that change what is seen of what is written."""

    stage: Stage = "text"
    lattice: Lattice | None = None
    lanes_panel: LanesPanel | None = None

    def action_beams(self) -> None:
        """The hypotheses of the search, or the text again."""
        if self.stage != "beams" and "searched" not in self.states():
            beam, nucleus_beam = (
                key_named(f"decoder('{name}')", self.view_name) for name in ("beam", "nucleus-beam")
            )
            self.say(f"this decoder follows one text: {beam} and {nucleus_beam} search among many")
        else:
            self.set_stage("text" if self.stage == "beams" else "beams")

    def action_step(self, by: int) -> None:
        """Back and on in the search."""
        if self.lattice is not None and self.lattice.is_mounted:
            self.lattice.step(by)

    def action_walk(self, way: str) -> None:
        """In the text, or in the search: its first position, the newest, or so many on."""
        if self.stage == "text":
            super().action_walk(way)
        elif self.lattice is not None and self.lattice.is_mounted:
            if way in ("home", "end"):
                self.lattice.seek(0 if way == "home" else None)
            else:
                self.lattice.step({"left": -1, "right": 1, "up": -10, "down": 10}[way])

    def action_surprise(self) -> None:
        """The colours are those of the text: show it."""
        if "lanes" in self.states():
            self.say("Enter takes the chosen text alone: then its surprise can be seen")
            return
        if self.stage != "text":
            self.set_stage("text")
        super().action_surprise()

    def action_play(self) -> None:
        """Play the search from here, or hold."""
        if self.lattice is not None:
            self.lattice.play()
            self.show_state()

    def set_stage(self, stage: Stage) -> None:
        """Show this in the place of the text."""
        if self.view.cursor is not None:
            self.hide_cursor()
        self.stage = stage
        seen = self._stage_widget()
        for other in (self.query_one("#text-area"), self.lattice, self.lanes_panel):
            if other is not None:
                other.display = other is seen
        if not self.prompt.has_focus or stage != "text":
            self.focus_stage()
        self.show_state()

    def focus_stage(self) -> None:
        """The keys go to what is seen above the prompt."""
        (self.view if self.stage == "text" else self._stage_widget()).focus()

    def _stage_widget(self) -> Widget:
        """What shows the stage, made when it is first seen: the first paint needs none of it."""
        if self.stage == "text":
            return self.query_one("#text-area")
        if self.stage == "beams":
            if self.lattice is None:
                from .lattice import Lattice

                self.lattice = Lattice(id="lattice")
                self.query_one("#body").mount(self.lattice, before=self.panel)
            return self.lattice
        if self.lanes_panel is None:
            from ..lanes.lanes_view import LanesPanel

            self.lanes_panel = LanesPanel(id="lanes-panel")
            self.query_one("#body").mount(self.lanes_panel, before=self.panel)
        return self.lanes_panel

    def help_group(self) -> str:
        """What the keys do to what is seen."""
        return {"beams": "Beams", "grid": "Side by side", "duel": "Side by side"}.get(
            self.stage, ""
        )

    def stage_states(self) -> set[str]:
        """What holds of the stage, in the words of the key table."""
        now = self.writing.now
        searched = self.setting.is_beam or (now is not None and now.search is not None)
        playing = self.stage == "beams" and self.lattice is not None and self.lattice.playing
        holds = {self.stage: True, "searched": searched, "playing": playing,
                 "aside": self.stage != "text"}  # fmt: skip
        return {state for state, holding in holds.items() if holding} - {"text"}

    def show_stage(self) -> None:
        """What is seen, as the writing stands."""
        now = self.writing.now
        if self.stage == "beams" and now is not None and not is_beam(now.request.strategy):
            self.set_stage("text")
        if self.stage == "beams" and self.lattice is not None:
            prompt = now.block.text[: now.block.base] if now is not None else ""
            score = _score(now.request.strategy) if now is not None else ""
            search = now.search if now is not None else None
            self.lattice.show(search, prompt, score, now is not None and now.over)


def _score(strategy: Strategy) -> str:
    """What a search ranks its texts by, in words."""
    penalty = getattr(strategy, "length_penalty", 0)
    what = "sum of log p" if isinstance(strategy, BeamSearch) else "log p in the nucleus"
    return what + (f" / length^{penalty:g}" if penalty else "")
