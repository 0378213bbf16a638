"""Characters learned per second by two processes, beside one with two threads and one with one.

    python -m benchmarks.ranks [--full] [--sizes 256 512] [--rounds 3] [...]

Every turn is a training by the command itself, on a text made here, from the tenth update to the
last; it is over when nothing of it is left. By the clock, so on an idle machine only: the three
take turns, and medians count. Both processes are on this machine, and what they exchange goes
through it alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.tables import Table, add_json_option, write_json
from charlm.run.log import read_run_log

NAMES = ONE, THREADS, PROCESSES = "one thread", "two threads", "two processes"
_WORDS = "the quick brown fox jumps over a lazy dog and nobody knows why"


def text_of(count: int) -> str:
    """A text that is no trouble to learn: words in an order that does not repeat soon."""
    words, order, number = _WORDS.split(), list[str](), 1
    for _ in range(count):
        number = number * 48_271 % 2_147_483_647
        order.append(words[number % len(words)])
    return " ".join(order)


def command(
    name: str, corpus: Path, run: Path, hidden: int, chosen: argparse.Namespace
) -> list[str]:
    """The command of a training."""
    launcher = [sys.executable]
    if name == PROCESSES:
        launcher += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = {
        "--corpus": corpus,
        "--out": run,
        "--unit": "continuous",
        "--split": "98/1/1",
        "--cell": chosen.cell,
        "--hidden": hidden,
        "--batch": chosen.rows,
        "--length": chosen.times,
        "--dropout": 0.1,
        "--steps": chosen.steps,
        "--evaluations": 1,
        "--evaluation-characters": 1,
        "--threads": 2 if name == THREADS else 1,
    }
    words = [str(word) for option in options.items() for word in option]
    return [*launcher, "-m", "charlm.train", *words, "--no-texts"]


def pace(words: Sequence[str], run: Path) -> float:
    """Characters per second of a training, from its tenth update on."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(words, check=True, capture_output=True, env=environment)
    steps = [line for line in read_run_log(run) if line["kind"] == "step"]
    first, last = steps[0], steps[-1]
    seconds = last["seconds"] - first["seconds"]
    return float((last["characters"] - first["characters"]) / seconds)


def measure(hidden: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Medians of characters per second, the three taking turns."""
    paces: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory(prefix="charlm-benchmark-") as folder:
        corpus = Path(folder) / "words.txt"
        corpus.write_text(text_of(100_000))
        for turn in range(chosen.rounds):
            for name in NAMES:
                run = Path(folder) / f"{name} {turn}"
                paces[name].append(pace(command(name, corpus, run, hidden, chosen), run))
    return {name: statistics.median(each) for name, each in paces.items()}


def table(found: Mapping[int, Mapping[str, float]], chosen: argparse.Namespace) -> Table:
    """One line a size."""
    title = f"Training an {chosen.cell}, {chosen.times} times x {chosen.rows} rows"
    return Table(
        f"{title}, characters per second by the clock",
        ["", *NAMES, f"{THREADS} / one", f"{PROCESSES} / one"],
        [
            [
                str(hidden),
                *(f"{paces[name]:,.0f}" for name in NAMES),
                *(f"{paces[name] / paces[ONE]:.2f}x" for name in (THREADS, PROCESSES)),
            ]
            for hidden, paces in found.items()
        ],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranks", description="Training on two processes."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded (10 minutes)")
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="H")
    parser.add_argument("--times", type=int, metavar="T", default=64)
    parser.add_argument("--rows", type=int, metavar="B", default=32)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, help="turns of each")
    add_json_option(parser, "ranks")
    chosen = parser.parse_args(arguments)
    quick = {"sizes": [256], "steps": 100, "rounds": 3}
    full = {"sizes": [128, 256, 512], "steps": 200, "rounds": 5}
    for name, value in (full if chosen.full else quick).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    found = {hidden: measure(hidden, chosen) for hidden in chosen.sizes}
    shown = table(found, chosen)
    print(shown)
    figures = [{"hidden": hidden, "characters_per_s": paces} for hidden, paces in found.items()]
    write_json(chosen.json, "ranks", arguments, [shown], figures)


if __name__ == "__main__":
    main()
