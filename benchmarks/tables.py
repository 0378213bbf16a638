"""Tables as they are printed, kept as JSON and recorded; and what a ratio should reach."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import ROOT, describe_machine

RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Table:
    """Rows of ready cells under a heading; the first column is left-aligned."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        shown = [self._line(line, widths) for line in (self.columns, rule, *self.rows)]
        return "\n".join([f"{self.title}:", "", *shown, ""])

    @staticmethod
    def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join([first, *rest])} |"


def judged(value: float, target: float | None, form: str = "{:.1f}x") -> str:
    """A ratio beside the target it should reach at least: `3.1x (2.5x: met)`."""
    shown = form.format(value)
    if target is None:
        return shown
    return f"{shown} ({form.format(target)}: {'met' if value >= target else 'missed'})"


def add_json_option(parser: argparse.ArgumentParser, name: str) -> None:
    """--json FILE, benchmarks/results/NAME.json unless said."""
    parser.add_argument(
        "--json",
        type=Path,
        default=RESULTS / f"{name}.json",
        metavar="FILE",
        help=f"where the figures go (benchmarks/results/{name}.json)",
    )


def write_json(
    path: Path,
    name: str,
    arguments: Sequence[str] | None,
    tables: Sequence[Table],
    figures: object,
) -> None:
    """Keep the figures, the tables made from them, the command and the machine.

    arguments: those of the benchmark `name`; None: the ones it was started with.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    options = sys.argv[1:] if arguments is None else arguments
    kept = {
        "command": shlex.join(["python", "-m", f"benchmarks.{name}", *options]),
        "machine": describe_machine(),
        "tables": [asdict(table) for table in tables],
        "figures": figures,
    }
    path.write_text(json.dumps(kept, indent=1) + "\n")
