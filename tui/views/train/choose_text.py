"""A sheet to choose a text: one that was learned from before, or any that the folders hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from .file_rows import FileRows
from .files import FilesReader

_PAGE = 10


class ChooseText(ModalScreen[str | None]):
    """Gives the path of a file, or of a folder, or None."""

    BINDINGS = [  # noqa: RUF012
        ("escape", "dismiss(None)", "Close"),
        ("up", "move(-1)", "Up"), ("down", "move(1)", "Down"),
        ("pageup", f"move(-{_PAGE})", "Page up"), ("pagedown", f"move({_PAGE})", "Page down"),
        ("home", "move(-9999)", "First"), ("end", "move(9999)", "Last"),
        ("enter", "take", "Take"), ("right", "open", "Open"), ("space", "take_folder", "Take"),
        ("left", "out", "Out"), ("backspace", "out", "Out"),
    ]  # fmt: skip

    def __init__(self, recent: Sequence[str], folder: str) -> None:
        """recent: paths of before, of which some may be gone. folder: where to look first."""
        super().__init__()
        self._reader = FilesReader()
        self.files = FileRows(os.path.abspath(folder), self._reader.list, id="file-rows")
        self._reader.look(recent)

    def compose(self) -> ComposeResult:
        """The lines."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Texts"
            sheet.border_subtitle = "Enter takes, opens · Space takes a folder · ← out · Esc"
            yield self.files

    def on_mount(self) -> None:
        """What was read is shown as it comes."""
        self._reader.tell = partial(self.call_later, self._drain)
        self._drain()
        self.files.focus()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._reader.close()

    def on_key(self, event: events.Key) -> None:
        """A letter seeks a name that begins so."""
        if event.is_printable and event.character and not event.character.isspace():
            event.stop()
            self.files.seek(event.character)

    def on_file_rows_taken(self) -> None:
        """A second click."""
        self.action_take()

    def action_move(self, by: int) -> None:
        """Another line."""
        self.files.move(by)

    def action_take(self) -> None:
        """Give the file in hand; of a folder, show what it holds."""
        if not self.files.turn():
            self.action_take_folder()

    def action_take_folder(self) -> None:
        """Give the file or the folder in hand."""
        if self.files.entry.kind != "note":
            self.dismiss(self.files.entry.path)

    def action_open(self) -> None:
        """Show what a folder holds; in one that is open, its first line."""
        row = self.files.rows[self.files.place]
        if row.is_open or not self.files.turn():
            self.files.move(1)

    def action_out(self) -> None:
        """Out of a folder."""
        self.files.up()

    def _drain(self) -> None:
        for listing in self._reader.take():
            self.files.take(listing)
