"""Puts the tables of benchmarks/results/*.json into benchmarks/RESULTS.md.

Others stay: what was not measured again, and what was measured on another processor.

python -m benchmarks.record
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.tables import RESULTS, Table

RECORD = ROOT / "benchmarks" / "RESULTS.md"
ORDER = (
    "decode",
    "cuda",
    "cuda_training",
    "kernels",
    "startup",
    "screen",
    "dice",
    "cost",
    "training",
    "ranks",
    "race",
    "rates",
    "proposals",
    "large_text",
)
HEAD = """\
# Results

Written by `python -m benchmarks.record`. Ratios within one run count; absolute figures belong to
the machine they were taken on, and to what else it was doing. In brackets: the target of a ratio,
and whether it was met. What the figures mean is in `docs/speed.md`.
"""


def about(kept: dict[str, object]) -> str:
    """When, at which commit, on what machine and under what load the figures were taken."""
    machine = kept["machine"]
    assert isinstance(machine, dict)
    caches = ", ".join(f"{name} {size // 1024:,} KiB" for name, size in machine["caches"].items())
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    load = f", load {machine['load'][0]:.1f}" if machine["load"] else ""
    return textwrap.fill(
        f"{machine['date']}, commit {machine['commit']}. {machine['cores']} cores of"
        f" {machine['processor']} ({caches}){load}; {machine['system']}, {machine['compiler']},"
        f" Python {machine['python']}, {packages}.",
        width=100,
        break_long_words=False,
        break_on_hyphens=False,
    )


def section(path: Path) -> str:
    """What one file of results says."""
    kept = json.loads(path.read_text())
    tables = [str(Table(**table)) for table in kept["tables"]]
    return "\n".join([f"## `{kept['command']}`\n\n{about(kept)}\n", *tables])


def record(results: Path, before: str) -> str:
    """The record of what lies in a results folder, and what was there before of all else."""
    old = [part.rstrip("\n") + "\n" for part in re.split(r"(?m)^(?=## `)", before)[1:]]
    parts = [HEAD]
    for name in ORDER:
        new = [section(path) for path in sorted(results.glob(f"{name}*.json"))]
        measured = {processor(part) for part in new}
        parts += [
            part
            for part in old
            if f"benchmarks.{name}" in part.splitlines()[0] and processor(part) not in measured
        ]
        parts += new
    return "\n".join(parts)


def processor(part: str) -> str:
    """What a section was measured on: a name alone may mean several, which differ in caches."""
    found = re.search(r"\d cores of (.+? \(L[^)]*\))", " ".join(part.splitlines()[2:5]))
    return found[1] if found else ""


def main() -> None:
    """Write the record."""
    RECORD.write_text(record(RESULTS, RECORD.read_text() if RECORD.exists() else ""))
    print(f"{RECORD.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
