"""Trainings of a comparison side by side: the same results, one end for all."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killing import newest_weights
from root import ROOT

from charlm.cli.main import main
from charlm.compare.options import parse_comparison
from charlm.run.layout import LAST
from charlm.run.log import read_run_log

SMALL = ("--embedding", "5", "--batch", "4", "--length", "16", "--hidden", "12")


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    words = ["compare", "--corpus", str(corpus), "--out", str(out), "--cells", "gru,rnn"]
    return [*words, "--seeds", "1", *SMALL, *more]


def began(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "charlm", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(out: Path) -> list[str]:
    """The results, without the seconds that they took."""
    return [re.sub(r'"seconds": [^,]+', "", line) for line in results(out).splitlines()]


def results(out: Path) -> str:
    return (out / "results.jsonl").read_text()


def wait_for_steps(out: Path, process: subprocess.Popen[str]) -> None:
    """Until both trainings have logged some."""
    logs = [out / "runs" / name for name in ("gru-1", "rnn-1")]
    while not all(any(line["kind"] == "step" for line in read_run_log(log)) for log in logs):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_it_takes_a_number() -> None:
    assert parse_comparison(["--corpus", "my.txt"]).jobs == 1
    assert parse_comparison(["--corpus", "my.txt", "--jobs", "3"]).jobs == 3


@pytest.mark.long
def test_side_by_side_they_come_to_the_same(corpus: Path, tmp_path: Path) -> None:
    """With rates to choose among."""
    more = "--budget", "30steps", "--vary", "optimiser=sgd", "--rates", "3", "--stop-exploding"
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert main(arguments(corpus, alone, *more)) == 0
    with began(*arguments(corpus, together, *more), "--jobs", "2") as process:
        _, error = process.communicate(timeout=300)
    assert (process.returncode, error) == (0, "")
    assert rows(alone) == rows(together)
    for run in (alone / "runs").iterdir():
        assert newest_weights(run) == newest_weights(together / "runs" / run.name)


@pytest.mark.long
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_all_of_them_end_with_the_command(signum: int, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = arguments(corpus, out, "--budget", "1000000steps", "--seeds", "2", "--jobs", "2")
    with began(*given) as process:
        wait_for_steps(out, process)
        process.send_signal(signum)
        _, error = process.communicate(timeout=120)
    if signum == signal.SIGINT:
        assert process.returncode == 130
        assert error == "charlm: error: stopped: the same command goes on from here\n"
    for name in ("gru-1", "rnn-1"):
        run = out / "runs" / name
        deadline = time.monotonic() + 60
        while read_run_log(run)[-1]["kind"] != "end":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (run / LAST).exists()
    assert not (out / "runs" / "gru-2").exists()


@pytest.mark.long
def test_an_error_in_one_is_told_as_it_is(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    (out / "runs" / "rnn-1").write_text("no folder")
    with began(*arguments(corpus, out, "--budget", "30steps", "--jobs", "2")) as process:
        _, error = process.communicate(timeout=120)
    expected = tmp_path / "expected"
    (expected / "runs").mkdir(parents=True)
    (expected / "runs" / "rnn-1").write_text("no folder")
    with began(*arguments(corpus, expected, "--budget", "30steps")) as alone:
        _, said = alone.communicate(timeout=120)
    assert process.returncode == alone.returncode != 0
    assert error == said.replace(str(expected), str(out))
