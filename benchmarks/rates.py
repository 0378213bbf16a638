"""Which learning rate a cell wants, by its units and the number of updates: a grid of trainings.

    python -m benchmarks.rates --sentences SPEECHES --continuous SHAKESPEARE [--jobs 2]

Every training is `python -m charlm.train` with nothing said but what the grid varies; its figure is
the exact validation loss of its best weights, in nats per character. The text of --sentences is
split 90/5/5, that of --continuous 90/10/0. All rates of RATES are tried for a short training, and
the two best of a cell, a size and a text for a long one. What is measured is kept in a file, line
by line: the same command goes on after a break, and --table tells what is there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.tables import RESULTS, Table, add_json_option, write_json
from charlm.run.log import read_run_log

RATES = (0.003, 0.008, 0.015, 0.02)
SHORT, LONG = 1000, 3000  # updates
SIZES = {128: ("lstm", "gru", "rnn"), 384: ("lstm", "gru")}
SPLITS = {"sentence": "90/5/5", "continuous": "90/10/0"}


@dataclass(frozen=True)
class Trial:
    """One training of the grid. warm_up: updates in which the rate rises."""

    text: str
    unit: str
    cell: str
    hidden: int
    steps: int
    rate: float
    warm_up: int
    seed: int


def loss_of(trial: Trial, path: Path) -> float | None:
    """The validation loss of its best weights; None if it broke off."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        options = (
            f"--unit {trial.unit} --split {SPLITS[trial.unit]} --cell {trial.cell}"
            f" --hidden {trial.hidden} --steps {trial.steps} --learning-rate {trial.rate}"
            f" --warm-up {trial.warm_up} --seed {trial.seed} --evaluations 4 --no-texts"
        )
        command = [sys.executable, "-m", "charlm.train", "--corpus", str(path), "--out", str(run)]
        subprocess.run(
            [*command, *shlex.split(options)], check=False, capture_output=True, text=True
        )
        ends = [line["validation_loss"] for line in read_run_log(run) if line["kind"] == "end"]
    return ends[-1] if ends else None


def trials(chosen: argparse.Namespace, steps: int) -> Iterator[Trial]:
    """Those of one length, the small ones first."""
    for hidden, cells in SIZES.items():
        for cell in cells:
            for unit, path in texts(chosen).items():
                for rate in chosen.rates:
                    for seed in chosen.seeds:
                        yield Trial(
                            path.stem, unit, cell, hidden, steps, rate, chosen.warm_up, seed
                        )


def texts(chosen: argparse.Namespace) -> dict[str, Path]:
    """The texts by their unit."""
    given = {"sentence": chosen.sentences, "continuous": chosen.continuous}
    return {unit: path for unit, path in given.items() if path}


def read(path: Path) -> dict[Trial, float | None]:
    """What was measured before."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return {Trial(**line["trial"]): line["loss"] for line in found}


def best_two(found: dict[Trial, float | None], trial: Trial) -> list[float]:
    """The rates that a short training of the same kind did best with."""
    losses = {
        other.rate: loss
        for other, loss in found.items()
        if loss is not None
        and kind(other) == kind(trial)
        and (other.steps, other.warm_up) == (SHORT, trial.warm_up)
    }
    return sorted(losses, key=losses.__getitem__)[:2]


def kind(trial: Trial) -> tuple[str, str, int]:
    """What a rate is looked for."""
    return trial.text, trial.cell, trial.hidden


def table(found: dict[Trial, float | None]) -> Table:
    """One line a text, cell, size, number of updates, warm-up and seed; the best is marked."""
    lines: dict[tuple[object, ...], dict[float, float]] = {}
    for trial, loss in found.items():
        key = (*kind(trial), trial.steps, trial.warm_up, trial.seed)
        lines.setdefault(key, {})[trial.rate] = float("nan") if loss is None else loss
    rates = sorted({trial.rate for trial in found})
    rows = [
        [
            f"{text}, {cell} {hidden}, {steps:,}, warm-up {warm_up}, seed {seed}",
            *(
                f"{losses[r]:.4f}{' *' * (losses[r] == min(losses.values()))}"
                if r in losses
                else ""
                for r in rates
            ),
        ]
        for (text, cell, hidden, steps, warm_up, seed), losses in sorted(lines.items(), key=str)
    ]
    return Table("Validation loss, nats, by learning rate", ["", *map(str, rates)], rows)


def measure(trials: Sequence[Trial], chosen: argparse.Namespace) -> None:
    """Train what is not in the file yet."""
    found, paths = read(chosen.kept), texts(chosen)
    missing = [trial for trial in trials if trial not in found]
    with (
        ThreadPoolExecutor(chosen.jobs) as pool,
        chosen.kept.open("a", encoding="utf-8") as file,
    ):
        losses = pool.map(lambda trial: loss_of(trial, paths[trial.unit]), missing)
        for trial, loss in zip(missing, losses, strict=True):
            file.write(json.dumps({"trial": asdict(trial), "loss": loss}) + "\n")
            file.flush()
            print(trial, loss, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rates", description="Validation loss by learning rate."
    )
    parser.add_argument("--sentences", type=Path, metavar="PATH")
    parser.add_argument("--continuous", type=Path, metavar="PATH")
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES), metavar="R")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="N")
    parser.add_argument("--warm-up", type=int, default=0, metavar="N")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="trainings at a time")
    parser.add_argument("--kept", type=Path, default=RESULTS / "rates.jsonl", metavar="FILE")
    parser.add_argument("--short", action="store_true", help=f"{SHORT:,} updates alone")
    parser.add_argument("--table", action="store_true", help="tell what is there, train nothing")
    add_json_option(parser, "rates")
    chosen = parser.parse_args(arguments)
    chosen.kept.parent.mkdir(parents=True, exist_ok=True)
    if not chosen.table:
        measure(list(trials(chosen, SHORT)), chosen)
        if not chosen.short:
            found = read(chosen.kept)
            long = [t for t in trials(chosen, LONG) if t.rate in best_two(found, t)]
            measure(long, chosen)
    found = read(chosen.kept)
    shown = table(found)
    print(shown)
    figures = [asdict(trial) | {"loss": loss} for trial, loss in found.items()]
    write_json(chosen.json, "rates", arguments, [shown], figures)


if __name__ == "__main__":
    main()
