"""The views, a row for each: its keys, the key that shows it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..keys import common, table
from ..keys.key import Key
from ..keys.key import View as ViewName
from .inspect import keys as inspect
from .runs import keys as runs
from .train import keys as train
from .write import keys as write

if TYPE_CHECKING:
    from ..training.desk import TrainingDesk
    from ..training.watcher import RunWatcher
    from ..writer.contract import Load
    from ..writer.snapshots import Newest
    from .base import View


class Services(Protocol):
    """What the app does for its views."""

    @property
    def desk(self) -> TrainingDesk:
        """The training that this app started."""

    @property
    def watcher(self) -> RunWatcher:
        """Reads the logs of runs."""

    @property
    def load(self) -> Load:
        """Reads a model."""

    @property
    def keeps_history(self) -> bool:
        """Whether prompts, texts and paths are kept for the next start."""

    def write_with(self, path: Path) -> None:
        """Go to writing, with this model."""

    def show_training(self, runs: Sequence[Path]) -> None:
        """Go to the training of a run, the curves of the others over it."""

    def written_with(self) -> Path | None:
        """The run or file that is written with."""

    def follow(self, path: Path, new: Path) -> None:
        """A run that lay at a path lies at another now."""

    def newest(self) -> Newest:
        """What is written with, and the newest text as far as it is written."""


class Entry(NamedTuple):
    """One view. make: imports it too: the first paint does not wait for what is not seen."""

    name: ViewName
    keys: tuple[Key, ...]
    shown_by: Key
    make: Callable[[Services], View]


def _runs(app: Services) -> View:
    from .runs.view import RunsView

    told = app.write_with, app.written_with, app.show_training, app.follow
    return RunsView(app.watcher, *told)


def _train(app: Services) -> View:
    from ..shell.recent_texts import recent_texts
    from .train.view import TrainView

    recent = recent_texts(kept=app.keeps_history)
    return TrainView(app.watcher, app.desk, app.load, app.write_with, recent)


def _inspect(app: Services) -> View:
    from .inspect.view import InspectView

    return InspectView(app.newest)


#: Those that lie over the one that writes, which the app begins with.
VIEWS = (
    Entry("runs", runs.KEYS,
          Key("app.view('runs')", ("f7",), (("runs", "Write"), ("", "Runs")),
              "your runs and models; again: back to writing", "Views", rank=3, leader="7"), _runs),
    Entry("train", train.KEYS,
          Key("app.view('train')", ("f8",),
              (("train", "Write"), ("training", "Training"), ("", "Train")),
              "train a model, and watch it learn; again: back to writing", "Views", rank=3,
              leader="8"),
          _train),
    Entry("inspect", inspect.KEYS,
          Key("app.view('inspect')", ("f9",), (("inspect", "Write"), ("", "Inspect")),
              "look into the model: its units, its surprise", "Views", rank=3, leader="9"),
          _inspect),
)  # fmt: skip

table.gather(
    [
        *write.KEYS,
        *(key for view in VIEWS for key in view.keys),
        *(view.shown_by for view in VIEWS),
        *common.KEYS,
    ]
)
