"""Looking into a model: what each unit does at every character, and what surprises the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from charlm.model.cells import CELLS
from charlm.wording import counted

from ...keys.table import bindings_of, key_named
from ...widgets.pieces_line import Piece, PiecesLine
from ...writer.snapshots import Newest
from ..base import gathered
from .choosing import InspectChoosing
from .drawing import most_surprising
from .heat_text import HeatText
from .lines import cursor_pieces, head_pieces, legend_pieces, rival_pieces
from .pick_list import PickList
from .snapshots import InspectFailed, InspectRequest, InspectSnapshot, Scored, Traced, TraceProgress
from .worker import InspectWorker

_FRAME = 1 / 30
_DIM = "$foreground-muted"


class InspectView(InspectChoosing):
    """`current`: the model and the newest text of Write."""

    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("inspect")

    def __init__(self, current: Callable[[], Newest]) -> None:
        super().__init__()
        self._current = current
        self._worker = InspectWorker()
        self._request = InspectRequest(0, Path(), "")
        self._shown = self._request
        self._own_text: str | None = None
        self._progress: TraceProgress | None = None
        self._working = False

    def compose_view(self) -> ComposeResult:
        """What is chosen, the text in its colours, their meaning; units or places in a list."""
        with Container(id="inspect-body"):
            with Vertical(id="inspect-main"):
                yield PiecesLine(id="inspect-head", gap=" ")
                yield HeatText(id="inspect-text")
                yield PiecesLine(id="inspect-legend", gap="")
            yield PickList(id="inspect-list")

    def on_mount(self) -> None:
        """Answers come from the worker."""
        self.find_parts()
        self.text.set_empty(
            "There is no text to look into yet.", "",
            f"Write one first ({key_named('back', 'inspect')} goes back), or press"
            f" {key_named('other_text', 'inspect')} to type or paste one.",
        )  # fmt: skip
        self.begin()
        self.set_interval(_FRAME, self._drain)

    def on_unmount(self) -> None:
        """The thread ends."""
        self._worker.close()

    def on_screen_resume(self) -> None:
        """Look into the newest text, unless one of one's own is looked into."""
        asked, self._asking = self._asking, False  # for a unit: of the text that is looked into
        if not asked and self._own_text is None and self._is_older():
            self._ask()

    # What the keys do.

    def action_other_text(self) -> None:
        """Type or paste a text."""
        from .text_sheet import OtherText

        def given(text: str | None) -> None:
            if text is not None:
                self._own_text = text
                self._ask()

        self.app.push_screen(OtherText(self._request.text), given)

    def action_newest(self) -> None:
        """The newest text of Write."""
        self._own_text = None
        self._ask()

    def action_back(self) -> None:
        """Stop computing; else back to where one came from."""
        if not self._working:
            self.leave()
            return
        self._worker.cancel()
        self._request = replace(self._request, number=self._request.number + 1)
        self._working, self._progress = False, None
        self.show_state()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        states = {"inspect", "outside"}
        units = self._traced is not None and not self.chosen.surprise
        for name, holds in (
            ("scored", self._scored is not None),
            ("surprise", self.chosen.surprise),
            ("units", units),
            ("layers", units and self._traced is not None and self._traced.layers > 1),
            ("tracing", self._working),
            ("older", self._own_text is not None or self._is_older()),
        ):
            if holds:
                states.add(name)
        return frozenset(states)

    def title_pieces(self) -> Sequence[Piece]:
        """Which model and text, and how far it is."""
        pieces = [Piece("charlm", "bold $primary", 1), Piece("Inspect", "bold")]
        if self._scored is not None:
            own = "your text" if self._shown.own else "the newest text"
            pieces.append(Piece(self._scored.name, _DIM, 2))
            pieces.append(Piece(f"{own}, {counted(self._scored.count(), 'character')}", _DIM, 4))
        if self._working:
            done = self._progress
            share = f" {100 * done.done // max(1, done.total)} %" if done else ""
            pieces.append(Piece(f"computing{share} …", "$accent", 1, right=True))
        return pieces

    def show_status(self) -> None:
        """What is chosen, what the colours mean, what is under the cursor."""
        self.line("inspect-head").set_pieces(
            head_pieces(self._scored, self._traced, self.chosen, self._working)
        )
        legend: list[Piece] = []
        if self._scored is not None and (self.chosen.surprise or self._traced is not None):
            traced = self._traced  # surprise has a legend without it
            meaning = CELLS[traced.cell].parts[self.chosen.part] if traced else None
            legend = legend_pieces(self.chosen, self._ramp(), meaning, self._ends)
        self.line("inspect-legend").set_pieces(legend)
        cursor = self.text.cursor
        self.line("knobs").set_pieces(cursor_pieces(self._scored, cursor, self._value(cursor)))
        self.line("meters").set_pieces(rival_pieces(self._scored, cursor))

    # What happens by itself.

    def _is_older(self) -> bool:
        newest, asked = self._current(), self._request
        known = Newest(asked.path, asked.text, asked.ended, asked.identity)
        return bool(newest.path and newest.text) and newest != known

    def _ask(self) -> None:
        path, text, ended, identity = self._current()
        own = self._own_text is not None
        if self._own_text is not None:
            text, ended = self._own_text, False
        if path is None or not text:
            self.say("there is no model yet" if path is None else "there is no text yet", True)
            return
        number = self._request.number + 1
        self._request = InspectRequest(number, path, text, ended, identity, own)
        self._working, self._progress = True, None
        self._worker.ask(self._request)
        self.show_state()

    def _drain(self) -> None:
        posted = self._worker.posted
        for _ in range(len(posted)):
            snapshot = posted.popleft()
            if snapshot.number == self._request.number:
                self._take(snapshot)

    def _take(self, snapshot: InspectSnapshot) -> None:
        match snapshot:
            case Scored():
                self._scored, self._traced, self._shown = snapshot, None, self._request
                self._places = most_surprising(snapshot)
                self.text.show(snapshot.characters)
                self._choose(replace(self.chosen, unit=0, place=0))
                if snapshot.notices:
                    self.say(gathered(snapshot.notices))
            case Traced():
                self._traced, self._working = snapshot, False
                part = self.chosen.part if self.chosen.part in snapshot.parts else "h"
                layer = min(self.chosen.layer, snapshot.layers - 1)
                self._choose(replace(self.chosen, part=part, layer=layer, unit=0))
                if snapshot.notices:
                    self.say(gathered(snapshot.notices))
            case TraceProgress():
                self._progress = snapshot
            case InspectFailed(message=message):
                self._working = False
                self.say(message, True)
        self.show_state()
