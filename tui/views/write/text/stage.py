"""The text one writes: its surprise, the cursor that walks it and the rivals under it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from ....keys.states import holding
from ....keys.table import bindings_of
from ....widgets.pointed import Pointed
from ..author import Tools
from ..stage import Stage
from .author import TextAuthor
from .legend import Legend
from .rivals_panel import RivalsPanel
from .text_view import TextView


class TextStage(Stage[TextAuthor]):
    """The text, its colours in words, and, while the cursor is there, what the model thought."""

    BINDINGS = bindings_of("write", "walk", "rival", "enter", "select", "extend")

    def __init__(self, tools: Tools) -> None:
        self.view = TextView(id="text")
        super().__init__(TextAuthor(tools, self.view), "text-stage")
        self.writing = self.author.writing
        self.legend, self.rivals = Legend(id="legend"), RivalsPanel(id="rivals")
        self.legend.display = self.rivals.display = False
        self._tools = tools
        #: Whether each way of the cursor selects.
        self._selecting = False

    def compose(self) -> ComposeResult:
        """The text with its legend, and the panel of rivals beside or below."""
        with Container(id="text-area"):
            yield self.view
            yield self.legend
        yield self.rivals

    def states(self) -> set[str]:
        """What holds of the text, in the words of the key table."""
        cursor = self.view.cursor is not None
        return self.author.states() | holding({
            "written": bool(self.view.blocks),
            "surprise": self.view.surprise,
            "cursor": cursor,
            "selected": bool(self.view.selected),
            "taking": cursor and self.rivals.rival is not None,
            "rivals": cursor and self.rivals.known,
        })  # fmt: skip

    def show(self) -> None:
        """The panel, as the cursor and the text stand."""
        cursor, now = self.view.cursor, self.writing.now
        self.crowded = cursor is not None  # rivals come before curves
        if self.rivals.display != (cursor is not None):
            self.rivals.display = cursor is not None
        if cursor is None or not self.view.blocks:
            return
        block = self.view.blocks[-1]
        thought = block.trace.at(cursor) if block.trace is not None else None
        chose = now is not None and cursor >= block.base
        strategy = now.request.strategy if now is not None and chose else None
        waiting = "The model looks back at its text …"
        if now is None:
            waiting = "This text is of another model."
        elif self.author.streaming:
            waiting = "It is being written …"
        self.rivals.show(cursor - block.given, thought, strategy, waiting)

    def turn_page(self, pages: int | None) -> None:
        """A page back or on in the text, or to its end, and stay there."""
        if pages is None:
            self.view.scroll_end(animate=False, x_axis=False)
        elif pages < 0:
            self.view.scroll_page_up(animate=False)
        else:
            self.view.scroll_page_down(animate=False)

    def take_focus(self) -> None:
        """The keys go to the text."""
        self.view.focus()

    @property
    def selected(self) -> str:
        """The part of the text that is selected."""
        return self.view.selected

    def leave(self) -> None:
        """The cursor goes."""
        if self.view.cursor is not None:
            self.put_cursor(None)

    def colour(self) -> None:
        """Colour the characters by how surprising they were, or no longer."""
        self.view.surprise = not self.view.surprise
        self.legend.display = self.view.surprise
        self.ask_for_details()
        self.view.refresh()

    def put_cursor(self, place: int | None, anchor: int | None = None) -> None:
        """The cursor of the text to a place; None hides it. anchor: it is selected from there."""
        self._selecting &= anchor is not None
        self.view.move_cursor(place, anchor)
        if place is None and self.rivals.has_focus:
            self.view.focus()
        self.ask_for_details()
        self.changed()

    def ask_for_details(self) -> None:
        """Have it told what the model thought, as long as that can be seen."""
        self.writing.details = self.view.surprise or self.view.cursor is not None
        if self.writing.details and not self._tools.model.loading:
            self.writing.explain()  # while one is read it is not known whose text it is

    def on_pointed_clicked(self, event: Pointed.Clicked) -> None:
        """A click puts the cursor there."""
        self.put_cursor(event.place)

    def on_pointed_dragged(self, event: Pointed.Dragged) -> None:
        """A way of the mouse selects."""
        self.put_cursor(event.place, event.anchor)

    def on_rivals_panel_chosen(self, event: RivalsPanel.Chosen) -> None:
        """A click chooses a rival."""
        self.rivals.choose(event.place)

    def action_walk(self, way: str) -> None:
        """Move the cursor; up and down in the panel choose a rival."""
        if self.rivals.has_focus and way in ("up", "down"):
            self.rivals.step(-1 if way == "up" else 1)
        else:
            self._selecting &= self.view.cursor is not None  # with it goes what was selected
            anchor = self._anchor if self._selecting else None
            self.put_cursor(self.view.place_towards(way), anchor)

    @property
    def _anchor(self) -> int | None:
        """From where it is selected; from the cursor, where nothing is yet."""
        block = self.view.blocks[-1] if self.view.blocks else None
        return None if block is None else block.cursor if block.anchor is None else block.anchor

    def action_select(self) -> None:
        """Select from the cursor on, with every way of it; or select no more."""
        if self.view.selected:
            self.put_cursor(self.view.cursor)
            return
        if self.view.cursor is None:
            self.put_cursor(self.view.place_towards("left"))
        self.put_cursor(self.view.cursor, self.view.cursor)
        self._selecting = True

    def action_extend(self, way: str) -> None:
        """Select one character more, or less."""
        if self.view.cursor is None:
            self.put_cursor(self.view.place_towards(way))
        else:
            self.put_cursor(self.view.place_towards(way), self._anchor)

    def action_rival(self, place: int) -> None:
        """Choose a rival of the character under the cursor."""
        self.rivals.choose(place)
        self.changed()

    def action_enter(self) -> None:
        """Write on with the chosen rival; without a cursor, go to the prompt."""
        cursor, rival = self.view.cursor, self.rivals.rival
        if cursor is None:
            self._tools.prompt.focus()
        elif not self.author.has_this_models():
            return
        elif rival is None:
            said = "choose another character first: a digit, or Tab and then ↑ ↓"
            self._tools.say(said, False)
        elif rival.character:
            self.author.branch(self.view.text[:cursor] + rival.character)
        else:
            self.writing.end_at(self.view.text[:cursor])
        self.changed()
