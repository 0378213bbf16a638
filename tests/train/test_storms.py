"""What runs, stopped at random instants, again and again: see support/storms.py."""

from __future__ import annotations

import subprocess
import sys

import pytest
from root import ROOT


def storm(cancels: int, signals: int) -> None:
    """So many texts cancelled and trainings signalled, and nothing wrong."""
    command = [sys.executable, "tests/support/storms.py"]
    counts = ["--cancels", str(cancels), "--signals", str(signals)]
    done = subprocess.run([*command, *counts], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = f"{cancels} texts cancelled, {signals} trainings signalled, 0 wrong\n"
    assert done.stdout == expected and not done.stderr


def test_what_is_cancelled_and_signalled_at_random_leaves_the_rest_alone() -> None:
    storm(600, 8)


@pytest.mark.long
def test_nor_does_a_long_storm_change_anything() -> None:
    storm(20_000, 150)


LATE = """
import os, signal
from charlm.errors import run_and_exit
def interrupt(*_): os.kill(os.getpid(), signal.SIGINT)
class Dropped:
    def __del__(self): interrupt()
"""


@pytest.mark.parametrize(
    "end",
    [
        "signal.signal = interrupt\ndef main(_): return 3",
        "def main(_):\n    try: interrupt()\n    finally: interrupt()",
    ],
)
def test_a_late_ctrl_c_is_no_traceback(end: str) -> None:
    """Behind the end, while another one is answered."""
    program = f"{LATE}{end}\nrun_and_exit(main)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_ctrl_c_in_a_destructor_comes_out_of_it() -> None:
    main = "def main(_):\n    try: Dropped(); time.sleep(60)\n    finally: print('left in order')"
    program = f"import time\n{LATE}{main}\nrun_and_exit(main)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "left in order\n", "")


def test_other_errors_are_told_as_ever() -> None:
    program = f"{LATE}def main(_): raise ValueError('mine')\nrun_and_exit(main)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "ValueError: mine"
