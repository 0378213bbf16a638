"""The runs: shipped models, one's own, single checkpoints; load, compare, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container

from charlm.display import visible
from charlm.wording import bytes_text

from ...keys.table import bindings_of, view_key
from ...widgets.pieces_line import Piece
from ...writer.models import runs_folder
from ..sheets import Question
from .marking import RunsMarking
from .panel import RunPanel
from .snapshots import RunDeleted, RunDetails, RunRow, RunRows, RunSnapshot
from .table import COLUMNS, RunsTable

_FRAME = 1 / 30
_DIM = "$foreground-muted"


class RunsView(RunsMarking):
    """A table of everything that can be written with, and of what is being trained.

    `load`: write with a model. `loaded`: the run or file that Write has. `overlay`: the training
    of one run, or the curves of several over each other.
    """

    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("runs")

    def __init__(
        self,
        load: Callable[[Path], None],
        loaded: Callable[[], Path | None],
        overlay: Callable[[Sequence[Path]], None],
    ) -> None:
        super().__init__(overlay)
        self._load, self._ask_loaded = load, loaded
        self._rows: tuple[RunRow, ...] | None = None
        self._loaded: Path | None = None

    def compose_view(self) -> ComposeResult:
        """The table, and what the run in hand says of itself."""
        with Container(id="runs-body"):
            yield RunsTable(id="runs-table")
            yield RunPanel(id="run-panel")

    def on_mount(self) -> None:
        """Rows come from the reader."""
        self.table = self.query_one(RunsTable)
        self.panel = self.query_one(RunPanel)
        self.table.focus()
        self.begin()
        self.set_interval(_FRAME, self._drain)

    def on_unmount(self) -> None:
        """The reader ends."""
        self._reader.close()

    def on_screen_resume(self) -> None:
        """Look again and again while someone looks."""
        self._watch()

    def on_screen_suspend(self) -> None:
        """Nobody looks."""
        self._reader.rest()

    # What the keys do.

    def action_load(self) -> None:
        """Write with the run in hand."""
        if (row := self.table.row) is not None and row.loads:
            self._load(row.path)

    def action_train(self) -> None:
        """Its training."""
        if (row := self.table.row) is not None:
            self._overlay([row.path])

    def action_delete(self) -> None:
        """Delete the run in hand, after a question."""
        row = self.table.row
        if row is None:
            return
        if "deletable" not in self.states():
            why = "it came with charlm" if row.kind == "shipped" else "it is being trained"
            self.say(f"{row.name} stays: {why}")
            return
        what = "Its folder, with everything in it" if row.kind == "run" else "The file"
        lines = [
            row.name, "", f"{what}, {bytes_text(row.size)}, is deleted:", str(row.path), "",
            "This cannot be undone.",
        ]  # fmt: skip

        def answered(yes: bool | None) -> None:
            if yes:
                self._reader.delete(row.path)

        self.app.push_screen(Question("Delete?", lines, "Delete"), answered)

    def action_move(self, by: int) -> None:
        """Another row."""
        self.table.move(by)
        self.show_state()

    def action_sort(self) -> None:
        """By the next column that is shown."""
        shown = self.table.columns
        later = [column for column in shown if column > self.table.column]
        self._sort(later[0] if later else shown[0])

    def action_turn_order(self) -> None:
        """The other way round."""
        self.table.sort_by(self.table.column, not self.table.ascending)

    def action_back(self) -> None:
        """Back to where one came from."""
        self.leave()

    def on_runs_table_sort_asked(self, event: RunsTable.SortAsked) -> None:
        """By the column clicked on; once more turns it."""
        if event.column == self.table.column:
            self.action_turn_order()
        else:
            self._sort(event.column)

    def on_runs_table_chosen(self) -> None:
        """A second click."""
        self.action_load()

    def on_runs_table_moved(self) -> None:
        """Another run in hand: ask what it says."""
        row = self.table.row
        if row is not None:
            self._reader.describe(row.path)
        self._show_details()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        states = {"runs", "outside"}
        row = self.table.row
        if row is not None:
            states.add("rows")
            for name, holds in (
                ("loads", row.loads),
                ("run", row.kind != "file"),
                ("marked-runs", bool(self.marked_runs())),
                ("deletable", row.kind != "shipped" and row.state != "training"),
                ("marked-here", row.path in self._marked),
                ("comparable", self.pair() is not None),
                ("marked", bool(self._marked)),
            ):
                if holds:
                    states.add(name)
        return frozenset(states)

    def title_pieces(self) -> Sequence[Piece]:
        """How many there are, and where."""
        pieces = [Piece("charlm", "bold $primary", 1), Piece("Runs", "bold")]
        if self._rows is None:
            return [*pieces, Piece("looking …", _DIM)]
        training = sum(row.state == "training" for row in self._rows)
        pieces.append(Piece(f"{len(self._rows)} in {runs_folder()}", _DIM, 3))
        if training:
            pieces.append(Piece(f"{training} training now", "$success", 2, right=True))
        return pieces

    def show_status(self) -> None:
        """What is marked; what is loaded."""
        if self.is_current and self._loaded != self._loaded_now():
            self._watch()
        line = []
        if self._marked:
            line = [Piece(f"{len(self._marked)} marked", "bold $accent", 1),
                    Piece("d differences · o curves together · u unmark", _DIM, 2)]  # fmt: skip
        elif self._rows is not None and not self._rows:
            line = [Piece(f"{view_key('train')} trains a model", _DIM)]
        else:
            enter = "Enter writes with it; " if "loads" in self.states() else ""
            line = [Piece(f"{enter}Space marks runs to compare them", _DIM)]
        self.line("knobs").set_pieces(line)
        here = any(row.path == self._loaded for row in self._rows or ())
        loaded = "● loaded now" if here else "the loaded model is not among them"
        pieces = [Piece(loaded, _DIM, 2, right=True)] if self._loaded else []
        self.line("meters").set_pieces(pieces)

    # What happens by itself.

    def _loaded_now(self) -> Path | None:
        loaded = self._ask_loaded()
        return loaded and loaded.absolute()

    def _watch(self) -> None:
        """List again and again, the loaded model wherever it lies among them."""
        self._loaded = self._loaded_now()
        self._reader.watch([self._loaded] if self._loaded else [])

    def _drain(self) -> None:
        posted = self._reader.posted
        for _ in range(len(posted)):
            self._take(posted.popleft())

    def _take(self, snapshot: RunSnapshot) -> None:
        match snapshot:
            case RunRows(rows=rows):
                self._rows = rows
                self._marked &= {row.path for row in rows}
                self._draw()
                self._ask_again()
                self.show_state()
            case RunDetails():
                self._details[snapshot.path] = snapshot
                self._show_details()
                self.compare()
            case RunDeleted(path=path, error=error):
                held = "; Write holds it in memory until it has another" * (path == self._loaded)
                self.say(error or f"deleted {visible(path.name)}{held}", bool(error))

    def _draw(self) -> None:
        self.table.show(self._rows or (), self._marked, self._loaded)
        self.panel.set_empty(self._rows is not None and not self._rows)

    def _ask_again(self) -> None:
        row = self.table.row
        if row is not None and (row.state == "training" or row.path not in self._details):
            self._reader.describe(row.path)

    def _show_details(self) -> None:
        row = self.table.row
        self.panel.show(row, self._details.get(row.path) if row else None)

    def _sort(self, column: int) -> None:
        self.table.sort_by(column, COLUMNS[column].ascending)
