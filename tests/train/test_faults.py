"""Every call that touches the disk, failing: see support/faults.py."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from root import ROOT

_QUICK = ("checkpoint", "settings", "last-model", "export", "write-out", "cache")


def tried(*options: str) -> dict[str, dict[str, int]]:
    """Runs it; how many faults of a scenario there were, and calls of each kind."""
    command = [sys.executable, "tests/support/faults.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    return {
        name: {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", rest)}
        for name, _, rest in lines
    }


def test_a_call_that_fails_costs_nothing_that_was_there() -> None:
    found = tried("--every", "25", "--only", *_QUICK)
    assert found.keys() == set(_QUICK) and all(each["faults"] for each in found.values())
    # A file is flushed before it gets its name, and its folder behind it.
    assert found["checkpoint"].items() >= {"write": 1, "fsync": 2, "rename": 1}.items()


@pytest.mark.long
def test_a_training_that_is_killed_at_any_call_goes_on_or_begins_again() -> None:
    found = tried("--kill", "--every", "6")
    assert found.keys() == {"checkpoint", "train", "resume"}
    assert all(each["kills"] for each in found.values()) and found["train"]["kills"] > 20


@pytest.mark.long
def test_a_call_that_fails_costs_no_training() -> None:
    found = tried("--every", "40", "--only", "train", "resume")
    assert all(each["faults"] >= 10 for each in found.values())
