"""The text being written: between the worker's snapshots and the text view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from charlm.decoding import is_beam
from charlm.wording import counted

from ....writer.knobs import Setting
from ....writer.snapshots import Failed, Finished, Reading, Request, Started, Written
from ....writer.thoughts import Trace, nats_text
from ....writer.worker import DecodeWorker
from ...base import gathered
from ..author import STREAMING, State
from ..comparison import Comparison
from .branches import Branch, Wanted
from .look_back import LookBack
from .text_view import TextView


class Writing:
    """Asks for texts and shows what comes; snapshots of older requests are dropped.

    model: the name of the one that writes. now: the text shown, once the engine took its prompt;
    None when none is, or when the model changed. details: whether to ask what the model thought.
    plain: texts appear when finished.
    """

    def __init__(
        self, worker: DecodeWorker, view: TextView, say: Callable[[str, bool], None],
        model: Callable[[], str], plain: bool,
    ) -> None:  # fmt: skip
        self._worker = worker
        self._view = view
        self._say, self._model = say, model
        self._plain = plain
        self._number = 0
        self._wanted: Wanted | None = None
        self.look_back = LookBack(worker)
        self._pending: tuple[int, str] | None = None
        self._by = ""
        #: The text shown, while it is another model's.
        self._left: Branch | None = None
        #: A text that nobody asked for.
        self._greeting: Branch | None = None
        self.now: Branch | None = None
        self.details = False
        self.state = State.IDLE
        #: The share of the prompt that the model has read.
        self.read = 1.0
        self.comparison: Comparison | None = None
        self.characters = 0
        self.log_prob = 0.0
        self.seconds = 0.0
        self.ended = False

    @property
    def streaming(self) -> bool:
        """Whether something is being written, or yet to begin."""
        return self.state in STREAMING

    @property
    def shown(self) -> Branch | None:
        """The newest text that somebody asked for, of whatever model it is."""
        shown = self.now or self._left
        return None if shown is self._greeting else shown

    @property
    def prompt(self) -> str | None:
        """What the newest text was asked from, of whatever model it is; None without a text."""
        if self._wanted is not None:
            return self._wanted.request.prompt
        if self.now is None and self._left is not None:
            return self._left.typed
        return self.now.request.prompt if self.now is not None else None

    @property
    def newest(self) -> Request | None:
        """By which the newest text of this model was asked for."""
        newest = self._wanted or self.now
        return newest.request if newest is not None else None

    @property
    def nats(self) -> str:
        """Nats per character of what was written last, in words."""
        return nats_text(self.log_prob, self.characters, self.ended)

    def write(
        self, prompt: str, setting: Setting, given: int | None = None, known: str = "",
        like: Request | None = None,
    ) -> None:  # fmt: skip
        """Write on from a prompt, below what is there; what is known comes at once.

        like: the request that it repeats with another setting. What nobody asked for goes.
        """
        self.cancel()
        request = self._request(prompt, setting).going_on(like)._replace(known=known)
        now = self.now
        greeted = now is not None and now is self._greeting and not now.children
        self._start(Wanted(request, setting, given, again=greeted))

    def greet(self, setting: Setting, length: int, heading: str) -> None:
        """Write a text from nothing, that nobody asked for."""
        request = self._request("", setting)._replace(length=length)
        self._start(Wanted(request, setting, heading=heading))

    def write_again(self, setting: Setting) -> None:
        """Write the newest text again in its place, with another setting; another model's below."""
        now, wanted = self.now, self._wanted
        if wanted is None and now is None and self.prompt is not None:
            self.write(self.prompt, setting)
            return
        if wanted is None and now is not None:
            wanted = Wanted(now.request, now.setting, now.block.given, now.parent, True)
        if wanted is None:
            return
        request = self._request(wanted.request.prompt, setting).going_on(wanted.request)
        over = (
            now is not None and wanted.again and not self._plain and now.differs_by_a_knob(request)
        )
        if now is not None and over:
            request = request._replace(known=now.block.text[now.block.base :])
        self._start(replace(wanted, request=request, setting=setting, over=over))

    def branch(
        self, prompt: str, given: int | None, setting: Setting, dice: str = "prompt",
        as_fed: bool = False,
    ) -> None:  # fmt: skip
        """Write on from a prompt that came of the text shown, in whose place it stands.

        dice: those of the text shown where it goes on; a text that took another way has its own.
        as_fed: it is not typed but of the text shown.
        """
        self.cancel()
        identity = self.now.request.identity if self.now is not None else ""
        request = self._request(prompt, setting)._replace(
            dice=dice, as_fed=as_fed, identity=identity
        )
        self._start(Wanted(request, setting, given, self.now))

    def end_at(self, text: str) -> None:
        """The text shown, ended early: nothing is left to write."""
        now = self.now
        if now is not None:
            self.cancel()
            self.show(now.ended_at(text))

    def explain(self) -> None:
        """See that it is known, of the text shown, what the model thought."""
        self.details, now = True, self.now
        if now is None or self._wanted is not None:
            return
        if now.over:
            if not now.explained:
                self.look_back.ask(now)
        elif now.block.trace is None and not is_beam(now.request.strategy):
            known = now.block.text[now.block.base :]
            request = now.request._replace(details=True, known=known)
            given = now.block.given
            self._start(Wanted(request, now.setting, given, now.parent, True, not self._plain))

    def show(self, branch: Branch) -> None:
        """Show another text of the tree in place of this one."""
        self.cancel()
        self._view.take_back()
        self._view.show(branch.block)
        self.now, self.comparison = branch, None
        self.characters, self.log_prob, self.seconds = 0, 0.0, 0.0
        if branch.parent is not None:
            branch.parent.last_shown = branch
        if self.details:
            self.explain()

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
        if self.streaming:
            self._worker.cancel()
            self._number += 1
            self._end("stopped")

    def follow(self, by: str) -> None:
        """A model is there, named by its weights: the text shown is its own, or another's.

        Below another's the next text stands.
        """
        self.look_back.forget()
        self._by, shown = by, self.now or self._left
        if (
            shown is not None
            and self._view.blocks[-1] is shown.block
            and shown.block.by == by != ""
        ):
            self.now, self._left = shown, None
            if self.details:
                self.explain()
            return
        self.now, self._left = None, shown
        if self._wanted is not None:
            self._wanted = replace(self._wanted, parent=None, again=False, over=False)

    def bring_back(self, branch: Branch) -> None:
        """The text shown is this one, from before. In other numbers it is as if another's."""
        ours = branch.block.by == self._by
        self.now, self._left = (branch, None) if ours else (None, branch)
        if self.details:
            self.explain()

    def forget(self) -> None:
        """There is no text."""
        self.cancel()
        self.look_back.forget()
        self.now = self._left = self._greeting = self.comparison = None
        self.state, self.characters, self.log_prob, self.seconds = State.IDLE, 0, 0.0, 0.0
        self._view.put([])

    def stay(self) -> None:
        """No other model came: what was asked of this one is asked again."""
        self.look_back.forget()
        if self.details:
            self.explain()

    def take(self, snapshot: Started | Reading | Written | Finished | Failed) -> None:
        """Take in one snapshot; `flush` shows it."""
        if snapshot.number != self._number:
            return
        match snapshot:
            case Started():
                self._begin(snapshot)
            case Reading(share=share):
                self.read = share
            case Written():
                self._add(snapshot)
            case Finished(ended=ended):
                self.ended = ended
                if self.now is not None:
                    self.now.ended, self.now.block.whole = ended, True
                self._end("the end" if ended else "cut at the length")
            case Failed(message=message):
                self._end("stopped")
                self._say(message, True)

    def flush(self) -> None:
        """Show what was written since the last time."""
        if self._pending is not None and not (self._plain and self.streaming):
            self._view.rewrite(*self._pending)
            self._pending = None
            if self.now is not None:
                self.comparison = self.now.block.comparison(False)

    def _request(self, prompt: str, setting: Setting) -> Request:
        pace = 0 if self._plain else setting.pace
        return Request(self._number, prompt, setting.strategy, setting.length, setting.seed,
                       pace, setting.name, self.details, sample=setting.sample)  # fmt: skip

    def _start(self, wanted: Wanted) -> None:
        self.flush()
        self._number += 1
        self._wanted = replace(wanted, request=wanted.request._replace(number=self._number))
        self.state, self.comparison, self.read = State.WAITING, None, 1.0
        self.look_back.forget()
        self._worker.write(self._wanted.request)

    def _begin(self, started: Started) -> None:
        wanted, self._wanted = self._wanted, None
        assert wanted is not None
        block = self._view.begin(
            wanted.heading_over(started.prompt, self._model()), started.prompt, given=wanted.given,
            again=wanted.again or wanted.parent is not None, over=wanted.over,
        )  # fmt: skip
        parent = wanted.parent
        if parent is not None and parent is self._greeting:  # from now on a text like any other
            parent.block.heading = parent.setting.heading(self._model())
        if parent is not None and parent.block.cursor is not None and not wanted.again:
            self._view.move_cursor(max(0, block.base - 1))  # on the rival that was taken
        request = wanted.request._replace(dice=started.dice, identity=started.identity)
        block.by = self._by
        old, now = self.now, Branch(request, wanted.setting, block, parent)
        now.join(old if wanted.again else None)
        if wanted.heading:
            self._greeting = now
        self.now, self._left, self._pending, self.ended = now, None, None, False
        self.state = State.WRITING
        self.characters, self.log_prob, self.seconds = 0, 0.0, 0.0
        if wanted.request.details and not is_beam(wanted.request.strategy):
            block.trace = Trace.of(started.thoughts)
        if started.notices:
            self._say(gathered(started.notices), False)

    def _add(self, written: Written) -> None:
        keep, text, self.read = written.keep, written.text, 1.0
        if self._pending is not None and self._pending[0] + len(self._pending[1]) == keep:
            keep, text = self._pending[0], self._pending[1] + text
        elif self._pending is not None:
            self._view.rewrite(*self._pending)
        self._pending = keep, text
        trace = self.now.block.trace if self.now is not None else None
        if written.thoughts is not None and trace is not None:
            trace.add(written.thoughts)
        if written.search is not None and self.now is not None:
            from ....writer.search import Search  # here: the first paint does not need it

            self.now.search = self.now.search or Search()
            self.now.search.extend(written.search)
        self.characters = written.characters
        self.log_prob, self.seconds = written.log_prob, written.seconds

    def _end(self, how: str) -> None:
        taken = self.state is State.WRITING
        self.state, self.read = State.DONE, 1.0
        self.flush()
        if not taken or self.now is None:
            self.state = State.IDLE if self.now is None else State.DONE
            self._wanted = None  # the engine never took the prompt
            return
        self.now.over = True
        more = "+" if self.now.block.base > self.now.block.given else ""
        said = [more + counted(self.characters, "character"), *filter(None, [self.nats]), how]
        self.comparison = self._view.end(" · ".join(said))
        if self.details and not self.now.explained:
            self.look_back.ask(self.now)
