"""Priorities are relative to whoever starts a process, so that they hold under nice too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from root import ROOT

from charlm.priority import give_way
from charlm.train.tell.texts import TextWriter
from tui.training.process import TrainingProcess
from tui.views.train.dry_run import DryRun
from tui.views.train.training_plan import TrainingPlan

WAITS = [sys.executable, "-c", "import time; time.sleep(60)"]
#: Under nice 15: behind it by 10 as far as there are steps, by 0 and by 2.
UNDER_NICE = """
import os, subprocess, sys
from charlm.priority import give_way
os.nice(15 - os.getpriority(os.PRIO_PROCESS, 0))
for steps in (10, 0, 2):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    give_way(child.pid, steps)
    print(os.getpriority(os.PRIO_PROCESS, child.pid))
    child.kill()
    child.wait()
"""


def own() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(WAITS) as process:
        yield process
        process.kill()


def test_a_process_gives_way_by_steps(child: subprocess.Popen[bytes]) -> None:
    give_way(child.pid, 0)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == own()
    give_way(child.pid, 3)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(own() + 3, 19)


@pytest.mark.skipif(own() > 15, reason="runs under nice already")
def test_under_nice_there_are_fewer_steps() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_NICE], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == ["19", "15", "17"]


def test_one_that_has_ended_needs_no_priority(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    give_way(child.pid, 10)


def test_a_training_and_its_dry_run_stay_behind_the_screen(tmp_path: Path) -> None:
    training = TrainingProcess(tmp_path, [], WAITS)
    dry_run = DryRun(WAITS)
    dry_run.ask(TrainingPlan(tmp_path))
    assert dry_run._child is not None
    for pid in (training.pid, dry_run._child.pid):
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(own() + 10, 19)
    dry_run.close()
    training.close(grace=0.1)


def test_texts_stay_behind_the_training_until_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("charlm.train.tell.texts.give_way", lambda pid, steps: asked.append(steps))
    monkeypatch.setattr("charlm.train.tell.texts._PATIENCE", 0.0)
    writer = TextWriter(tmp_path / "nothing")
    writer.ask(1)
    assert list(writer.ready()) == []
    assert list(writer.rest()) == []
    writer.close()
    writer._process = writer._begin(1, "greedy")
    writer.close()
    assert asked == [19, 0]
