"""What a person waits for beside the work: measuring, runs by the clock, forecasts, first lines.

    python -m benchmarks.cost [--full]

The text is that of Python's own documentation, repeated. Trainings are LSTMs of the default size.
Nothing but the shares, the ratios and the seconds at which something is there is told.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json
from charlm.run.log import read_run_log
from charlm.text.documentation import read_documentation

_MODEL = ROOT / "checkpoints" / "shakespeare"
_PROMPTS = 10_000


def text_of(folder: Path, megabytes: int) -> Path:
    """A file of so many megabytes."""
    text, path = read_documentation(), folder / f"{megabytes}.txt"
    size = megabytes * 1_000_000
    path.write_text((text * (size // len(text) + 1))[:size], encoding="utf-8")
    return path


def train(corpus: Path, *options: str) -> tuple[str, float]:
    """What a training says, and the seconds of the whole command."""
    command = [sys.executable, "-m", "charlm.train", "--corpus", str(corpus), *options]
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, time.monotonic() - start


def seconds_told(said: str) -> int:
    """The time that a dry run said, in seconds."""
    told = re.search(r"^time: about (?:(\d+) h )?(?:(\d+) min ?)?(?:(\d+) s)?", said, re.M)
    assert told is not None
    hours, minutes, rest = (int(part or 0) for part in told.groups())
    return 3600 * hours + 60 * minutes + rest


def measuring_share(folder: Path, megabytes: int, steps: int) -> list[str]:
    """How much of a run with 300 steps between two evaluations goes into measuring."""
    run = folder / "share"
    corpus = text_of(folder, megabytes)
    every = ("--unit", "continuous", "--steps", str(steps), "--evaluations", str(steps // 300))
    train(corpus, *every, "--no-texts", "--out", str(run))
    lines = read_run_log(run)
    paces = [line["characters_per_s"] for line in lines if line["kind"] == "step"]
    (end,) = (line for line in lines if line["kind"] == "end")
    learning = end["characters"] / statistics.median(paces)
    share = 1 - learning / end["seconds"]
    return [
        f"{megabytes} MB, {steps:,} steps: share of the time that is measuring",
        f"{100 * max(0.0, share):.0f} %",
        f"at most 20 %: {'met' if share <= 0.2 else 'missed'}",
    ]


def by_the_clock(folder: Path, megabytes: int) -> list[str]:
    """How long a run of one minute takes."""
    corpus = text_of(folder, megabytes)
    out = str(folder / "minute")
    _, seconds = train(corpus, "--unit", "continuous", "--minutes", "1", "--out", out)
    return [
        f"{megabytes} MB, --minutes 1: seconds of the whole command",
        f"{seconds:.0f}",
        f"at most 75: {'met' if seconds <= 75 else 'missed'}",
    ]


def forecast(folder: Path, steps: int, turns: int) -> list[str]:
    """What --dry-run says, as a share of what is true."""
    corpus = text_of(folder, 2)
    ratios = []
    for turn in range(turns):
        options = ("--steps", str(steps))
        said, _ = train(corpus, *options, "--dry-run")
        _, seconds = train(corpus, *options, "--out", str(folder / f"truth-{turn}"))
        ratios.append(seconds_told(said) / seconds)
    ratio = statistics.median(ratios)
    return [
        f"--dry-run of {steps:,} steps: forecast / truth (median of {turns})",
        f"{ratio:.2f}",
        f"0.70 to 1.30: {'met' if 0.7 <= ratio <= 1.3 else 'missed'}",
    ]


def first_line(folder: Path) -> list[str]:
    """When the first of many texts is there."""
    prompts = folder / "prompts.txt"
    prompts.write_text("".join(f"Act {n}, {n * 7919 % 1000}\n" for n in range(_PROMPTS)))
    command = [sys.executable, "-m", "charlm", "write", str(_MODEL), "--prompts", str(prompts)]
    start = time.monotonic()
    with subprocess.Popen(
        [*command, "--json", "--unknown", "map"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.monotonic() - start
        process.kill()
    return [
        f"{_PROMPTS:,} prompts: seconds to the first line",
        f"{seconds:.1f}",
        f"at most 2: {'met' if seconds <= 2 else 'missed'}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cost", description="What one waits for beside the work."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded")
    parser.add_argument("--steps", type=int, default=150, help="of what is forecast (%(default)s)")
    add_json_option(parser, "cost")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [first_line(folder), forecast(folder, chosen.steps, 3 if chosen.full else 1)]
        if chosen.full:
            rows.append(by_the_clock(folder, 25))
            rows.append(measuring_share(folder, 100, 900))
    shown = Table("Waiting", ["", "", "target"], rows)
    print(shown)
    write_json(chosen.json, "cost", arguments, [shown], rows)


if __name__ == "__main__":
    main()
