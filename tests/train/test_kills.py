"""Trainings that are killed while they save: see support/kills.py."""

from __future__ import annotations

import subprocess
import sys

import pytest
from root import ROOT


@pytest.mark.long
def test_a_save_that_is_killed_loses_nothing_that_was_saved() -> None:
    command = [sys.executable, "tests/support/kills.py", "--kills", "30"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("30 kills, ") and done.stdout.endswith(" 0 runs damaged\n")
