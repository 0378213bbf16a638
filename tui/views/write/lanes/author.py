"""Has several texts of one prompt written: samples of one setting, or two settings in a duel."""

from __future__ import annotations

from dataclasses import replace

from ....writer.knobs import Setting
from ..author import Asked, Meters, Tools
from ..stage import Seen
from ..text.author import TextAuthor
from .lanes import Lanes

_COUNTS = (4, 6, 9)


class LanesAuthor:
    """What the keys do to several texts. The knobs are those of all, or of the side that is chosen.

    kind: a grid or a duel. chosen: the text that keys act on. text: the author of the one text.
    written: how often they were begun.
    """

    def __init__(self, tools: Tools, text: TextAuthor) -> None:
        self._tools, self._text = tools, text
        self.lanes = Lanes(tools.worker, tools.say)
        self.kind = Seen.GRID
        self.chosen = 0
        self.written = 0
        self._count = 0
        self._sides: tuple[Setting, Setting] | None = None

    @property
    def streaming(self) -> bool:
        """Whether they are being written."""
        return self.lanes.state.streaming

    @property
    def asked(self) -> Asked | None:
        """From what they are written; before that, from what the one text is."""
        prompt = self.lanes.prompt if self.lanes.lanes else None
        return self._text.asked if prompt is None else Asked(prompt)

    @property
    def text(self) -> str:
        """Prompt and text of the chosen one."""
        if not self.lanes.lanes:
            return self._text.text
        return (self.lanes.prompt or "") + self.lanes.lanes[self.chosen].text

    @property
    def meters(self) -> Meters:
        """How far the prompt is read; all else is said of each."""
        return Meters(read=self.lanes.read)

    def states(self) -> set[str]:
        """What holds of them, in the words of the key table."""
        of_the_text = self._text.states() & {"asked", "again", "searched"}
        streaming = {"streaming"} if self.streaming else set()
        return {"lanes", "aside", self.kind.value} | of_the_text | streaming

    def open_grid(self, prompt: str, fitting: int) -> None:
        """As many samples as there were before; the first time, as many as fit."""
        self.kind, self._count = Seen.GRID, self._count or fitting
        self.write(Asked(prompt))

    def open_duel(self, prompt: str, other: Setting) -> None:
        """The setting of now against another one, which is chosen."""
        self.kind, self._sides = Seen.DUEL, (self._tools.knobs.setting, other)
        self.choose(1)
        self.write(Asked(prompt))

    def close(self) -> None:
        """Stop, and forget them; of a duel's settings the first is that of before."""
        if self._sides is not None:
            self._tools.knobs.setting, self._sides = self._sides[0], None
        self.lanes.cancel()
        self.lanes.lanes, self.chosen = [], 0

    def next_count(self) -> None:
        """Four, six or nine samples."""
        self._count = _COUNTS[(_COUNTS.index(self._count) + 1) % len(_COUNTS)]

    def choose(self, place: int) -> None:
        """Let keys act on this one."""
        self.chosen = place
        if self._sides is not None:
            self._tools.knobs.setting = self._sides[place]

    def chosen_setting(self) -> Setting:
        """The one that writes the chosen text by itself."""
        setting = self._tools.knobs.setting
        return replace(setting, sample=self.chosen) if self.kind is Seen.GRID else setting

    def write(self, asked: Asked) -> None:
        """Write as many as are seen from a prompt, with its own dice."""
        prompt, knobs = asked.prompt, self._tools.knobs
        if prompt == self._tools.prompt.text:
            self._tools.prompt.sent = prompt
        if self.kind is Seen.GRID:
            self.chosen = min(self.chosen, self._count - 1)
            settings = [replace(knobs.setting, sample=i) for i in range(self._count)]
        else:
            assert self._sides is not None
            mine, chosen = knobs.setting, self.chosen
            theirs = replace(self._sides[1 - chosen], seed=mine.seed, sample=mine.sample,
                             length=mine.length, pace=mine.pace)  # fmt: skip
            self._sides = (theirs, mine) if chosen else (mine, theirs)
            settings = list(self._sides)
        self.written += 1
        compared = self.kind is Seen.DUEL
        self.lanes.start(prompt, settings, compared, self._text.like(prompt))

    def turn(self, setting: Setting) -> None:
        """Take a setting; the texts start again, from what is typed if that was not sent yet."""
        knobs = self._tools.knobs
        if self.kind is Seen.GRID and not setting.has_samples:
            said = "this decoder has no samples to choose from: Esc goes back to one text"
            self._tools.say(said, False)
            return
        changed = replace(setting, wanted=knobs.setting.wanted) != knobs.setting
        knobs.setting = setting
        if changed:
            self.write_again()

    def write_again(self) -> None:
        """From the prompt of what is seen; or from what is typed, if that was not sent yet."""
        asked, prompt = self.asked, self._tools.prompt
        self.write(Asked(prompt.text) if asked is None or prompt.unsent else asked)

    def regenerate(self) -> None:
        """Write all of them with the next seed."""
        setting = self._tools.knobs.setting
        self.turn(setting.with_seed(setting.seed + 1))

    def go_on(self) -> None:
        """One alone can go on."""
        self._tools.say("Enter takes the chosen text alone: then it can go on", False)

    def kept(self) -> None:
        """One alone can be exported."""
        self._tools.say("Enter takes the chosen text alone: then it can be exported", False)

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
        self.lanes.cancel()
