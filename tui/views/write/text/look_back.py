"""What the model thought of a text that is over: asked once, told to the text."""

from __future__ import annotations

from ....writer.snapshots import Answer, Explain, Explained
from ....writer.thoughts import Trace
from ....writer.worker import DecodeWorker
from .branches import Branch


class LookBack:
    """Only the newest question is waited for."""

    def __init__(self, worker: DecodeWorker) -> None:
        self._worker = worker
        self._asked: tuple[Explain, Branch] | None = None

    def ask(self, branch: Branch) -> None:
        """Ask of this text, or wait on."""
        if self._asked is None or self._asked[1] is not branch:
            self.forget()
            self._asked = question_of(branch), branch
            self._worker.ask(self._asked[0])

    def take(self, answer: Answer) -> None:
        """Give the answer to the text it was asked of, if it is waited for."""
        if self._asked is not None and self._asked[0] is answer.question:
            if isinstance(answer, Explained):
                self._asked[1].block.trace = Trace.of(*answer.thoughts)
            self._asked = None

    def forget(self) -> None:
        """Wait no more."""
        if self._asked is not None:
            self._worker.dismiss(self._asked[0])
            self._asked = None


def question_of(branch: Branch) -> Explain:
    """What the model thought of this text."""
    block = branch.block
    return Explain(branch.request, block.text[: block.base], block.completion, branch.ended)
