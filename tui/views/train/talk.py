"""Talking to a run: one prompt, completed with the same dice by the weights of many steps."""

from __future__ import annotations

from pathlib import Path

from charlm.run.weights import Weights

from ...training.snapshots import Curves, Place
from ...writer.contract import Load
from ...writer.knobs import Setting
from ...writer.snapshots import Failed, Finished, LoadFailed, Request, Started, Written
from ...writer.thoughts import nats_text
from ...writer.worker import DecodeWorker
from .answers import Answers

_LENGTH = 240
#: Characters per second, while one looks on; what is only caught up with comes at once.
_PACE = 200
_MOST = 60
#: Without a prompt, dice that end the text so soon are thrown again, so many times at most.
_SHORT, _TRIES = 50, 9


class Talk:
    """Asks for answers one at a time: where the cursor is first, then the newest, then the rest."""

    def __init__(self, load: Load, answers: Answers) -> None:
        self._answers = answers
        self._worker = DecodeWorker(load)
        self._setting = Setting(length=_LENGTH)
        self._training: tuple[Path, int] | None = None
        self._answered: dict[int, Weights] = {}
        self._failed: set[int] = set()
        self._weights: tuple[Weights, ...] = ()
        self._wanted: int | None = None
        self._asked: Weights | None = None
        self._written = Written(0, 0, "", 0, 0.0, 0.0)
        self._number = 0
        self.prompt = ""

    def close(self) -> None:
        """End the thread."""
        self._worker.close()

    def ask(self, prompt: str) -> None:
        """From now on, what follows this prompt."""
        self.prompt = prompt
        self._forget()

    @property
    def decoder(self) -> str:
        """The decoder that answers."""
        return self._setting.name

    def use(self, decoder: str) -> None:
        """From now on, by this decoder."""
        self._setting = self._setting.with_decoder(decoder)
        self._forget()

    def again(self) -> int | None:
        """The same prompt with the next dice; their number, None where the decoder has none."""
        if not self._setting.has_seed:
            return None
        self._setting = self._setting.with_seed(self._setting.seed + 1)
        self._forget()
        return self._setting.seed

    @property
    def weights(self) -> Weights | None:
        """Those where the cursor is, else the newest; None while there are none."""
        here = [weights for weights in self._weights if weights.step == self._wanted]
        return next(reversed(here or self._weights), None)

    def look(self, curves: Curves | None, cursor: Place | None, alive: bool) -> None:
        """Take in which weights there are and where the cursor is; ask for what is missing."""
        if curves is None:
            return
        self.drain()
        if (training := (curves.run, curves.beginning)) != self._training:
            self._training = training
            self._forget()
        self._weights = curves.weights
        self._drop_old()
        before = [w.step for w in self._weights if cursor is not None and w.step <= cursor.step]
        first = [w.step for w in self._weights[:1] if cursor is not None]
        self._wanted = next(reversed(before or first), None)
        self._answers.choose(self._wanted)
        self._ask_next(alive)

    def drain(self) -> None:
        """Show what the thread posted since the last frame."""
        for snapshot in self._worker.take():
            asked = self._asked
            match snapshot:
                case LoadFailed(path=path, message=message):
                    if asked is not None and asked.path == path:
                        self._fail(asked, message)
                case Started() | Written() | Finished() | Failed() if (
                    asked is not None and snapshot.number == self._number
                ):
                    self._take(snapshot, asked)

    def _take(self, snapshot: Started | Written | Finished | Failed, asked: Weights) -> None:
        match snapshot:
            case Started(prompt=prompt):
                self._answers.begin(asked.step, prompt)
            case Written(keep=keep, text=text):
                self._answers.rewrite(keep, text)
                self._written = snapshot
            case Finished(ended=ended):
                self._finish(asked, ended)
            case Failed(message=message):
                self._fail(asked, message)

    def _finish(self, asked: Weights, ended: bool) -> None:
        count, newest = self._written.characters, self._weights[-1:] == (asked,)
        dice = self._setting.has_seed and self._setting.seed < _TRIES
        if count < _SHORT and newest and not self.prompt and dice:
            self.again()  # of a first text one wants to see something
            return
        self._end(nats_text(self._written.log_prob, count, ended) if count else "no text")

    def _fail(self, asked: Weights, message: str) -> None:
        self._failed.add(asked.step)
        self._end(message)

    def _drop_old(self) -> None:
        """Answers of files that were saved anew go, and failures of files that are others now."""
        now = {weights.step: weights for weights in self._weights}
        for step, asked in list(self._answered.items()):
            here = now.get(step)
            anew = here is not None and here.path == asked.path and here != asked
            if anew or (step in self._failed and here != asked):
                del self._answered[step]
                self._failed.discard(step)
                self._answers.drop(step)

    def _end(self, note: str) -> None:
        assert self._asked is not None
        if self._asked.step not in self._answers.steps:
            self._answers.begin(self._asked.step, self.prompt)
        self._answers.end(note)
        self._answered[self._asked.step] = self._asked
        self._asked = None

    def _ask_next(self, alive: bool) -> None:
        answered = self._answers.steps
        missing = [w for w in self._weights[-_MOST:] if w.step not in answered]
        here = [
            w for w in self._weights
            if w.step == self._wanted and w != self._asked and w.step not in answered
        ]  # fmt: skip
        if self._asked is not None and not here:
            return
        if self._asked is not None:  # the cursor does not wait for what only catches up
            self._answers.drop(self._asked.step)
        following = here or missing[-1:]
        if following:
            self._start(following[0], alive and following[0] == self._weights[-1])

    def _start(self, weights: Weights, slowly: bool) -> None:
        self._number += 1
        self._asked = weights
        self._written = Written(self._number, 0, "", 0, 0.0, 0.0)
        setting = self._setting
        self._worker.load(weights.path)
        self._worker.write(
            Request(
                self._number, self.prompt, setting.strategy, setting.length, setting.seed,
                _PACE if slowly else 0, setting.name,
            )
        )  # fmt: skip

    def _forget(self) -> None:
        self._worker.cancel()
        self._number += 1
        self._asked = None
        self._answered.clear()
        self._failed.clear()
        self._answers.clear()
