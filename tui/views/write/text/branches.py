"""Texts that came of one another: rivals taken, continuations, edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from charlm.decoding import is_beam

from ....writer.knobs import Setting
from ....writer.snapshots import Request
from ..comparison import parting
from .block import Block

if TYPE_CHECKING:
    from ....writer.search import Search  # the first paint does not need it


@dataclass(frozen=True)
class Wanted:
    """A text asked for. given: characters that the user gave, None for the whole prompt.

    parent: the text it branches off. again: it takes the newest one's place in the tree too.
    over: it has the same dice, and is written over what is there. heading: in the place of what it
    is written with; nobody asked for such a text.
    """

    request: Request
    setting: Setting
    given: int | None = None
    parent: Branch | None = None
    again: bool = False
    over: bool = False
    heading: str = ""

    def heading_over(self, prompt: str, model: str) -> str:
        """What it is written with, and from where on if others wrote its beginning."""
        if self.heading:
            return self.heading
        begins = 0 if self.given is None else max(0, len(prompt) - self.given)
        return self.setting.heading(model) + (f" · from {begins + 1:,} on" if begins else "")


@dataclass(eq=False)
class Branch:
    """One text and how it came to be.

    ended: the model wrote its end. over: nothing more comes. search: how a beam found it.
    children: in the order they were made; the one last shown is gone back to by redo.
    """

    request: Request
    setting: Setting
    block: Block
    parent: Branch | None = None
    over: bool = False
    ended: bool = False
    search: Search | None = None
    children: list[Branch] = field(default_factory=list)
    last_shown: Branch | None = None

    @property
    def can_continue(self) -> bool:
        """Whether the text was cut, so that it can go on."""
        return self.over and not self.ended

    @property
    def explained(self) -> bool:
        """Whether it is known of every character, and of the end, what the model thought."""
        known = self.block.trace
        return known is not None and len(known) >= len(self.block.text) + self.ended

    @property
    def left_at(self) -> int:
        """Where it left its parent's text, in characters; 0 without a parent."""
        if self.parent is None:
            return 0
        return parting(self.block.text, self.parent.block.text)

    @property
    def typed(self) -> str:
        """What it was asked from, without what was there before."""
        block = self.block
        return self.request.prompt if block.given == block.base else block.text[: block.given]

    def differs_by_a_knob(self, request: Request) -> bool:
        """Whether this text and one asked for so differ only where a knob acts.

        So they can be compared: they have one prompt and the same dice.
        """
        old = self.request
        return (
            (old.prompt, old.dice, old.seed, old.sample)
            == (request.prompt, request.dice, request.seed, request.sample)
            and not is_beam(old.strategy)
            and not is_beam(request.strategy)
        )

    def ended_at(self, text: str) -> Branch:
        """A text that came of it: its beginning, where the end was chosen. Nothing is to write."""
        block = Block(self.block.heading, text, min(self.block.given, len(text)), 80)
        block.note, block.by = "the end", self.block.by
        request = self.request._replace(prompt=text, dice="prompt", as_fed=True)
        branch = Branch(request, self.setting, block, self, over=True, ended=True)
        self.children.append(branch)
        return branch

    def join(self, old: Branch | None) -> None:
        """Take its place below its parent; that of an old one, with all that came of it."""
        if old is not None:
            self.children, self.last_shown = old.children, old.last_shown
        if self.parent is not None:
            siblings = [branch for branch in self.parent.children if branch is not old]
            self.parent.children, self.parent.last_shown = [*siblings, self], self
        for child in self.children:
            child.parent = self

    def root(self) -> Branch:
        """The first text of the tree."""
        branch = self
        while branch.parent is not None:
            branch = branch.parent
        return branch

    def walk(self) -> Iterator[tuple[Branch, tuple[bool, ...]]]:
        """This text and all below it, with, for every level, whether a sibling follows."""
        waiting: list[tuple[Branch, tuple[bool, ...]]] = [(self, ())]
        while waiting:
            branch, bars = waiting.pop()
            yield branch, bars
            last = branch.children[-1:]
            waiting += [(child, (*bars, child not in last)) for child in branch.children[::-1]]
