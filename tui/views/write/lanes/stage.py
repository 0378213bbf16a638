"""Several texts in the place of one: a grid of samples, a duel of two settings."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from ....keys.table import key_named
from ....widgets.ramps import ramp_of
from ....writer.knobs import Setting
from ..beams.stage import Stage, StageActions
from .lanes import Lanes
from .lanes_head import lanes_head

if TYPE_CHECKING:
    from ....writer.snapshots import Request
    from .lanes_view import LanesView

_COUNTS = (4, 6, 9)
#: Widths from which texts stand in two, in three columns.
_TWO, _THREE = 50, 100
_SIDES = ("A", "B")


class LaneActions(StageActions):
    """The keys of the grid and of the duel.

    The knobs are those of the grid, or of the side of the duel that is chosen.
    """

    _count = 0
    _lane = 0
    _sides: tuple[Setting, Setting] | None = None

    @cached_property
    def lanes(self) -> Lanes:
        """The texts that are written side by side."""
        return Lanes(self._worker, self.say)

    @property
    def in_lanes(self) -> bool:
        """Whether several texts are what is seen."""
        return self.stage in ("grid", "duel")

    def action_grid(self) -> None:
        """Several samples of the prompt, or one text again."""
        if self.stage == "grid":
            self.set_stage("text")
        elif not self.setting.has_samples:
            self.say("this decoder has no samples to choose from: take sampling or nucleus first")
        elif self._has_model():
            self._count = self._count or self._fitting_count()
            prompt = self._asked_prompt
            self.set_stage("grid")
            self._write_lanes(prompt)

    def action_cells(self) -> None:
        """Four, six or nine samples."""
        self._count = _COUNTS[(_COUNTS.index(self._count) + 1) % len(_COUNTS)]
        self._write_lanes(self._asked_prompt)

    def action_duel(self) -> None:
        """Two settings on one prompt and the same dice, or one text again."""
        if self.stage == "duel":
            self.set_stage("text")
        elif self._has_model():
            other = self.setting.with_decoder(
                "greedy" if self.setting.name != "greedy" else "nucleus"
            )
            prompt = self._asked_prompt
            self.set_stage("duel")
            self._sides = (self.setting, other)
            self._choose_lane(1)
            self._write_lanes(prompt)

    def action_walk(self, way: str) -> None:
        """Choose among the texts; in one text, walk."""
        if not self.in_lanes:
            super().action_walk(way)
        elif self.stage == "duel":
            self._choose_lane(1 - self._lane)
        elif self.lanes_panel is not None and self.lanes_panel.is_mounted:
            self._choose_lane(self.lanes_panel.view.towards(way))

    def action_rival(self, place: int) -> None:
        """Take a sample by its number, choose a side; in one text, choose a rival."""
        if not self.in_lanes:
            super().action_rival(place)
        elif place < len(self.lanes.lanes):
            self._choose_lane(place)
            if self.stage == "grid":
                self.take_lane()

    def action_enter(self) -> None:
        """The chosen text becomes the text."""
        if self.in_lanes and self.lanes.lanes:
            self.take_lane()
        else:
            super().action_enter()

    def scroll_lanes(self, pages: int | None) -> bool:
        """Pages on or back in all texts, None: their newest lines; False where one is seen."""
        if self.in_lanes and self.lanes_panel is not None and self.lanes_panel.is_mounted:
            view = self.lanes_panel.view
            if pages is None:
                view.seek(None)
            else:
                view.move(pages * view.page)
        return self.in_lanes

    def on_lanes_view_clicked(self, event: LanesView.Clicked) -> None:
        """A click chooses, a second one takes."""
        self._choose_lane(event.lane)
        if event.chain > 1:
            self.take_lane()

    def take_lane(self) -> None:
        """Go on with the chosen text alone: it is written again, what is there at once."""
        prompt, known = self.lanes.prompt, self.lanes.lanes[self._lane].text
        if prompt is None:
            return
        setting = self.setting
        if self.stage == "grid":
            setting = replace(setting, sample=self._lane)
        self.set_stage("text")
        self.setting = setting
        self.writing.write(prompt, setting, known=known, like=self._like(prompt))
        self.show_state()

    def regenerate_lanes(self) -> bool:
        """Write all of them with the next seed; False where one text is seen."""
        if self.in_lanes:
            self._set(self.setting.with_seed(self.setting.seed + 1))
        return self.in_lanes

    @property
    def shown_prompt(self) -> str | None:
        """That of the texts side by side, where they are seen."""
        return self.lanes.prompt if self.in_lanes else super().shown_prompt

    def lane_text(self) -> str | None:
        """Prompt and text of the chosen one; None where one text is seen."""
        if not self.in_lanes or not self.lanes.lanes:
            return None
        return (self.lanes.prompt or "") + self.lanes.lanes[self._lane].text

    def load(self, path: Path) -> None:
        """Read a model; what is being written stops."""
        self.lanes.cancel()
        super().load(path)

    def set_stage(self, stage: Stage) -> None:
        """Show this in the place of the text; what is written for another stops."""
        if self._sides is not None:
            self.setting, self._sides = self._sides[0], None
        if stage == "text" and self.in_lanes and self.writing.now is not None:
            # The text is what it was: so are the knobs above it.
            self.setting = replace(self.writing.now.setting, pace=self.setting.pace)
        if self.in_lanes:
            self.lanes.cancel()
        elif stage in ("grid", "duel") and self.writing.streaming:
            self.writing.cancel()
            on = key_named("continue", "write")
            self.say(f"the text stopped where it was: back in it, {on} goes on")
        self.lanes.lanes, self._lane = [], 0
        super().set_stage(stage)
        self.place_panels()

    def place_panels(self, size: Size | None = None) -> None:
        """No curves beside several texts."""
        super().place_panels(size)
        if self.in_lanes:
            self.panel.display = False

    def lane_states(self) -> set[str]:
        """What holds of them, in the words of the key table."""
        holds = {"streaming": self.lanes.streaming, "lanes": self.in_lanes}
        return {state for state, holding in holds.items() if holding}

    def show_stage(self) -> None:
        """What is seen, as the writing stands."""
        super().show_stage()
        panel, lanes = self.lanes_panel, self.lanes.lanes
        if not self.in_lanes or not lanes or panel is None or not panel.is_mounted:
            return
        duel = self.stage == "duel"
        width = self.size.width
        columns = 1 if width < _TWO else 3 if len(lanes) > 4 and width >= _THREE else 2
        if duel:
            columns = 2 if width >= _THREE else 1
        names = [f"{i + 1}" for i in range(len(lanes))]
        if duel:
            names = [f" {side}  {lane.title}" for side, lane in zip(_SIDES, lanes, strict=True)]
        panel.view.show(lanes, self.lanes.prompt or "", names, columns, self._lane, duel)
        ramp = ramp_of(self.app, two_ends=True) if duel else None
        panel.head.set_pieces(lanes_head(lanes, ramp, panel.view.hides))

    def _set(self, setting: Setting) -> None:
        """Take a setting; in the grid and the duel the texts start again."""
        if not self.in_lanes:
            super()._set(setting)
            return
        if self.stage == "grid" and not setting.has_samples:
            self.say("this decoder has no samples to choose from: Esc goes back to one text")
            return
        changed = replace(setting, wanted=self.setting.wanted) != self.setting
        self.setting = setting
        if changed:
            self._write_lanes(self._asked_prompt)
        self.show_state()

    def _write(self, prompt: str, given: int | None = None, like: Request | None = None) -> None:
        """Write on from a prompt: one text, or as many as are seen, with its own dice."""
        if self.in_lanes and self._has_model():
            self._write_lanes(prompt)
            self.focus_stage()
        else:
            super()._write(prompt, given, like)

    def _write_lanes(self, prompt: str) -> None:
        if prompt == self.prompt.text:
            self.prompt.sent = prompt
        if self.stage == "grid":
            self._lane = min(self._lane, self._count - 1)
            settings = [replace(self.setting, sample=i) for i in range(self._count)]
        else:
            assert self._sides is not None
            mine, chosen = self.setting, self._lane
            theirs = replace(self._sides[1 - chosen], seed=mine.seed, sample=mine.sample,
                             length=mine.length, pace=mine.pace)  # fmt: skip
            self._sides = (theirs, mine) if chosen else (mine, theirs)
            settings = list(self._sides)
        if self.lanes_panel is not None and self.lanes_panel.is_mounted:
            self.lanes_panel.view.seek(0)
        self.lanes.start(prompt, settings, self.stage == "duel", self._like(prompt))
        self.show_state()

    def _choose_lane(self, place: int) -> None:
        self._lane = place
        if self._sides is not None:
            self.setting = self._sides[place]
        self.show_state()

    @property
    def _asked_prompt(self) -> str:
        """The prompt of what is seen; or what is typed, if that was not written with yet."""
        prompt = self.lanes.prompt if self.in_lanes and self.lanes.lanes else self.writing.prompt
        return self.prompt.text if prompt is None or self.prompt.unsent else prompt

    def _like(self, prompt: str) -> Request | None:
        """The request of the text that has this prompt, if that is the one below."""
        newest = self.writing.newest
        return newest if newest is not None and newest.prompt == prompt else None

    def _fitting_count(self) -> int:
        wide, high = self.size.width >= _THREE, self.size.height
        return 9 if wide and high >= 36 else 6 if wide or high >= 32 else 4
