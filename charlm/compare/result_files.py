"""The runs of a comparison for other programs: a row each, as CSV and as JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from charlm.compare.plan import Training
from charlm.compare.results import Result, read_result
from charlm.errors import SURVIVED, reason_of, report_notice
from charlm.run.layout import RESULTS_CSV, RESULTS_JSON_LINES
from charlm.run.regular_file import write_atomically


class ResultFiles:
    """`results.csv` and `results.jsonl` of a comparison, of the runs that are finished.

    They are written anew as each run ends, so that a comparison that is stopped has them too.
    """

    def __init__(self, out: Path, planned: Sequence[Training]) -> None:
        """planned: all runs that there may be, in the order of their rows."""
        self._out = out
        self._results = {training.folder: read_result(training) for training in planned}
        #: The folders of those that the report is made of, once that is decided.
        self.compared: Collection[Path] = ()

    def add(self, result: Result) -> None:
        """Take a run that has ended. What cannot be written now is so with the next one."""
        self._results[result.training.folder] = result
        try:
            self.write()
        except SURVIVED as error:
            report_notice(f"{self._out / RESULTS_CSV} could not be written: {reason_of(error)}")

    def write(self) -> None:
        """Write both. Raises OSError."""
        rows = [
            _row(result, self._out, result.training.folder in self.compared)
            for result in self._results.values()
            if result is not None
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(self._out / RESULTS_JSON_LINES, lines.encode())
        write_atomically(self._out / RESULTS_CSV, _csv(rows).encode())


def _row(result: Result, out: Path, compared: bool) -> dict[str, Any]:
    """What there is to know of a run, by the name of its column."""
    training, config = result.training, result.training.config
    return {
        "run": training.folder.relative_to(out).as_posix(),
        "cell": config.cell,
        **{s.name: s.text if s.value is None else s.value for s in training.variant.settings},
        "seed": training.seed,
        "units": config.hidden_size,
        "layers": config.layers,
        "parameters": result.parameters,
        "learning_rate": result.learning_rate,
        "validation_loss": result.validation_loss,
        "bpc": result.bpc,
        "test_loss": result.test_loss,
        "characters": result.characters,
        "steps": result.steps,
        "seconds": result.seconds,
        "compared": compared,
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows under their names; truth values as JSON has them, nothing for what is missing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: json.dumps(v) if isinstance(v, bool) else v for k, v in row.items()})
    return text.getvalue()
