"""The runs: shipped models, one's own, single checkpoints; load, compare, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container

from charlm.display import visible
from charlm.wording import counted

from ...keys.states import holding
from ...keys.table import bindings_of, view_key
from ...threads import nobody
from ...training.watcher import RunWatcher
from ...widgets.pieces_line import Piece
from ..base import View
from .changes import delete_question, rename_question, why_kept, why_stays
from .marks import Comparison, Marks
from .panel import RunPanel
from .reader import RunsReader
from .snapshots import (
    RunDeleted,
    RunDetails,
    RunRenamed,
    RunRow,
    RunRows,
    RunsFailed,
    RunSnapshot,
)
from .table import COLUMNS, RunsTable

_DIM = "$foreground-muted"
_MARKED = ("d differences", "o curves together", "u unmark")


class RunsView(View):
    """A table of everything that can be written with, and of what is being trained.

    `load`: write with a model. `loaded`: the run or file that Write has. `overlay`: the training
    of one run, or the curves of several over each other. `renamed`: told of a run, where it was
    and where it is.
    """

    view_name = "runs"
    CSS_PATH = "style.tcss"
    BINDINGS = bindings_of("runs")

    def __init__(
        self,
        watcher: RunWatcher,
        load: Callable[[Path], None],
        loaded: Callable[[], Path | None],
        overlay: Callable[[Sequence[Path]], None],
        renamed: Callable[[Path, Path], None],
    ) -> None:
        super().__init__()
        self._watcher, self._feed = watcher, watcher.feed()
        self._reader = RunsReader()
        self._load, self._ask_loaded, self._overlay = load, loaded, overlay
        self._tell_renamed = renamed
        self.table, self.panel = RunsTable(id="runs-table"), RunPanel(id="run-panel")
        self.marks, self._comparison = Marks(self.table), Comparison(self._reader)
        self._details: dict[Path, RunDetails] = {}
        self._rows: tuple[RunRow, ...] | None = None
        self._unlisted = False
        self._loaded: Path | None = None

    def compose_view(self) -> ComposeResult:
        """The table, and what the run in hand says of itself."""
        with Container(id="runs-body"):
            yield self.table
            yield self.panel

    def on_mount(self) -> None:
        """The table has the cursor."""
        self.table.focus()
        self.begin()

    def on_unmount(self) -> None:
        """The reader ends."""
        self._watcher.drop(self._feed)
        self._reader.close()

    def wake(self) -> None:
        """Look again and again while someone looks."""
        self._reader.tell = self.frames(self._drain)
        self._feed.wake(self.frames(self._show_run))
        self._drain()
        self._watch()

    def rest(self) -> None:
        """Nobody looks; differences would come over another view."""
        self._reader.tell = nobody
        self._reader.rest()
        self._feed.rest()
        self._comparison.forget()

    @property
    def known(self) -> bool:
        """Whether it is known which runs there are."""
        return self._rows is not None

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
        if why := why_stays(row):
            self.say(f"{row.name} stays: {why}")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._reader.delete(row.path)

        self.app.push_screen(delete_question(row), answered)

    def action_rename(self) -> None:
        """Rename the run in hand, once it is known how."""
        row = self.table.row
        if row is None:
            return
        if why := why_kept(row):
            self.say(f"{row.name} keeps its name: {why}")
            return
        path = row.path

        def named(name: str | None) -> None:
            if name and name != path.name:
                self._reader.rename(path, name)

        self.app.push_screen(rename_question(row), named)

    def action_move(self, by: int) -> None:
        """Another row."""
        self.table.move(by)

    def action_mark(self) -> None:
        """Mark the run in hand, or no more; then the next."""
        if (row := self.table.row) is not None:
            self.marks.turn(row.path)
            self._draw()
            self.table.move(1)

    def action_unmark(self) -> None:
        """Mark none."""
        self.marks.clear()
        self._draw()

    def action_overlay(self) -> None:
        """The curves of the marked runs over each other; a single file has none."""
        files = self.marks.files
        if runs := self.marks.runs:
            self._overlay(runs)
        elif not files:
            self.say("mark the runs first: Space does it")
        if files:
            self.say(f"a single file has no curves: {', '.join(files)}")

    def action_difference(self) -> None:
        """How two runs differ."""
        if (pair := self.marks.pair) is None:
            self.say("differences are told of two runs: mark two, or one beside the one in hand")
        else:
            self._comparison.ask(pair)

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
            if row.kind != "file":
                self._feed.watch(row.path)
        self._show_run()
        self.changed()

    def states(self) -> frozenset[str]:
        """What holds now, in the words of the key table."""
        always, row = super().states(), self.table.row
        if row is None:
            return always
        return always | holding({
            "rows": True,
            "loads": row.loads,
            "run": row.kind != "file",
            "marked-runs": bool(self.marks.runs),
            "deletable": not why_stays(row),
            "renamable": not why_kept(row),
            "marked-here": row.path in self.marks.paths,
            "comparable": self.marks.pair is not None,
            "marked": bool(self.marks.paths),
        })  # fmt: skip

    def title_pieces(self) -> Sequence[Piece]:
        """How many there are, and where."""
        pieces = [Piece("charlm", "bold $primary", 1), Piece("Runs", "bold")]
        if self._rows is None:
            looks = "they could not be listed" if self._unlisted else "looking …"
            return [*pieces, Piece(looks, _DIM)]
        training = sum(row.state == "training" for row in self._rows)
        pieces.append(Piece(counted(len(self._rows), "run"), _DIM, 3))
        if training:
            pieces.append(Piece(f"{training} training now", "$success", 2, right=True))
        return pieces

    def show_status(self) -> None:
        """What is marked; what is loaded."""
        if self.is_current and self._loaded != self._loaded_now():
            self._watch()
        line = []
        if marked := len(self.marks.paths):
            ways = _MARKED["comparable" not in self.states() :]
            line = [Piece(f"{marked} marked", "bold $accent", 1),
                    Piece(" · ".join(ways), _DIM, 2)]  # fmt: skip
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
        for snapshot in self._reader.take():
            self.take(snapshot)
        self.show_state()

    def take(self, snapshot: RunSnapshot) -> None:
        """Take in what the reader told."""
        match snapshot:
            case RunRows(rows=rows):
                self._rows = rows
                self.marks.keep({row.path for row in rows})
                self._draw()
                self._ask_again()
            case RunDetails():
                self._details[snapshot.path] = snapshot
                self._show_run()
                if sheet := self._comparison.sheet(self._details):
                    self.app.push_screen(sheet)
            case RunsFailed(error=error):
                self._unlisted = True  # those that were known stay
                self.say(f"the runs could not be listed: {error}", True)
            case RunRenamed(path=path, new=new, error=error):
                if not error:
                    self._follow(path, new)
                self.say(error or f"it is called {visible(new.name)} now", bool(error))
            case RunDeleted(path=path, error=error):
                held = "; Write holds it in memory until it has another" * (path == self._loaded)
                self.say(error or f"deleted {visible(path.name)}{held}", bool(error))

    def _follow(self, path: Path, new: Path) -> None:
        """A run has another place now: whoever knows it finds it there."""
        self.marks.follow(path, new)
        self.table.follow(path, new)
        self._tell_renamed(path, new)
        self._loaded = self._loaded_now()
        if self.seen:
            self._watch()

    def _draw(self) -> None:
        self.table.show(self._rows or (), self.marks.paths, self._loaded)
        self.panel.set_empty(self._rows is not None and not self._rows)

    def _ask_again(self) -> None:
        row = self.table.row
        if row is not None and (row.state == "training" or row.path not in self._details):
            self._reader.describe(row.path)

    def _show_run(self) -> None:
        """What the run in hand says of itself, as far as it is known."""
        row, curves = self.table.row, self._feed.latest
        if row is not None:
            ours = curves if curves is not None and curves.run == row.path else None
            self.panel.show(row, self._details.get(row.path), ours)

    def _sort(self, column: int) -> None:
        self.table.sort_by(column, COLUMNS[column].ascending)
