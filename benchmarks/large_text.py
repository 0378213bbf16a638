"""What a text larger than memory costs: time to the first update, memory, room on the disk.

    python -m benchmarks.large_text [--megabytes 1000] [--units continuous line sentence] [--in DIR]

A text of random words is made, and then, for each unit, the command is run on it: 50 updates with
nothing in the cache; 50 updates, a dry run and a resume with the text in it. Memory is what the
process has of its own at most (pages of mapped files are not: the system takes them back when it
needs them), beside what a process has that has imported all that the command imports. Targets:
300 MB more than that, and 40 bytes for each example; the first update after 2 minutes at most the
first time, after 5 s with the text in the cache, on a machine that does nothing else: beside it
stand the seconds of the processor up to then.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT
from benchmarks.tables import Table, add_json_option, write_json

UNITS = ("continuous", "line", "sentence")
STEPS = 50
WORDS, LETTERS = 40_000, "eeeeettttaaaooiinnsshhrrddllccuummwwffggyyppbbvkjxqz"
LINES = 20_000  # that are made at once
PER_EXAMPLE, BESIDE = 40e-6, 300.0  # MB
FIRST, AGAIN = 120.0, 5.0  # seconds
LOOK = 0.02  # seconds between two looks at the memory
STOPPED = 130  # the exit code of what was stopped
OPTIONS = ("--hidden", "64", "--steps", str(STEPS), "--evaluations", "1", "--no-texts")


class Taken(NamedTuple):
    """What a command took: seconds to its first update, and of the processor until then; seconds
    in all; memory at most, in MB."""

    first: float
    worked: float
    total: float
    memory: float
    said: str


def make_text(path: Path, megabytes: int) -> None:
    """Lines of random words, each a sentence, hardly any twice; some letters of two bytes."""
    dice, size = random.Random(1), megabytes * 1_000_000
    words = ["".join(dice.choices(LETTERS, k=dice.randint(1, 9))) for _ in range(WORDS)]
    words[::500] = [word + "é" for word in words[::500]]
    halves = [" ".join(dice.choices(words, k=dice.randint(2, 9))) for _ in range(WORDS)]
    first = [half.capitalize() for half in halves]
    with open(path, "w", encoding="utf-8") as file:
        while file.tell() < size:
            pairs = zip(dice.choices(first, k=LINES), dice.choices(halves, k=LINES), strict=True)
            file.write("".join(f"{begin} {end}.\n" for begin, end in pairs))


def own_memory(process: int) -> float:
    """What a process has now that is no page of a file, in MB; 0 when it has gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    own = (line.split() for line in status.splitlines() if line.startswith(("RssAnon", "RssShmem")))
    return sum(int(line[1]) for line in own) / 1000


def processor_seconds(process: int) -> float:
    """What a process has had of the processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watched(command: Sequence[str], log: Path | None = None, evaluations: int = 1) -> Taken:
    """Run a command. `log`: in which its first update stands; it is stopped once so many
    evaluations stand there too, before the losses at the end are measured."""
    start, first, worked, most = time.monotonic(), 0.0, 0.0, 0.0
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            most = max(most, own_memory(process.pid))
            if not first and log is not None and has_begun(log):
                first, worked = time.monotonic() - start, processor_seconds(process.pid)
            if log is not None and has_begun(log, "evaluation", evaluations):
                process.send_signal(signal.SIGINT)
                log = None
            time.sleep(LOOK)
        out.seek(0)
        said = out.read()
    if process.returncode not in (0, STOPPED):
        sys.exit(said)
    return Taken(first, worked, time.monotonic() - start, most, said)


def has_begun(log: Path, kind: str = "probe", count: int = 1) -> bool:
    """Whether so many lines of a kind stand in a log; of the first update a probe does."""
    try:
        return log.read_text().count(f'"kind": "{kind}"') >= count
    except OSError:
        return False


def measured(corpus: Path, unit: str, cache: Path, runs: Path) -> dict[str, Taken]:
    """The four commands on a text by one unit."""
    given = ["--corpus", str(corpus), "--unit", unit, "--cache", str(cache), *OPTIONS]
    train = [sys.executable, "-m", "charlm.train"]
    taken = {}
    shutil.rmtree(cache, ignore_errors=True)
    for name, more, into in (
        ("50 updates, first time", [], runs / f"{unit}-1"),
        ("50 updates, again", [], runs / f"{unit}-2"),
        ("dry run", ["--dry-run"], None),
    ):
        out = ["--out", str(into)] if into else []
        taken[name] = watched([*train, *given, *more, *out], into and into / "run.jsonl")
    resume = ["--resume", str(runs / f"{unit}-2"), "--steps", str(2 * STEPS)]
    taken["resume"] = watched([*train, *resume], runs / f"{unit}-2" / "run.jsonl", 2)
    return taken


def rows(unit: str, taken: dict[str, Taken], torch: float, size: float) -> Iterator[list[str]]:
    """What the commands took, judged. size: of the cache, in MB."""
    report = taken["dry run"].said
    found = re.search(rf"^{unit}s: ([0-9,]+)", report, re.MULTILINE)
    examples = int(found[1].replace(",", "")) if found else 0
    for name, each in taken.items():
        target = {"50 updates, first time": FIRST, "50 updates, again": AGAIN}.get(name)
        first = "" if target is None else at_most(each.first, target, " s", 1)
        memory = at_most(each.memory - torch, BESIDE + PER_EXAMPLE * examples, " MB", 0)
        worked = "" if target is None else f"{each.worked:.1f} s"
        yield [unit, name, f"{each.total:.1f} s", first, worked, memory, f"{size:,.0f} MB"]


def at_most(value: float, target: float, unit: str, digits: int) -> str:
    """A figure beside what it may be at most."""
    met = "met" if value <= target else "missed"
    return f"{value:,.{digits}f}{unit} ({target:,.0f}{unit}: {met})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large_text", description="What a large text costs."
    )
    parser.add_argument("--megabytes", type=int, default=1000, help="of the text (%(default)s)")
    parser.add_argument("--units", nargs="+", choices=UNITS, default=UNITS)
    parser.add_argument("--in", dest="folder", help="where text, cache and runs lie for a while")
    add_json_option(parser, "large_text")
    chosen = parser.parse_args(arguments)
    torch = watched([sys.executable, "-c", "import charlm.train.command"]).memory
    shown, figures = list[list[str]](), dict[str, dict[str, Taken]]()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        corpus, cache = Path(folder, "large.txt"), Path(folder, "cache")
        make_text(corpus, chosen.megabytes)
        for unit in chosen.units:
            taken = measured(corpus, unit, cache, Path(folder))
            size = sum(file.stat().st_size for file in cache.iterdir()) / 1e6
            figures[unit] = taken
            shown += rows(unit, taken, torch, size)
    table = Table(
        f"A text of {chosen.megabytes:,} MB; beside {torch:.0f} MB with nothing but the imports",
        ["unit", "command", "in all", "first update", "processor", "memory beside", "cache"],
        shown,
    )
    print(table)
    typed = ["--megabytes", str(chosen.megabytes), "--units", *chosen.units]
    plain = {unit: {n: t._asdict() for n, t in taken.items()} for unit, taken in figures.items()}
    write_json(chosen.json, "large_text", typed, [table], plain)


if __name__ == "__main__":
    main()
