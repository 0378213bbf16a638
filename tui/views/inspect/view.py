"""Looking into a model: what each unit does at every character, and what surprises the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from charlm.model.cells import CELLS
from charlm.wording import counted

from ...keys.states import holding
from ...keys.table import bindings_of, key_named
from ...threads import nobody
from ...widgets.pieces_line import Piece, PiecesLine
from ...writer.snapshots import Newest
from ..base import View, gathered
from ..sheets import Ask
from .copying import copied_part
from .heat_text import HeatText
from .inquiry import Inquiry
from .lines import cursor_pieces, head_pieces, legend_pieces, part_pieces, rival_pieces
from .pick_list import PickList
from .picture import Picture
from .snapshots import InspectFailed, InspectSnapshot, Scored, Traced
from .worker import MAX_SCORED, InspectWorker

_DIM = "$foreground-muted"


class InspectView(View):
    """`current`: the model and the newest text of Write."""

    view_name = "inspect"
    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("inspect")

    def __init__(self, current: Callable[[], Newest]) -> None:
        super().__init__()
        self._worker = InspectWorker()
        self.inquiry = Inquiry(self._worker, current)
        self.text, self.list = HeatText(id="inspect-text"), PickList(id="inspect-list")
        self.picture = Picture(self.text, self.list)

    def compose_view(self) -> ComposeResult:
        """What is chosen, the text in its colours, their meaning; units or places in a list."""
        with Container(id="inspect-body"):
            with Vertical(id="inspect-main"):
                yield PiecesLine(id="inspect-head", gap=" ")
                yield self.text
                yield PiecesLine(id="inspect-legend", gap="")
            yield self.list

    def on_mount(self) -> None:
        """The text has the cursor."""
        self.text.focus()
        self.text.set_empty(
            "There is no text to look into yet.", "",
            f"Write one first ({key_named('back', 'inspect')} goes back), or press"
            f" {key_named('other_text', 'inspect')} to type or paste one.",
        )  # fmt: skip
        self.app.theme_changed_signal.subscribe(self, lambda _: self.picture.colour())
        self.begin()

    def on_unmount(self) -> None:
        """The thread ends."""
        self._worker.close()

    def wake(self) -> None:
        """Take the answers; look into the newest text, unless one of one's own is looked into."""
        self._worker.tell = self.frames(self._drain)
        self._drain()
        if self.inquiry.look() and self.inquiry.own_text is None:
            self.look_into(None)

    def rest(self) -> None:
        """What is being computed is computed; nobody takes it."""
        self._worker.tell = nobody

    def look_into(self, text: str | None) -> None:
        """Look into this text, the user's own; None: into the newest of Write."""
        self.inquiry.own_text = text
        missing = self.inquiry.ask()
        if missing:
            self.say(missing, True)
        self.changed()

    # What the keys do: another text.

    def action_other_text(self) -> None:
        """Type or paste a text."""
        from .text_sheet import OtherText

        def given(text: str | None) -> None:
            if text is not None:
                self.look_into(text)

        self.app.push_screen(OtherText(self.inquiry.request.text), given)

    def action_newest(self) -> None:
        """The newest text of Write."""
        self.look_into(None)

    def action_back(self) -> None:
        """Stop computing; leave what is selected; else back to where one came from."""
        if self.inquiry.working:
            self.inquiry.cancel()
        elif self.text.selected_from is not None:
            self.text.select(False)
        else:
            self.leave()

    # What is chosen of it.

    def action_surprise(self) -> None:
        """Colour by surprise, or by what a unit does."""
        chosen = self.picture.chosen
        self.picture.choose(replace(chosen, surprise=not chosen.surprise))

    def action_gate(self, by: int) -> None:
        """Another gate or state."""
        self.picture.next_part(by)

    def action_part(self, part: str) -> None:
        """This gate or state."""
        self.picture.choose_part(part)

    def action_layer(self, by: int) -> None:
        """Another layer."""
        self.picture.next_layer(by)

    def action_next(self, by: int) -> None:
        """The next of the list."""
        self.picture.next(by)

    def action_first(self) -> None:
        """The first of the list."""
        self.picture.pick(0)

    def action_unit(self) -> None:
        """A unit by its number."""
        part = self.picture.part
        if part is None:
            return
        last, units = len(part.order) - 1, list(map(str, part.order))

        def wrong(word: str) -> str:
            return "" if word in units else f"a number from 0 to {last:,}"

        def given(word: str | None) -> None:
            if word:
                self.picture.pick_unit(int(word))  # of a text that may be another by now
                self.changed()

        text = f"Which unit, from 0 to {last:,}?"
        self.app.push_screen(Ask("Go to a unit", text, "", wrong), given)

    def on_pick_list_picked(self, event: PickList.Picked) -> None:
        """A click in the list."""
        self.picture.pick(event.place)
        self.changed()

    # The cursor in the text.

    def action_walk(self, by: int) -> None:
        """The cursor some characters on."""
        self.text.move_to(self.text.cursor + by)

    def action_lines(self, by: int) -> None:
        """The cursor some lines down."""
        self.text.move_lines(by)

    def action_ends(self, by: int) -> None:
        """The cursor to the begin or the end."""
        self.text.move_to(self.text.length if by > 0 else 0)

    def action_select(self) -> None:
        """Select from the cursor on, with every way of it; or select no more."""
        self.text.select(self.text.selected_from is None)

    def action_extend(self, by: int) -> None:
        """Select one character more, or less."""
        self.text.move_to(self.text.cursor + by, extends=True)

    def action_copy(self) -> None:
        """The text to the clipboard, or the part that is selected."""
        scored = self.picture.scored
        if scored is None:
            return
        text, given = self.inquiry.shown.text, True
        first, last = self.text.selected
        if last:
            text, given = copied_part(text[:MAX_SCORED], scored, first, last)
        if not text:
            self.say("an end is no character: there is nothing to copy")
            return
        self.copy(text, "" if given else " as the model reads the text")

    def action_copy_text(self) -> None:
        """Ctrl+C: the part that is selected, if there is one."""
        if self.text.selected_from is None:
            raise SkipAction
        self.action_copy()

    def on_heat_text_moved(self) -> None:
        """Tell of the character in hand; the strips follow it."""
        self.picture.draw_list()
        self.changed()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        traced, surprise = self.picture.traced, self.picture.chosen.surprise
        return super().states() | holding({
            "scored": self.picture.scored is not None,
            "selected": self.text.selected_from is not None,
            "surprise": surprise,
            "units": traced is not None and not surprise,
            "layers": traced is not None and not surprise and traced.layers > 1,
            "tracing": self.inquiry.working,
            "older": self.inquiry.is_older,
        })  # fmt: skip

    def title_pieces(self) -> Sequence[Piece]:
        """Which model and text, and how far it is."""
        pieces = [Piece("charlm", "bold $primary", 1), Piece("Inspect", "bold")]
        scored = self.picture.scored
        if scored is not None:
            own = "your text" if self.inquiry.shown.own else "the newest text"
            pieces.append(Piece(scored.name, _DIM, 2))
            pieces.append(Piece(f"{own}, {counted(scored.count(), 'character')}", _DIM, 4))
        if self.inquiry.working:
            done = self.inquiry.progress
            share = f" {100 * done.done // max(1, done.total)} %" if done else ""
            pieces.append(Piece(f"computing{share} …", "$accent", 1, right=True))
        return pieces

    def show_status(self) -> None:
        """What is chosen, what the colours mean, what is under the cursor."""
        picture, chosen = self.picture, self.picture.chosen
        scored, traced = picture.scored, picture.traced
        self.line("inspect-head").set_pieces(
            head_pieces(scored, traced, chosen, self.inquiry.working)
        )
        legend: list[Piece] = []
        if scored is not None and (chosen.surprise or traced is not None):
            # Surprise has a legend without a trace.
            meaning = CELLS[traced.cell].parts[chosen.part] if traced else None
            legend = legend_pieces(chosen, picture.ramp, meaning, picture.ends)
        self.line("inspect-legend").set_pieces(legend)
        cursor = self.text.cursor
        self.line("knobs").set_pieces(cursor_pieces(scored, cursor, picture.value))
        selected = self.text.selected
        self.line("meters").set_pieces(
            part_pieces(scored, *selected) if selected[1] else rival_pieces(scored, cursor)
        )

    # What happens by itself.

    def _drain(self) -> None:
        for snapshot in self.inquiry.answers():
            self._take(snapshot)
        self.show_state()

    def _take(self, snapshot: InspectSnapshot) -> None:
        notices: tuple[str, ...] = ()
        match snapshot:
            case Scored(notices=notices):
                self.picture.score(snapshot)
            case Traced(notices=notices):
                self.picture.trace(snapshot)
            case InspectFailed(message=message):
                self.say(message, True)
        if notices:
            self.say(gathered(notices))
