"""Which learning rate a cell wants, by its size and the length of the training: a grid.

    python -m benchmarks.rates --sentences SPEECHES --continuous SHAKESPEARE --list
    python -m benchmarks.rates --sentences SPEECHES --continuous SHAKESPEARE [--jobs 2]

Every training is `python -m charlm.train` on one thread with nothing said but what the grid varies;
its figure is the exact validation loss of its best weights, in nats per character.
The texts of --sentences are split 90/5/5, those of --continuous 90/10/0. Rates lie a factor apart
around the one that is proposed (`charlm.options.rates`). --list says beforehand what would be
trained, and how many operations that is. What is measured is kept in a file, line by line: the same
command goes on after a break, and --table tells what is there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.models import Size, V, products
from benchmarks.tables import RESULTS, Table, add_json_option, write_json
from charlm.model.cells import CELLS
from charlm.options.training import parse_options
from charlm.options.types import amount
from charlm.run.log import read_run_log

SIZES = ("64", "128", "256", "384", "256x2")
FACTORS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
SPLITS = {"sentence": "90/5/5", "continuous": "90/10/0"}


@dataclass(frozen=True)
class Trial:
    """One training of the grid. warm_up: updates in which the rate rises."""

    text: str
    unit: str
    cell: str
    hidden: int
    layers: int
    characters: int
    rate: float
    warm_up: int
    seed: int

    @property
    def kind(self) -> tuple[object, ...]:
        """What a rate is looked for, and how it was."""
        return tuple(value for name, value in asdict(self).items() if name != "rate")

    @property
    def operations(self) -> float:
        """Floating point operations of its updates."""
        config = parse_options(self.sizes).model(V)
        each = sum(rows * columns for rows, columns in products(config))
        return 6.0 * each * self.characters

    @property
    def sizes(self) -> list[str]:
        """The options that say what model it is."""
        return shlex.split(f"--cell {self.cell} --hidden {self.hidden} --layers {self.layers}")

    def __str__(self) -> str:
        size = f"{self.cell} {self.hidden} x {self.layers}"
        warm = f", warm-up {self.warm_up}" if self.warm_up else ""
        return f"{self.text}, {size}, {self.characters:,}{warm}, seed {self.seed}"


def loss_of(trial: Trial, path: Path) -> float | None:
    """The validation loss of its best weights; None if it broke off."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        options = (
            f"--unit {trial.unit} --split {SPLITS[trial.unit]} --characters {trial.characters}"
            f" --learning-rate {trial.rate} --warm-up {trial.warm_up} --seed {trial.seed}"
            " --threads 1 --evaluations 4 --no-texts"
        )
        command = [sys.executable, "-m", "charlm.train", "--corpus", str(path), "--out", str(run)]
        subprocess.run(
            [*command, *trial.sizes, *shlex.split(options)],
            check=False,
            capture_output=True,
            text=True,
        )
        ends = [line["validation_loss"] for line in read_run_log(run) if line["kind"] == "end"]
    return ends[-1] if ends else None


def trials(chosen: argparse.Namespace) -> Iterator[tuple[Trial, Path]]:
    """All of the grid with their texts, the short and small ones first."""
    texts = [("sentence", path) for path in chosen.sentences]
    texts += [("continuous", path) for path in chosen.continuous]
    for characters in chosen.characters:
        for size in chosen.sizes:
            for cell in chosen.cells:
                model = _size(cell, size)
                rule = parse_options(
                    [
                        "--cell",
                        cell,
                        "--hidden",
                        str(model.hidden_size),
                        "--layers",
                        str(model.layers),
                    ]
                ).learning_rate
                for unit, path in texts:
                    for factor in chosen.factors:
                        for seed in chosen.seeds:
                            yield Trial(
                                path.stem, unit, cell, model.hidden_size, model.layers, characters,
                                float(f"{factor * rule:.2g}"), chosen.warm_up, seed,
                            ), path  # fmt: skip


def _size(cell: str, written: str) -> Size:
    """ "256x2" -> 256 units, 2 layers."""
    hidden, _, layers = written.partition("x")
    return Size(cell, int(hidden), int(layers or 1))


def read(path: Path) -> dict[Trial, float | None]:
    """What was measured before."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return {Trial(**line["trial"]): line["loss"] for line in found}


def table(found: Mapping[Trial, float | None]) -> Table:
    """One line a kind: rates and their losses, the best marked."""
    lines: dict[str, dict[float, float]] = {}
    for trial, loss in found.items():
        lines.setdefault(str(trial), {})[trial.rate] = float("nan") if loss is None else loss
    rows = []
    for name, losses in sorted(lines.items()):
        best = min(losses.values())
        told = (f"{r:g}: {losses[r]:.4f}{' *' * (losses[r] == best)}" for r in sorted(losses))
        rows.append([name, ", ".join(told)])
    return Table("Validation loss, nats, by learning rate", ["", "rate: loss"], rows)


def measure(chosen: argparse.Namespace) -> None:
    """Train what is not in the file yet."""
    found = read(chosen.kept)
    missing = [(trial, path) for trial, path in trials(chosen) if trial not in found]
    with (
        ThreadPoolExecutor(chosen.jobs) as pool,
        chosen.kept.open("a", encoding="utf-8") as file,
    ):
        losses = pool.map(lambda each: loss_of(*each), missing)
        for (trial, _), loss in zip(missing, losses, strict=True):
            file.write(json.dumps({"trial": asdict(trial), "loss": loss}) + "\n")
            file.flush()
            print(f"{trial}, rate {trial.rate:g}: {loss}", flush=True)


def listed(chosen: argparse.Namespace) -> None:
    """Say what would be trained."""
    each = [trial for trial, _ in trials(chosen)]
    for trial in each:
        print(f"{trial}, rate {trial.rate:g}")
    print(f"{len(each)} trainings, {sum(t.operations for t in each) / 1e15:.2f} PFLOP")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rates", description="Validation loss by learning rate."
    )
    count = amount("", "").values["type"]
    parser.add_argument("--sentences", type=Path, nargs="+", default=[], metavar="PATH")
    parser.add_argument("--continuous", type=Path, nargs="+", default=[], metavar="PATH")
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru", "rnn"], choices=CELLS)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), metavar="H[xL]")
    parser.add_argument("--characters", type=count, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--factors", type=float, nargs="+", default=list(FACTORS), metavar="X")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="N")
    parser.add_argument("--warm-up", type=int, default=0, metavar="N")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="trainings at a time")
    parser.add_argument("--kept", type=Path, default=RESULTS / "grid.jsonl", metavar="FILE")
    parser.add_argument("--list", action="store_true", help="say what would be trained")
    parser.add_argument("--table", action="store_true", help="tell what is there, train nothing")
    add_json_option(parser, "rates")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        listed(chosen)
        return
    chosen.kept.parent.mkdir(parents=True, exist_ok=True)
    if not chosen.table:
        measure(chosen)
    found = read(chosen.kept)
    shown = table(found)
    print(shown)
    figures = [asdict(trial) | {"loss": loss} for trial, loss in found.items()]
    write_json(chosen.json, "rates", arguments, [shown], figures)


if __name__ == "__main__":
    main()
