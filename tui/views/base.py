"""What the views have in common: a title, a body, a status and the keys that work now."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar, TypeAlias

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.dom import DOMNode
from textual.screen import Screen
from textual.timer import Timer

from charlm.wording import counted

from ..keys import table as keymap
from ..keys.key import View as ViewName
from ..keys.table import decoder_keys, key_text, keys_of
from ..shell.steady_app import SteadyApp
from ..widgets.pieces_line import Piece, PiecesLine

#: The pieces of a line as a function, and the values of which it makes them.
Made: TypeAlias = partial[list[Piece]]
#: Seconds at least from one frame to the next.
_FRAME = 1 / 30
#: Sizes from which there is room for more; app.tcss says what for.
WIDE = 110
TALL = 18
_SAID = 3  # notices, at most


class View(Screen[None]):
    """One of the views. Every action of the key table for it is a method of its class.

    A view gives its `view_name`, `compose_view`, `states`, `title_pieces` and `show_status`. The
    base draws what these say when something changed: after every key, and when `changed` is
    called. It does so while the view is seen: no other view lies over it, a sheet may. What works
    for it beside the keys is set going in `wake` and stopped in `rest`.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (9, "-low"), (TALL, "-tall"), (28, "-roomy")]  # noqa: RUF012
    view_name: ClassVar[ViewName]

    def __init__(self) -> None:
        super().__init__(classes="view")
        self._ready = self._due = False
        #: Whether no other view lies over this one.
        self.seen = False
        self._repeated: list[Timer] = []
        self._lines: dict[str, PiecesLine] = {}
        self._made_of: dict[str, tuple[object, ...]] = {}

    def compose(self) -> ComposeResult:
        """Title, what the view is about, status, footer."""
        yield PiecesLine(id="title")
        yield from self.compose_view()
        with Container(id="status"):
            yield PiecesLine(id="knobs", more=" …")
            yield PiecesLine(id="meters")
        yield PiecesLine(id="footer", gap="  ")

    def compose_view(self) -> ComposeResult:
        """The widgets between title and status."""
        yield from ()

    def leave(self) -> None:
        """Back to the view below."""
        while self.app.screen is not self:  # the palette may lie over it
            self.app.pop_screen()
        self.app.pop_screen()

    def on_screen_suspend(self) -> None:
        """What opens over this view shows the toasts: here, below it, they would be seen twice."""
        for rack in self.query("ToastRack"):
            rack.display = False
        self._see()

    def on_screen_resume(self) -> None:
        """Draw what changed while something lay over this view."""
        self._see()
        self.changed()

    def wake(self) -> None:
        """The view is seen from now on: take in what happened, and be told of what happens."""

    def rest(self) -> None:
        """Another view lies over this one: be told of nothing, and do nothing."""

    def every(self, seconds: float, call: Callable[[], object]) -> None:
        """Call it again and again while the view is seen."""
        self._repeated.append(self.set_interval(seconds, call, pause=not self.seen))

    def frames(self, call: Callable[[], object]) -> Callable[[], None]:
        """Return what may be called from any thread: it calls `call` here, 30 times a second at
        most, while the view is seen.
        """
        last = 0.0

        def draw() -> None:
            nonlocal last
            last = time.monotonic()
            if self.seen:
                call()

        def due() -> None:
            wait = last + _FRAME - time.monotonic()
            self.set_timer(wait, draw) if wait > 0 else draw()

        def told() -> None:
            self.call_later(due)

        return told

    def _see(self) -> None:
        """Wake, or rest, if one has come to see the view or sees it no longer."""
        views = [screen for screen in self.app.screen_stack if isinstance(screen, View)]
        seen = self._ready and views[-1:] == [self]
        if seen == self.seen:
            return
        self.seen = seen
        for timer in self._repeated:
            timer.resume() if seen else timer.pause()
        self.wake() if seen else self.rest()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table; the view's name among them."""
        return frozenset({self.view_name, "outside"})

    def title_pieces(self) -> Sequence[Piece]:
        """The first line."""
        return [Piece("charlm", "bold $primary", 1)]

    def show_status(self) -> None:
        """Fill the lines `knobs` and `meters`, and whatever else follows the state."""

    def marked_action(self) -> str:
        """The action that stands out in the footer: the decoder in use."""
        return ""

    def begin(self) -> None:
        """Call at the end of `on_mount`: keys act and the state is drawn from now on."""
        self._ready = True
        self.app.theme_changed_signal.subscribe(self, lambda _: self.changed())
        self.show_state()

    def changed(self) -> None:
        """Draw the state soon, once for all that changed until then; from any thread."""
        if not self._due:
            self._due = True
            self.call_later(self._draw_changes)

    def _draw_changes(self) -> None:
        self._due = False
        if self.seen:
            self.show_state()

    def on_resize(self, event: events.Resize) -> None:
        """The footer has more room, or less."""
        self.call_after_refresh(self.changed)

    def on_descendant_focus(self) -> None:
        """Other keys act now."""
        self.changed()

    def on_descendant_blur(self) -> None:
        """Other keys act now."""
        self.changed()

    async def run_action(
        self, action: str, namespaces: Mapping[str, DOMNode] | None = None
    ) -> None:
        """Do an action for the palette or a click, whoever has it, and draw what it changed."""
        owner = self.owner_of(action.partition("(")[0])
        await self.app.run_action(action, owner, namespaces)
        self.changed()

    def owner_of(self, action: str) -> DOMNode:
        """Who has an action of this name: the view itself, or a part that binds its own keys."""
        return self

    def show_state(self) -> None:
        """Title, status and footer as things stand; lines that did not change cost nothing."""
        self.show_status()
        lines = self.lines()
        states, marked = self.states(), self.marked_action()
        width = self.line("footer").content_size.width
        lines["footer"] = partial(footer_pieces, self.view_name, states, marked, width)
        for name, made in lines.items():
            if self._made_of.get(name) != made.args:
                self._made_of[name] = made.args
                self.line(name).set_pieces(made())

    def lines(self) -> dict[str, Made]:
        """What lines are made of: they are made when that is not what it was."""
        return {"title": partial(list, self.title_pieces())}

    def line(self, name: str) -> PiecesLine:
        """One of the lines `title`, `knobs`, `meters`, `footer`."""
        if name not in self._lines:  # the view may go while its last state is drawn
            self._lines[name] = self.query_one(f"#{name}", PiecesLine)
        return self._lines[name]

    def say(self, message: str, wrong: bool = False, *, long: bool = False) -> None:
        """A toast. long: there is something to read, or to copy."""
        self.app.notify(
            message, severity="error" if wrong else "information",
            timeout=8 if wrong or long else 3,
        )  # fmt: skip

    def copy(self, text: str, note: str = "") -> None:
        """Copy a text by whatever there is, and say what is known of it. note: what it is."""
        self.run_worker(self._copy(text, note), name="copy")

    async def _copy(self, text: str, note: str) -> None:
        app, length = self.app, counted(len(text), "character") + note
        assert isinstance(app, SteadyApp)
        if how := await app.copy_by_program(text):
            self.say(f"copied {length} ({how})")
            return
        app.copy_to_clipboard(text)
        known = "whether it took them is not known"
        self.say(f"sent {length} to the terminal (OSC 52): {known}", long=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action without a label in the present state is not there: its key falls through.

        Nothing is there before the view is: keys typed ahead of it are let go.
        """
        if not self._ready:
            return False
        return keymap.label_of(action, parameters, self.states()) is not None

    def on_pieces_line_chosen(self, event: PiecesLine.Chosen) -> None:
        """A click on a key or a knob does what it says."""
        self.run_worker(self.run_action(event.action), name="click")

    def action_theme(self) -> None:
        """Light or dark."""
        self.app.theme = "charlm-light" if self.app.current_theme.dark else "charlm-dark"

    def action_help(self) -> None:
        """Every key."""
        from .sheets import HelpScreen  # here: the first paint does not need it

        self.app.push_screen(HelpScreen(self.view_name, self.help_group(), self.help_end()))

    def help_group(self) -> str:
        """The group of keys that the page of help begins with; "" for the first of the table."""
        return ""

    def help_end(self) -> str:
        """What the page of help ends with, beside keys."""
        return ""


def gathered(notices: Sequence[str]) -> str:
    """Several notices as one: the first ones, and how many more there are."""
    more = [f"and {len(notices) - _SAID} more"] if len(notices) > _SAID else []
    return "\n".join([*notices[:_SAID], *more])


def footer_pieces(view: ViewName, states: Collection[str], marked: str, width: int) -> list[Piece]:
    """The keys that work now. Where there is room each decoder has its own place.

    marked: the action that stands out. width: cells of the line.
    """
    named = _keys_now(view, states, marked, True)
    ranks = [key.rank for key in keys_of(view) if key.group == "Decoders"]
    needed = [piece for piece in named if piece.rank <= max(ranks, default=0)]
    fits = sum(len(piece.text) + 2 for piece in needed) <= width
    return named if fits else _keys_now(view, states, marked, False)


def _keys_now(view: ViewName, states: Collection[str], marked: str, wide: bool) -> list[Piece]:
    pieces: list[Piece] = []
    grouped = False
    for key in keys_of(view):
        label = key.label(states)
        if not key.rank or not label or (key.where != "always" and key.where not in states):
            continue
        if key.group == "Decoders" and not wide:
            if not grouped:
                pieces.append(Piece(f"{decoder_keys()} Decoder", "", 4))
            grouped = True
            continue
        style = "bold $primary" if key.action == marked else ""
        pieces.append(
            Piece(f"{key_text(key, view, states)} {label}", style, key.rank, action=key.action)
        )
    return pieces
