"""What the views have in common: a title, a body, a status and the keys that work now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, ParamSpec

from textual.app import ComposeResult
from textual.containers import Container
from textual.dom import DOMNode
from textual.screen import Screen

from charlm.wording import counted

from ..keys import table as keymap
from ..keys.key import View as ViewName
from ..keys.table import decoder_keys, keys_of
from ..shell.steady_app import SteadyApp
from ..widgets.pieces_line import Piece, PiecesLine

_Of = ParamSpec("_Of")
_STATUS = 1 / 8
#: Sizes from which there is room for more; app.tcss says what for.
WIDE = 110
TALL = 18
_SAID = 3  # notices, at most


class View(Screen[None]):
    """One of the views. Every action of the key table for it is a method of its class.

    A view gives its `view_name`, `compose_view`, `states`, `title_pieces` and `show_status`; eight
    times a second, while it can be seen, the base draws what changed of what these say.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (9, "-low"), (TALL, "-tall"), (28, "-roomy")]  # noqa: RUF012
    view_name: ClassVar[ViewName]

    def __init__(self) -> None:
        super().__init__(classes="view")
        self._ready = False
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
        self.show_state()
        self.set_interval(_STATUS, self._look)

    def on_screen_resume(self) -> None:
        """What happened while it was not seen."""
        self._look()

    def _look(self) -> None:
        """See what changed, if it can be seen: below a sheet, but not below another view."""
        stack = self.app.screen_stack if self._ready else []
        if self in stack and all(screen.is_modal for screen in stack[stack.index(self) + 1 :]):
            self.show_state()

    def show_state(self) -> None:
        """Title, status and footer as things stand; lines that did not change cost nothing."""
        self.show_title()
        self.show_status()
        width = self.line("footer").content_size.width
        states, marked = self.states(), self.marked_action()
        self.draw("footer", footer_pieces, self.view_name, states, marked, width)

    def show_title(self) -> None:
        """Fill the first line."""
        self.line("title").set_pieces(self.title_pieces())

    def draw(
        self, name: str, make: Callable[_Of, Sequence[Piece]], *of: _Of.args, **more: _Of.kwargs
    ) -> None:
        """Fill a line with what is made of these values, if they are others than before."""
        if self._made_of.get(name) != of:
            self._made_of[name] = of
            self.line(name).set_pieces(make(*of, **more))

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

    def copy(self, text: str) -> None:
        """Copy a text by whatever there is, and say what is known of it."""
        self.run_worker(self._copy(text), name="copy")

    async def _copy(self, text: str) -> None:
        app, length = self.app, counted(len(text), "character")
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
        self.run_worker(self.perform(event.action), name="click")

    async def perform(self, action: str) -> None:
        """Do an action of the key table, whoever has it."""
        owner = self.owner_of(action.partition("(")[0])
        await self.app.run_action(action, owner)

    def owner_of(self, action: str) -> DOMNode:
        """Who has an action of this name: the view itself, or a part that binds its own keys."""
        return self

    def action_theme(self) -> None:
        """Light or dark."""
        self.app.theme = "charlm-light" if self.app.current_theme.dark else "charlm-dark"

    def action_help(self) -> None:
        """Every key."""
        from .sheets import HelpScreen  # here: the first paint does not need it

        self.app.push_screen(HelpScreen(self.view_name, self.help_group()))

    def help_group(self) -> str:
        """The group of keys that the page of help begins with; "" for the first of the table."""
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
        pieces.append(Piece(f"{key.key_text} {label}", style, key.rank, action=key.action))
    return pieces
