"""What is kept of the model one writes with: handed over as it changes, brought back with it."""

from __future__ import annotations

from dataclasses import replace

from ...writer.kept.cut import MOST_PROMPTS
from ...writer.kept.keeper import Keeper
from ...writer.kept.values import Kept
from ...writer.knobs import Setting
from ...writer.snapshots import Loaded, ModelFacts
from .author import Tools
from .text.kept_texts import are_of, blocks_of, branches_of, seen_of, tree_of, without_pace
from .text.stage import TextStage

#: What is asked before all is forgotten.
ALL = (
    "The prompts and texts of every model that are kept for the next time,",
    "and all that are on this screen. What was saved as a file stays.",
)


class Keeping:
    """Between the view and the thread that keeps. keeper: None where nothing is to be kept.

    said_decoder: the one to begin with was chosen for this start, so it goes before what was kept.
    """

    def __init__(
        self, keeper: Keeper | None, tools: Tools, text: TextStage, said_decoder: bool
    ) -> None:
        self._keeper, self._tools, self._text = keeper, tools, text
        self._first, self._said_decoder = tools.knobs.setting, said_decoder
        #: Sent to this model; and to one that is being read.
        self._prompts: list[str] = []
        self._early: list[str] = []
        self._looked: tuple[object, ...] = ()
        self._sent = 0

    def sent(self, prompt: str) -> None:
        """This was written from."""
        self._sent += 1
        prompts = self._early if self._tools.model.loading else self._prompts
        if prompt and prompt not in prompts[-1:]:
            prompts.append(prompt)

    def look(self) -> None:
        """Keep what there is, if a text ended or something else changed."""
        writing, view = self._text.writing, self._text.view
        if self._text.author.streaming:
            return
        if self._early and not self._tools.model.loading:  # it could not be read
            self._prompts, self._early = [*self._prompts, *self._early], []
        setting, facts = self._tools.knobs.setting, self._tools.model.facts
        looked = (facts, writing.shown, len(view.blocks), setting, self._sent)
        if looked != self._looked:
            self._looked = looked
            self.save()

    def save(self) -> None:
        """Keep what there is of the model that writes."""
        facts = self._tools.model.facts
        if self._keeper is None or facts is None:
            return
        kept = self._gathered(facts)
        if kept.prompts or kept.texts or kept.branches:
            self._keeper.save(facts, kept)

    def follow(self, before: ModelFacts | None, loaded: Loaded) -> None:
        """Bring back what was kept of a model that has come, in the place of another or none."""
        facts, kept = loaded.facts, loaded.kept
        if before is not None and before.identity == facts.identity:
            return
        self._prompts, self._early = self._early, []
        if kept is None:
            return
        self._prompts = [*kept.prompts, *self._prompts]
        self._tools.prompt.remember(kept.prompts)
        if before is None and not self._text.author.streaming:
            self._take_knobs(kept.setting)
        if self._text.writing.now is None:
            self._bring_back(kept, facts.identity)

    def question(self) -> tuple[str, ...]:
        """What is asked before a model's are forgotten."""
        facts = self._tools.model.facts
        keeps = facts is not None and self._keeper is not None and self._keeper.keeps(facts)
        if facts is None or not keeps:
            return ("The prompts and texts on this screen; nothing of them is kept.",)
        return (
            f"The prompts and texts of {facts.name} that are kept for the next time,",
            "and all that are on this screen. What was saved as a file stays.",
        )

    def forget(self) -> None:
        """Keep nothing of this model, and clear the screen of its prompts and of all texts."""
        facts = self._tools.model.facts
        if self._keeper is not None and facts is not None:
            self._keeper.forget(facts)
        self._prompts.clear()
        self._tools.prompt.forget()
        self._text.writing.forget()

    def forget_all(self) -> None:
        """Keep nothing of any model."""
        if self._keeper is not None:
            self._keeper.forget()
        self.forget()

    def told(self) -> list[str]:
        """What went wrong with keeping, since the last time."""
        return [] if self._keeper is None else list(self._keeper.take())

    def _take_knobs(self, setting: Setting) -> None:
        """Those that were in use, unless others were chosen since the start."""
        knobs = self._tools.knobs
        if knobs.setting is self._first:
            name = self._first.name if self._said_decoder else setting.name
            knobs.setting = replace(setting, name=name, pace=self._first.pace)

    def _bring_back(self, kept: Kept, identity: str) -> None:
        """Its texts stand below all others, as they were."""
        view, width = self._text.view, self._text.view.text_width
        branches = branches_of(kept, identity, width)
        shown = branches[kept.shown] if branches else None
        blocks = blocks_of(kept.texts, identity, width) + ([shown.block] if shown else [])
        if blocks:
            others = [block for block in view.blocks if not are_of(block, identity)]
            view.put([*others, *blocks])
        if shown is not None:
            self._text.writing.bring_back(shown)

    def _gathered(self, facts: ModelFacts) -> Kept:
        writing, blocks = self._text.writing, self._text.view.blocks
        shown, identity = writing.shown, facts.identity
        if writing.now is not None or shown is not None:
            blocks = blocks[:-1]  # what is shown stands in its tree
        texts = tuple(seen_of(block) for block in blocks if are_of(block, identity))
        setting = without_pace(self._tools.knobs.setting)
        kept = Kept(tuple(self._prompts[-MOST_PROMPTS:]), setting, texts)
        if shown is None or not are_of(shown.block, identity):
            return kept
        branches, place = tree_of(shown)
        return kept._replace(branches=branches, shown=place)
