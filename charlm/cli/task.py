"""What `write` is to write, and how it comes to sessions that decode it in groups."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from charlm import dice
from charlm.cli.continued import NamedTexts, Written
from charlm.cli.groups import (
    ROWS_ON_DEVICE,
    ROWS_PER_THREAD,
    Group,
    sampled_groups,
    searched_groups,
)
from charlm.cli.out_file import OutFile
from charlm.cli.output import place_of
from charlm.cli.prompt_files import GivenPrompt
from charlm.decoding import BeamSearch, NucleusBeam, is_beam
from charlm.engine.engine import Engine
from charlm.engine.events import Completion
from charlm.engine.prompt_state import PromptState
from charlm.engine.prompts import Prompt
from charlm.engine.records import Order, common_part
from charlm.engine.session import Session
from charlm.errors import CharlmError, report_notice
from charlm.text.vocabulary import Unknown
from charlm.wording import counted


@dataclass(frozen=True)
class Task:
    """What to write. n: samples of each prompt, or how many of a beam's best.

    dice: "prompt", "shared", or a name. state: a file to begin from; each prompt follows it.
    save_state: a file for the state after the one text. out: a file in place of standard output;
    go_on: with the records that it holds. drawn: whether the seed was drawn for this call.
    """

    checkpoint: str
    prompts: list[GivenPrompt]
    order: Order
    n: int
    unknown: Unknown
    threads: int
    device: str = "cpu"
    dice: str = "prompt"
    state: str | None = None
    save_state: str | None = None
    out: str | None = None
    go_on: bool = False
    drawn: bool = False

    @property
    def go_on_by(self) -> str:
        """The options by which a command goes on with its records; "" where none can."""
        if self.order.limits.seconds is not None or self.save_state is not None:
            return ""
        return f"--seed {self.order.seed} --continue" if self.drawn else "--continue"


class Texts:
    """The texts of a task: what names each, and the sessions that decode them in groups."""

    def __init__(self, engine: Engine, task: Task) -> None:
        self.engine, self.order, self.n = engine, task.order, task.n
        self._dice = task.dice
        self.beam = is_beam(task.order.strategy)
        self.ids = [prompt.id for prompt in task.prompts]
        self.prompts, notices = engine.read_prompts(_begun(task), task.unknown)
        for notice in notices:
            report_notice(notice)
        self._firsts = engine.sample_indices(self.prompts, task.order.strategy, n=task.n)
        self.written = Written()
        #: The first text that the model could not go on with: prompt, place, length.
        self._overflow: tuple[int, int, int] | None = None
        seconds = task.order.limits.seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._start([], [], task.n)  # so that what is wrong with the options is said first

    def groups(self) -> Iterator[Group]:
        """What is decoded together, in order, behind what was written before."""
        rows = ROWS_PER_THREAD * self.engine.threads
        if self.engine.device != "cpu":
            rows = ROWS_ON_DEVICE
        count, strategy, begun = len(self.prompts), self.order.strategy, self.written
        if isinstance(strategy, BeamSearch | NucleusBeam):
            return searched_groups(count, self.n, strategy.width, rows, begun.prompt)
        return sampled_groups(count, self.n, rows, begun.prompt, begun.place)

    def begin(self, group: Group) -> Session:
        """A session for the texts of a group."""
        prompts = self.prompts[group.begin : group.end]
        firsts = [first + group.skip for first in self._firsts[group.begin : group.end]]
        return self._start(prompts, firsts, group.n)

    def _start(self, prompts: list[Prompt], firsts: list[int], n: int) -> Session:
        order, limits = self.order, self.order.limits
        if self._deadline is not None:  # it is one for all groups
            left = max(1e-9, self._deadline - time.monotonic())
            limits = replace(limits, seconds=left)
        return self.engine.start(
            prompts,
            order.strategy,
            n=n,
            first_sample=firsts,
            details=order.details,
            seed=order.seed,
            dice=self._dice,
            **asdict(limits),
        )

    def named(self) -> NamedTexts:
        """What names each text before it is decoded."""
        called = [
            ({} if id is None else {"id": id})
            | {"dice": dice.spelled(dice.choose(self._dice, prompt.dice)), "sample": first}
            for id, prompt, first in zip(self.ids, self.prompts, self._firsts, strict=True)
        ]
        common, prompts = common_part(self.engine, self.order), [p.text for p in self.prompts]
        return NamedTexts(common, called, prompts, self.n, self.beam, self.order.details)

    def go_on_with(self, written: Written, out: OutFile) -> int:
        """Leave out what a file holds already; how many of its bytes stay.

        The texts of a search that was broken off come again, as a search may find fewer of them.
        """
        self._overflow = written.overflow
        if self.beam and written.place:
            written = replace(written, place=0, size=written.whole)
        self.written = written
        left = len(self.prompts) - written.prompt
        if out.size:
            prompts = counted(len(self.prompts), "prompt")
            are = "is" if left == 1 else "are"
            report_notice(f"{out.path} goes on: {left:,} of {prompts} {are} left")
        return written.size

    def note(self, group: Group, prompt: int, place: int, completion: Completion) -> None:
        """Remember the first text that overflowed. prompt, place: of the group's texts."""
        if completion.end == "overflow" and self._overflow is None:
            where = group.begin + prompt, group.skip + place
            self._overflow = (*where, completion.length)

    def place(self, prompt: int) -> str:
        """Which prompt, in words, if there are several."""
        return place_of(len(self.prompts), prompt)

    def report_overflow(self) -> None:
        """Once all is written: an error for the first text that could not be gone on with."""
        if self._overflow is not None:
            prompt, place, length = self._overflow
            raise CharlmError(
                f"the model's numbers overflow in {self.place(prompt)}sample {place + 1}, at"
                f" character {length + 1:,}"
            )


def _begun(task: Task) -> list[str] | list[PromptState]:
    prompts = [prompt.text for prompt in task.prompts]
    if task.state is None:
        return prompts
    state = PromptState.load(task.state)
    return [state + prompt for prompt in prompts]
