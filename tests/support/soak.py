"""Everything that `make test` and `make test-long` try a little of, in full: hours.

python tests/support/soak.py                  all parts, in their full counts
python tests/support/soak.py --share 20       a twentieth of each that has a count
python tests/support/soak.py --only kills mutants
python tests/support/soak.py --jobs 2         two parts at once, each line under its part

At the end it prints the table that docs/reliability.md has.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from root import ROOT

_HELPERS = "tests/support"


class Part(NamedTuple):
    """A part of it. `count`: how often in full, 0 for what has no count; `every`: its option."""

    command: tuple[str, ...]
    count: int = 0
    option: str = ""
    every: str = ""


class Ended(NamedTuple):
    """What came of a part."""

    name: str
    last: str
    minutes: float
    failed: bool


PARTS = {
    "damage": Part((f"{_HELPERS}/damage.py",), every="--every"),
    "hostile-files": Part(("-m", "pytest", "-q", "-m", "", "tests/run/test_hostile_files.py")),
    "odd-folders": Part((f"{_HELPERS}/odd_folders.py",), every="--every"),
    "hostile-views": Part(("-m", "pytest", "-q", "-m", "", "tests/screen/shell/test_terminal.py",
                           "tests/screen/shell/test_terminal_paths.py")),
    "fuzz-files": Part((f"{_HELPERS}/fuzz_files.py",), 3600, "--seconds"),
    "kills": Part((f"{_HELPERS}/kills.py",), 1000, "--kills"),
    "faults": Part((f"{_HELPERS}/faults.py",), every="--every"),
    "kills-at-calls": Part((f"{_HELPERS}/faults.py", "--kill"), every="--every"),
    "threads": Part(("-m", "pytest", "-q", "-m", "", "tests/engine/test_threads.py")),
    "cancels": Part((f"{_HELPERS}/storms.py",), 200_000, "--cancels"),
    "signals": Part((f"{_HELPERS}/storms.py",), 1000, "--signals"),
    "calls": Part((f"{_HELPERS}/sanitise.py", "address"), 1_000_000, "--fuzz"),
    "mutants": Part((f"{_HELPERS}/mutants.py",)),
}  # fmt: skip


def command_of(part: Part, share: int) -> list[str]:
    """The command of a part, for one of `share` of its counts."""
    command = [sys.executable, *part.command]
    if part.option:
        command += [part.option, str(max(1, part.count // share))]
    if part.every and share > 1:
        command += [part.every, str(share)]
    return command


def run(name: str, share: int, named: bool) -> Ended:
    """Run a part to its end, showing what it says; `named`: each line under its name."""
    since, last = time.monotonic(), ""
    command = command_of(PARTS[name], share)
    print(f"== {name}: {' '.join(command[1:])}", flush=True)
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        last = line.strip() or last
        print(f"{name}: {line}" if named else line, end="", flush=True)
    failed = running.wait() != 0
    return Ended(name, last, (time.monotonic() - since) / 60, failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=int, default=1, metavar="N", help="one of N")
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS, metavar="PART")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="parts side by side")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        named = options.jobs > 1
        ended = list(pool.map(lambda name: run(name, options.share, named), options.only))
    print("\n| part | what it said last | minutes |\n|---|---|---:|")
    for name, last, minutes, _ in ended:
        print(f"| {name} | {last} | {minutes:.1f} |")
    if failed := [each.name for each in ended if each.failed]:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
