"""The app with one view alone: below it lies an empty one in the place of Write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from root import ROOT
from textual.app import ComposeResult
from textual.screen import Screen

from tui.app import CharlmApp
from tui.keys.table import bindings_of
from tui.views.base import View
from tui.widgets.pieces_line import Piece
from tui.writer.snapshots import Newest


class Below(View):
    """An empty view in the place of Write, with the keys that every view has."""

    view_name = "write"
    BINDINGS = bindings_of("")

    def compose_view(self) -> ComposeResult:
        """Nothing."""
        yield from ()

    def on_mount(self) -> None:
        """Begin at once."""
        self.begin()

    def title_pieces(self) -> Sequence[Piece]:
        """Nothing."""
        return ()


class OneViewApp(CharlmApp):
    """Opens nothing of Write. `asked`: the models that a view wanted to write with.

    newest: what a view is told of the model and the text of Write.
    """

    CSS_PATH = [ROOT / "tui" / "shell" / "app.tcss"]  # noqa: RUF012

    def __init__(
        self, newest: Callable[[], Newest] = lambda: Newest(None, "", False), **options: Any
    ) -> None:
        super().__init__(**options)
        self._told_newest = newest
        self.asked: list[Path] = []

    def get_default_screen(self) -> Screen[None]:
        """The empty view."""
        return Below()

    def write_with(self, path: Path) -> None:
        """Remember what was asked for."""
        self.asked.append(path)

    def written_with(self) -> Path | None:
        """The model that was told."""
        return self._told_newest().path

    def newest(self) -> Newest:
        """The text that was told."""
        return self._told_newest()
