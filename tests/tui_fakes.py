"""A model for tests of the screen: it writes a given text at a given pace, without an engine."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from charlm.config import Precision
from tui.messages import Answer, ModelFacts, Question, Request, Unanswered

FACTS = ModelFacts(
    name="tiny", path=Path("checkpoints/tiny/model.safetensors"), cell="LSTM", layers=1,
    hidden=32, parameters=12_345, characters=60, unit="continuous", bpc=2.125, isa="portable",
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
        self.source = self
        self.done = not steps
        self.characters, self.log_prob = 0, 0.0
        self._steps, self._delay = list(steps), delay

    def advance(self, n: int = 64, budget_ms: float = 20) -> list[FakeChange]:
        time.sleep(self._delay)
        changes = []
        for _ in range(min(n, 8, len(self._steps))):
            keep, text = self._steps.pop(0)
            self.characters += len(text)
            self.log_prob -= math.log(4) * len(text)
            changes.append(FakeChange(0, keep, text, not self._steps))
        self.done = not self._steps
        return changes

    def prompt_thoughts(self) -> None:
        return None

    def thoughts(self) -> None:
        return None

    def ended(self) -> bool:
        return True


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
        text = FakeText(steps, self.delay, request.prompt)
        text.notices = self.notices
        return text

    def answer(self, question: Question) -> Answer:
        return Unanswered(question, "a fake has no answer")

    def load(self, path: Path, threads: int, precision: Precision) -> FakeModel:
        """What the app calls to read a checkpoint."""
        self.facts = replace(self.facts, precision=precision)
        return self
