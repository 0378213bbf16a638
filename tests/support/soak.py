"""Everything that `make test` and `make test-long` try a little of, in full: hours.

python tests/support/soak.py                  all parts, in their full counts
python tests/support/soak.py --share 20       a twentieth of each that has a count
python tests/support/soak.py --only kills mutants

At the end it prints the table that docs/reliability.md has.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import NamedTuple

from root import ROOT

_HELPERS = "tests/support"


class Part(NamedTuple):
    """A part of it. `count`: how often in full, 0 for what has no count; `every`: its option."""

    command: tuple[str, ...]
    count: int = 0
    option: str = ""
    every: str = ""


PARTS = {
    "damage": Part((f"{_HELPERS}/damage.py",), every="--every"),
    "hostile-files": Part(("-m", "pytest", "-q", "-m", "", "tests/run/test_hostile_files.py")),
    "odd-folders": Part((f"{_HELPERS}/odd_folders.py",), every="--every"),
    "hostile-views": Part(("-m", "pytest", "-q", "-m", "", "tests/screen/shell/test_terminal.py",
                           "tests/screen/shell/test_terminal_paths.py")),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=int, default=1, metavar="N", help="one of N")
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS, metavar="PART")
    options = parser.parse_args()
    table, failed = [], []
    for name in options.only:
        since, lines = time.monotonic(), []
        command = command_of(PARTS[name], options.share)
        print(f"== {name}: {' '.join(command[1:])}", flush=True)
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line.strip())
            print(line, end="", flush=True)
        if running.wait():
            failed.append(name)
        minutes = (time.monotonic() - since) / 60
        table.append(f"| {name} | {'; '.join(lines[-1:])} | {minutes:.1f} |")
    print("\n| part | what it said last | minutes |\n|---|---|---:|")
    print(*table, sep="\n")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
