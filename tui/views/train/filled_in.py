"""What is written in the form that starts a training: its fields, and the plan that they mean."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from charlm.errors import InputError
from charlm.model.config import MAX_LAYERS, MAX_SIZE
from charlm.options.train_fields import OPTIONS
from charlm.options.types import AUTO
from charlm.run.places import named_after, wrong_name

from ...widgets.field import Field
from .choice import Choice
from .corpus_field import CorpusField
from .fields import BUDGET, KINDS, MORE, more_options
from .training_plan import TrainingPlan
from .typed_path import paths_meant, why_missing

_MOST_AT_ONCE = 1000


class FieldError(InputError):
    """A field that cannot be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class FilledIn:
    """The fields and choices of the form by their names, once there are some.

    runs: the folder of new runs.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self.begin()
        self.fields: dict[str, Field] = {}
        self.choices: dict[str, Choice] = {}

    def make(self) -> None:
        """Make them, while the form is composed: a field asks for its app."""
        self.fields |= _fields(self.run_name([], ""))
        self.choices |= _choices()

    def begin(self) -> None:
        """A run that gets no name has that of this moment."""
        self._stamp = time.strftime("%m%d-%H%M%S")

    @property
    def corpus(self) -> list[str]:
        """The paths to learn from."""
        return paths_meant(self.text("corpus"))

    def offer_name(self) -> None:
        """Show what the run will be called if nothing is written."""
        name = self.run_name(self.corpus, self.choices["cell"].value)
        self.fields["name"].placeholder = name

    def text(self, field: str) -> str:
        """What is written in a field."""
        return self.fields[field].value.strip()

    def run_name(self, corpus: Sequence[str], cell: str) -> str:
        """What a run is called that gets no name, of this corpus and cell."""
        cell = cell or OPTIONS["cell"].option.default
        first = corpus[0] if corpus else ""
        name = f"{named_after(first, 'python')}-{cell}-{self._stamp}"
        names = [name, *(f"{name}-{number}" for number in range(2, _MOST_AT_ONCE))]
        return next((free for free in names if not os.path.lexists(self._runs / free)), name)

    def plan(self) -> TrainingPlan:
        """The plan of the fields. Raises FieldError."""
        corpus, cell = self.corpus, self.choices["cell"].value
        kind = self.choices["kind"].value
        missing = next((path for path in corpus if not os.path.exists(path)), None)
        if missing is not None:
            raise FieldError("corpus", why_missing(missing))
        hidden = self._number("hidden", "hidden size", MAX_SIZE)
        layers = self._number("layers", "layers", MAX_LAYERS)
        budget = self.text("budget").lower() or (AUTO if kind == "characters" else "")
        if not OPTIONS[kind].option.takes(budget):
            raise FieldError("budget", f"{kind}: a number such as {BUDGET[kind].example}")
        name = unicodedata.normalize("NFC", self.text("name")) or self.run_name(corpus, cell)
        if said := wrong_name(name):
            raise FieldError("name", said)
        run = self._runs / name
        if os.path.lexists(run):
            raise FieldError("name", f"{name} exists already: choose another name")
        more = {field: self.text(field) for field in MORE}
        wrong = next((f for f, text in more.items() if not MORE[f].holds(text)), None)
        if wrong is not None:
            raise FieldError(wrong, f"{MORE[wrong].label.lower()} must be {MORE[wrong].rule}")
        return TrainingPlan(
            run, tuple(corpus), cell, self.choices["unit"].value, hidden, layers, budget, kind,
            more_options(more),
        )  # fmt: skip

    def _number(self, field: str, label: str, most: int) -> str:
        text = self.text(field) or (AUTO if field == "hidden" else "")
        if not OPTIONS[field].option.takes(text):
            auto = f", or {AUTO}" if OPTIONS[field].option.takes(AUTO) else ""
            raise FieldError(field, f"{label} must be a number from 1 to {most:,}{auto}")
        return text


def _fields(name: str) -> dict[str, Field]:
    """Return the fields by their names. name: what a run is called that gets none."""
    corpus = "a text file; empty: Python's documentation"
    fields = [
        CorpusField(id="corpus", placeholder=corpus),
        Field(AUTO, id="hidden"),
        Field(str(OPTIONS["layers"].option.default), id="layers"),
        Field(BUDGET[KINDS[0]].default, id="budget"),
        Field(id="name", placeholder=name),
        *(Field(id=id, placeholder=more.hint) for id, more in MORE.items()),
    ]
    return {str(field.id): field for field in fields}


def _choices() -> dict[str, Choice]:
    """Return the options that are one of a few words, by their names."""
    options = ((id, OPTIONS[id].option) for id in ("unit", "cell"))
    choices = [Choice(option.values["choices"], option.default, id=id) for id, option in options]
    return {str(each.id): each for each in (*choices, Choice(KINDS, KINDS[0], id="kind"))}
