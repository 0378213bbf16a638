"""Several texts of one prompt being written: between the worker's snapshots and their view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ....colours.ramps import LEVELS
from ....writer.knobs import Setting
from ....writer.snapshots import Failed, Finished, LaneWritten, Reading, Request, Started, Together
from ....writer.worker import DecodeWorker
from ...base import gathered
from ..author import STREAMING, State
from ..comparison import Lane

#: Log-ratio, in nats, from which a character is all the one decoder's: 20 times as likely.
_ALL = 3.0


def leans(ratios: Sequence[float]) -> bytes:
    """A level of a ramp for each log-ratio: the first decoder is at its low end."""
    middle = LEVELS // 2
    return bytes(round(middle - middle * max(-1.0, min(1.0, r / _ALL))) for r in ratios)


class Lanes:
    """Asks for texts side by side and keeps what comes; older requests' snapshots are dropped.

    Their numbers are negative: those of single texts are not.
    """

    def __init__(self, worker: DecodeWorker, say: Callable[[str, bool], None]) -> None:
        self._worker, self._say = worker, say
        self._number = 0
        self.prompt: str | None = None
        self.lanes: list[Lane] = []
        self.state = State.IDLE
        #: The share of the prompt that the model has read.
        self.read = 1.0

    def start(
        self, prompt: str, settings: Sequence[Setting], compared: bool,
        like: Request | None = None,
    ) -> None:  # fmt: skip
        """Write a text for every setting. compared: tell of two, which decoder likes what.

        like: the request whose prompt it is.
        """
        self._number -= 1
        self.prompt, self.state, self.read = prompt, State.WAITING, 1.0
        self.lanes = [Lane(setting.heading("").removeprefix(" · ")) for setting in settings]
        requests = [
            Request(self._number, prompt, s.strategy, s.length, s.seed, s.pace, s.name,
                    sample=s.sample).going_on(like)
            for s in settings
        ]  # fmt: skip
        self._worker.write(Together(self._number, tuple(requests), compared))

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
        if self.state in STREAMING:
            self._worker.cancel()
            self._number -= 1
            self._end()

    def take(self, snapshot: Started | Reading | LaneWritten | Finished | Failed) -> None:
        """Take in one snapshot."""
        if snapshot.number != self._number:
            return
        match snapshot:
            case Started(prompt=prompt, notices=notices):
                self.prompt, self.state = prompt, State.WRITING
                if notices:
                    self._say(gathered(notices), False)
            case Reading(share=share):
                self.read = share
            case LaneWritten(lane=place):
                self.read = 1.0
                lane = self.lanes[place]
                self.lanes[place] = replace(
                    lane, text=lane.text[: snapshot.keep] + snapshot.text,
                    characters=snapshot.characters, log_prob=snapshot.log_prob,
                    over=snapshot.over, ended=snapshot.ended,
                    leans=lane.leans[: snapshot.keep] + leans(snapshot.ratios),
                )  # fmt: skip
            case Finished():
                self._end()
            case Failed(message=message):
                self._end()
                self._say(message, True)

    def _end(self) -> None:
        self.state, self.read = State.DONE, 1.0
        self.lanes = [replace(lane, over=True) for lane in self.lanes]
