"""What is proposed for a text where nothing is typed, whether that takes as long as it says, and
what comes of it.

    python -m benchmarks.proposals TEXT [TEXT ...]

Each text is given to `--dry-run` and then trained on with no option at all; the forecast is divided
by the time of the whole command. What the model writes is `charlm write` with seed 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cost import seconds_told, train
from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from charlm.run.log import read_run_log
from charlm.wording import spoken

_WRITTEN = 240  # characters


def row(path: Path, run: Path) -> tuple[list[str], str]:
    """A line of the table, and what the model writes."""
    said, _ = train(path, "--dry-run")
    _, seconds = train(path, "--out", str(run))
    start, *_, end = read_run_log(run)
    told = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    passes = end["characters"] / start["corpus"]["parts"]["train"]["characters"]
    forecast = seconds_told(said)
    cells = [
        path.name,
        f"{start['corpus']['characters']:,}",
        start["corpus"]["unit"],
        f"{start['model']['hidden_size']}",
        told["batch"].split(" ")[0],
        told["dropout"].split(" ")[0],
        f"{passes:.0f}",
        spoken(forecast),
        spoken(seconds),
        f"{forecast / seconds:.2f}",
        f"{end['validation_loss']:.3f}",
    ]
    command = [sys.executable, "-m", "charlm", "write", str(run), "--prompt", ""]
    written = subprocess.run(
        [*command, "--seed", "1", "--max-length", str(_WRITTEN)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return cells, written.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.proposals", description="What is proposed for a text."
    )
    parser.add_argument("texts", nargs="+", type=Path, metavar="TEXT")
    add_json_option(parser, "proposals")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        runs = (Path(folder, str(number)) for number in range(len(chosen.texts)))
        found = [row(path.resolve(), run) for path, run in zip(chosen.texts, runs, strict=True)]
    columns = ["text", "characters", "unit", "units", "batch", "dropout", "passes"]
    columns += ["told", "took", "told / took", "validation loss"]
    shown = Table("What is proposed", columns, [cells for cells, _ in found])
    print(shown)
    for cells, written in found:
        print(f"--- {cells[0]}\n{written}\n")
    figures = [{"text": cells[0], "written": written} for cells, written in found]
    named = [path.name for path in chosen.texts]
    write_json(chosen.json, "proposals", named, [shown], figures)


if __name__ == "__main__":
    main()
