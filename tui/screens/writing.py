"""The completion being written: between the worker's snapshots and the text view."""

from __future__ import annotations

from collections.abc import Callable

from tui.decode_worker import DecodeWorker
from tui.knobs import DECODERS, LABELS, Setting
from tui.messages import Failed, Finished, Request, Started, Written
from tui.widgets.text_view import TextView


class Writing:
    """Asks for completions and shows what comes; snapshots of older requests are dropped."""

    def __init__(
        self, worker: DecodeWorker, view: TextView, say: Callable[[str, bool], None]
    ) -> None:
        self._worker = worker
        self._view = view
        self._say = say
        self._number = 0
        self._again = False
        self._heading = ""
        self._begun = False
        self.prompt: str | None = None
        self.streaming = False
        self.characters = 0
        self.log_prob = 0.0
        self.seconds = 0.0

    def start(self, prompt: str, setting: Setting, model: str, *, again: bool) -> None:
        """Write on from `prompt`; with `again`, in place of the newest completion."""
        # A restart before the engine took the prompt must not replace the completion before.
        self._again = again and (self._begun or self._again)
        self._begun = False
        self._number += 1
        self._heading = heading(setting, model)
        self.prompt, self.streaming = prompt, True
        self._worker.write(
            Request(self._number, prompt, setting.strategy, setting.length, setting.seed,
                    setting.pace, setting.name)
        )  # fmt: skip

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
        if self.streaming:
            self._worker.cancel()
            self._number += 1
            self._end("stopped")

    def forget(self) -> None:
        """Stop, and let the next completion stand below this one."""
        self.cancel()
        self.prompt, self._begun, self._again = None, False, False

    def take(self, snapshot: Started | Written | Finished | Failed) -> None:
        """Show one snapshot."""
        if snapshot.number != self._number:
            return
        match snapshot:
            case Started(prompt=prompt, notices=notices):
                self._view.begin(self._heading, prompt, again=self._again)
                self._begun = True
                self.characters, self.log_prob, self.seconds = 0, 0.0, 0.0
                for notice in notices:
                    self._say(notice, False)
            case Written():
                self._view.rewrite(snapshot.keep, snapshot.text)
                self.characters = snapshot.characters
                self.log_prob = snapshot.log_prob
                self.seconds = snapshot.seconds
            case Finished(ended=ended):
                self._end("the end" if ended else "cut at the length")
            case Failed(message=message):
                self._end("stopped")
                self._say(message, True)

    def _end(self, how: str) -> None:
        self.streaming = False
        if not self._begun:
            return
        count = f"{self.characters:,} characters"
        known = self.characters and self.log_prob == self.log_prob  # not NaN
        nats = f" · {abs(self.log_prob) / self.characters:.2f} nats/char" if known else ""
        self._view.end(f"{count}{nats} · {how}")


def heading(setting: Setting, model: str) -> str:
    """What a completion was written with: model, decoder, the knobs that act."""
    acting = [
        f"{LABELS[knob]} {setting.shown(knob)}"
        for knob in setting.knobs
        if knob != "length" and setting.shown(knob) != "off"
    ]
    return " · ".join([model, DECODERS[setting.name], *acting])
