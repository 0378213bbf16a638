"""What the views have in common: a title, a body, a status and the keys that work now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from charlm.wording import counted

from ..keys import table as keymap
from ..keys.key import View as ViewName
from ..shell.steady_app import SteadyApp
from ..widgets.pieces_line import Piece, PiecesLine
from .write.status import footer_pieces

_STATUS = 1 / 8
#: Sizes from which there is room for more; app.tcss says what for.
WIDE = 110
TALL = 18


class View(Screen[None]):
    """One of the views. Every action of the key table for it is a method of its class.

    A view gives its `view_name`, `compose_view`, `states`, `title_pieces` and `show_status`; eight
    times a second the base draws what these say.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (9, "-low"), (TALL, "-tall"), (28, "-roomy")]  # noqa: RUF012
    view_name: ClassVar[ViewName]

    def __init__(self) -> None:
        super().__init__(classes="view")
        self._ready = False
        self._lines: dict[str, PiecesLine] = {}

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
        raise NotImplementedError

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
        raise NotImplementedError

    def show_status(self) -> None:
        """Fill the lines `knobs` and `meters`, and whatever else follows the state."""

    def marked_action(self) -> str:
        """The action that stands out in the footer: the decoder in use."""
        return ""

    def begin(self) -> None:
        """Call at the end of `on_mount`: keys act and the state is drawn from now on."""
        self._ready = True
        self.show_state()
        self.set_interval(_STATUS, self.show_state)

    def show_state(self) -> None:
        """Title, status and footer as things stand; lines that did not change cost nothing."""
        self.line("title").set_pieces(self.title_pieces())
        self.show_status()
        line = self.line("footer")
        width = line.content_size.width
        line.set_pieces(footer_pieces(self.view_name, self.states(), self.marked_action(), width))

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
        self.run_worker(self.run_action(event.action), name="click")

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
