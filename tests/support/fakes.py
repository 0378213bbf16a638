"""A model for tests of the screen: it writes a given text at a given pace, without an engine."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from charlm.model.config import Precision
from tui.writer.contract import StillWanted
from tui.writer.search import SearchPart
from tui.writer.snapshots import (
    Answer,
    Explain,
    Explained,
    LaneWritten,
    ModelFacts,
    Question,
    Request,
    Together,
    Unanswered,
)
from tui.writer.thoughts import RIVALS, Thoughts

FACTS = ModelFacts(
    name="tiny", path=Path("checkpoints/tiny/model.safetensors"), cell="LSTM", layers=1,
    hidden=32, parameters=12_345, characters=60, unit="continuous", loss=1.473, isa="portable",
    threads=1, precision="float32",
)  # fmt: skip


@dataclass(frozen=True)
class FakeChange:
    row: int
    keep: int
    text: str
    finished: bool


class FakeText:
    """Gives `steps` one after the other, (keep, text) each, `delay` seconds apart."""

    def __init__(self, steps: list[tuple[int, str]], delay: float, prompt: str) -> None:
        self.prompt, self.notices = prompt, ()
        self.dice = "00000000000000d1"
        self.ends = True
        self.read = 1.0
        self.source = self
        self.done = not steps
        self.characters, self.log_prob = 0, 0.0
        self._steps, self.delay = list(steps), delay

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[FakeChange]:
        time.sleep(self.delay)
        changes = []
        for _ in range(min(n, 8, len(self._steps))):
            keep, text = self._steps.pop(0)
            self.characters += len(text)
            self.log_prob -= math.log(4) * len(text)
            changes.append(FakeChange(0, keep, text, not self._steps))
        self.done = not self._steps
        self.log_prob -= math.log(4) * (self.done and self.ends)
        return changes

    def prompt_thoughts(self, wanted: StillWanted) -> None:
        return None

    def thoughts(self) -> None:
        return None

    def searched(self) -> SearchPart | None:
        return None

    def ended(self) -> bool:
        return self.ends


class FakeLanes:
    """Texts side by side, a character of each at a time; without any, each names its request."""

    def __init__(self, together: Together, texts: tuple[str, ...] | None, delay: float) -> None:
        requests = together.requests
        named = tuple(f" {r.strategy} {r.seed} {r.sample}." for r in requests)
        self.prompt, self.notices = requests[0].prompt, ()
        self.characters, self.read = 0, 1.0
        self._number, self._texts, self._delay = together.number, texts or named, delay
        self._compared = together.compared

    @property
    def done(self) -> bool:
        return self.characters >= max(map(len, self._texts))

    def advance(self, n: int, budget_ms: float) -> list[LaneWritten]:
        time.sleep(self._delay)
        place = self.characters
        self.characters += 1
        return [
            LaneWritten(self._number, lane, place, text[place], place + 1,
                        -(place + 1.0 + (lane % 2 == 0)) * (lane + 1), place + 1 == len(text),
                        lane % 2 == 0, self._ratios(place))
            for lane, text in enumerate(self._texts) if place < len(text)
        ]  # fmt: skip

    def _ratios(self, place: int) -> tuple[float, ...]:
        """From far on the first side, over none, to never on it, and again."""
        return ((4.0, 1.0, 0.0, -1.0, -math.inf)[place % 5],) if self._compared else ()


def letters(text: str, start: int = 0) -> list[tuple[int, str]]:
    """A text as a sampler gives it: one character at a time."""
    return [(start + i, c) for i, c in enumerate(text)]


@dataclass
class FakeModel:
    """Writes `steps`, or a text that names the strategy and the seed; remembers the requests."""

    steps: list[tuple[int, str]] | None = None
    delay: float = 0.001
    facts: ModelFacts = FACTS
    notices: tuple[str, ...] = ()
    error: Exception | None = None
    lanes: tuple[str, ...] | None = None
    ends: bool = True
    requests: list[Request] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def open(self, request: Request) -> FakeText:
        self.requests.append(request)
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        steps = self.steps
        if steps is None:
            steps = letters(f" and {request.strategy} with {request.seed}.")
        text = self.text(request, steps)
        text.notices, text.ends = self.notices, self.ends
        if request.dice != "prompt":
            text.dice = request.dice
        return text

    def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
        return FakeText(steps, self.delay, request.prompt)

    def open_lanes(self, together: Together) -> FakeLanes:
        self.requests += together.requests
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return FakeLanes(together, self.lanes, self.delay)

    def answer(self, question: Question, wanted: StillWanted) -> Answer:
        return Unanswered(question, "a fake has no answer")

    def load(self, path: Path, threads: int, precision: Precision) -> FakeModel:
        """What the app calls to read a checkpoint."""
        self.facts = self.facts._replace(precision=precision)
        return self


#: Probabilities of the ten rivals that `thoughts` tells of, and after a top-p that keeps two.
PROBABILITIES = np.array([0.6, 0.3, 0.1, *[1e-4] * (RIVALS - 3)], np.float32)
KEPT = np.array([2 / 3, 1 / 3, *[0] * (RIVALS - 2)], np.float32)


def thoughts(text: str, ended: bool = False) -> Thoughts:
    """Of every character: "e" was the most probable, then the one written, then "x" and others.

    The one written had p 0.3, but A to F had more or less, one for each level of surprise.
    """
    alphabet = ("", "", *sorted({*text, *"ex0123456789"}))
    ids = [alphabet.index(c, 2) for c in text] + [1] * ended
    others = [alphabet.index(c, 2) for c in "x0123456789"][: RIVALS - 2]
    rivals = [[alphabet.index("e", 2), id, *others] for id in ids]
    count = len(ids)
    with np.errstate(divide="ignore"):
        raw, kept = (np.tile(np.log(p), (count, 1)) for p in (PROBABILITIES, KEPT))
    levels = dict(zip("ABCDEF", (0.95, 0.7, 0.4, 0.1, 0.01, 0.001), strict=True))
    written = np.log([levels.get(c, 0.3) for c in text] + [0.3] * ended).astype(np.float32)
    return Thoughts(
        alphabet, np.array(ids, np.int32), written, np.ones(count, np.int32),
        np.full(count, 0.9, np.float32), np.array(rivals, np.int32).reshape(count, RIVALS),
        raw, kept,
    )  # fmt: skip


class ThinkingText(FakeText):
    """A fake text that tells what it thought of each character."""

    def __init__(self, steps: list[tuple[int, str]], delay: float, prompt: str) -> None:
        super().__init__(steps, delay, prompt)
        self._wrote = ""

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[FakeChange]:
        changes = super().advance(1, budget_ms)
        self._wrote = "".join(change.text for change in changes)
        return changes

    def prompt_thoughts(self, wanted: StillWanted) -> Thoughts:
        return thoughts(self.prompt)

    def thoughts(self) -> Thoughts:
        return thoughts(self._wrote)


@dataclass
class ThinkingModel(FakeModel):
    """A fake that tells what it thought, with the text or when it is asked."""

    questions: list[Explain] = field(default_factory=list)

    def text(self, request: Request, steps: list[tuple[int, str]]) -> FakeText:
        kind = ThinkingText if request.details else FakeText
        return kind(steps, self.delay, request.prompt)

    def answer(self, question: Question, wanted: StillWanted) -> Answer:
        if not isinstance(question, Explain):
            return super().answer(question, wanted)
        self.questions.append(question)
        parts = [thoughts(question.prompt)] if question.prompt else []
        return Explained(question, (*parts, thoughts(question.text, question.ended)))
