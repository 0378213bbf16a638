"""The model one writes with: what is known of it, and which is being read."""

from __future__ import annotations

from pathlib import Path

from charlm.display import visible
from charlm.model.config import Precision

from ...keys.table import decoder_keys, key_named, view_key
from ...writer.models import run_of, shown_name
from ...writer.snapshots import Loaded, LoadFailed, Loading, ModelFacts
from ...writer.worker import DecodeWorker


class Model:
    """Has models read. first: the one to begin with.

    facts: of the one that is there; run: the run that it is of. loading: the name of the one
    that is being read, else "".
    """

    def __init__(self, worker: DecodeWorker, first: Path | None) -> None:
        self._worker = worker
        self.first = first
        self.facts: ModelFacts | None = None
        self.run: Path | None = None
        self.loading = ""
        self.precision: Precision = "float32"

    @property
    def missing(self) -> str:
        """What to do where there is no model, nor will be; "" where one is."""
        if self.facts is not None or self.loading or self.first:
            return ""
        train, runs = view_key("train"), view_key("runs")
        return f"there is no model yet: {train} trains one, {runs} lists them"

    @property
    def name(self) -> str:
        """The model as a heading names it."""
        if self.facts is None:
            return self.loading
        numbers = "" if self.facts.precision == "float32" else f" {self.facts.precision}"
        return self.facts.name + numbers

    def load_first(self) -> None:
        """Read the one to begin with, unless one is read or being read."""
        if self.first is not None and self.facts is None and not self.loading:
            self.load(self.first)

    def load(self, path: Path) -> None:
        """Read this one."""
        self.loading = visible(shown_name(path))
        self._worker.load(path, self.precision)

    def follow(self, path: Path, new: Path) -> None:
        """A run has another place now, and maybe this model with it."""
        if self.facts is not None and self.run == path:
            there = new / self.facts.path.absolute().relative_to(path)
            self.facts, self.run = (
                self.facts._replace(path=there, name=visible(shown_name(there))),
                new,
            )

    def turn_precision(self) -> str:
        """Numbers of 8 bits, or of 32 again, with the next that is read; what that is, in words."""
        self.precision = "float32" if self.precision == "int8" else "int8"
        if self.precision == "float32":
            return "numbers of 32 bits: the model as it was trained"
        back = key_named("precision", "write")
        return f"numbers of 8 bits: faster, nearly the same model ({back} goes back)"

    def take(self, snapshot: Loading | Loaded | LoadFailed) -> None:
        """Take in what was read."""
        match snapshot:
            case Loading(path=path):
                self.loading = visible(shown_name(path))
            case Loaded(facts=facts):
                self.facts, self.loading = facts, ""
                self.run = run_of(facts.path).absolute()
            case LoadFailed():
                self.loading = ""
                if self.facts is not None:
                    self.precision = self.facts.precision

    def first_steps(self) -> tuple[str, ...]:
        """What one can do while nothing is written, in lines."""
        if self.facts is not None:
            return (
                f"{self.facts.name} is ready.", "",
                "Type how a text begins, then press Enter.",
                f"{decoder_keys()} change how it is written, {key_named('help')} shows every key.",
            )  # fmt: skip
        if self.first is not None:
            return ("One moment: the model is being read.",)
        return (
            "There is no model here yet.", "",
            f"{view_key('train')} trains one, on a text of yours or on Python's own documentation.",
            f"{view_key('runs')} lists the runs that were found.",
        )  # fmt: skip
