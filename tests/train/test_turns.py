"""Several processes that prepare a text: one on each machine first, for as long as that takes."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from learners import SMALL, TEXT
from ranks import Child, trained, training

from charlm.train import distributed, loading, text
from charlm.train.tell import reporter

LONG = pytest.mark.long
#: Seconds that nobody waits for another in these tests, but while a text is prepared.
SHORT = 2.0


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """A training of two updates, whose text is large enough to be kept."""
    corpus = tmp_path / "numbers.txt"
    corpus.write_text(TEXT * 3)
    os.utime(corpus, (1e9, 1e9))
    words = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *SMALL, "--steps", "2"]
    return [*words, "--unit", "continuous", "--cache", str(tmp_path / "cache")]


def the_error(children: list[Child]) -> str:
    """The one line that says what went wrong."""
    (line,) = (line for child in children for line in child.err.splitlines())
    return line.removeprefix("charlm: error: ")


def impatient() -> None:
    """All waits are short, all texts are large, all that takes a moment is told."""
    distributed._TO_ANSWER = timedelta(seconds=SHORT)
    loading.IN_MEMORY = 0
    reporter._A_MOMENT = reporter._SECONDS_BETWEEN_LINES = 0.0


def on_machines(rank: int, machines: tuple[str, ...]) -> None:
    socket.gethostname = lambda: machines[rank]


def preparing(then: Callable[[loading.Reporter], None], marks: Path, rank: int) -> None:
    """Do something more while a text is prepared, and note who prepared one, in which order."""
    prepare = loading.prepare_files

    def slow(*of: Any) -> Any:
        with open(marks, "a") as file:
            file.write(f"{rank}\n")
        then(of[-1].tell.__self__)
        return prepare(*of)

    loading.prepare_files = slow


def slowly(told: loading.Reporter) -> None:
    """Longer than others wait."""
    for step in range(int(2 * SHORT / 0.1)):
        told.preparing("thinking", step / 100)
        time.sleep(0.1)


def endless(told: loading.Reporter) -> None:
    time.sleep(100)


def each_slow(rank: int, marks: Path, machines: tuple[str, ...]) -> None:
    impatient()
    on_machines(rank, machines)
    preparing(slowly, marks, rank)


def test_one_prepares_and_the_others_wait_as_long_as_it_takes(
    given: list[str], tmp_path: Path
) -> None:
    before = (each_slow, tmp_path / "marks", ("here",) * 3)
    children = trained(3, tmp_path / "3", given, before)
    assert [(child.code, child.err) for child in children] == [(0, "")] * 3
    assert (tmp_path / "marks").read_text() == "0\n"


def on_two_machines(rank: int, then: Callable[[loading.Reporter], None], marks: Path) -> None:
    """Each with a cache of its own; ranks 1 and 2 are on the second."""
    impatient()
    on_machines(rank, ("first", "second", "second"))
    preparing(then, marks, rank)
    load = text.load_files

    def own_cache(corpus: Any, validation: Any, preparation: Any, cache: str, told: Any) -> Any:
        return load(corpus, validation, preparation, f"{cache}{min(rank, 1)}", told)

    text.load_files = own_cache


def test_a_machine_with_the_text_waits_for_one_without_and_tells_how_far_it_is(
    given: list[str], tmp_path: Path
) -> None:
    before = (on_two_machines, slowly, tmp_path / "marks")
    assert {child.code for child in trained(3, tmp_path / "a", given, before)} == {0}
    for file in (tmp_path / "cache1").iterdir():
        file.unlink()
    (tmp_path / "marks").unlink()
    given[given.index("--out") + 1] = str(tmp_path / "again")
    children = trained(3, tmp_path / "b", given, before)
    assert [(child.code, child.err) for child in children] == [(0, "")] * 3
    assert (tmp_path / "marks").read_text() == "1\n"
    told = re.findall(r"preparing: rank 1 on second: thinking, (\d+) %", children[0].out)
    assert len(told) > 2 and told == sorted(told, key=int)


def stuck(rank: int, marks: Path) -> None:
    impatient()
    preparing(endless, marks, rank)


@pytest.mark.parametrize(
    ("rank", "signum"),
    [
        (0, signal.SIGTERM),
        (1, signal.SIGINT),
        pytest.param(0, signal.SIGINT, marks=LONG),
        pytest.param(1, signal.SIGTERM, marks=LONG),
        pytest.param(2, signal.SIGHUP, marks=LONG),
        (0, signal.SIGKILL),
        (1, signal.SIGKILL),
    ],
)
def test_a_signal_to_one_ends_all_while_another_prepares(
    rank: int, signum: int, given: list[str], tmp_path: Path
) -> None:
    """Whoever gets it; what is half-prepared is removed by who lives."""
    children = training(3, tmp_path / "3", given, (stuck, tmp_path / "marks"))
    while not (tmp_path / "marks").exists():
        assert all(process.is_alive() for process in children.processes)
        time.sleep(0.05)
    time.sleep(2 * SHORT)  # nobody gives up meanwhile
    os.kill(children.processes[rank].pid or 0, signum)
    start = time.monotonic()
    ended = children.end()
    assert time.monotonic() - start < 50  # of a hundred seconds
    assert (tmp_path / "marks").read_text() == "0\n"
    assert not (tmp_path / "run").exists()
    if signum == signal.SIGKILL:
        assert [child.code for child in ended] == [
            -signum if each == rank else 1 for each in range(3)
        ]
        assert the_error(ended).startswith(f"rank {rank} of 3 has ended")
        return
    assert [child.code for child in ended] == [128 + signum] * 3
    assert the_error(ended) == f"stopped by {signal.Signals(signum).name} before it began"
    assert list((tmp_path / "cache").iterdir()) == []


def test_who_is_not_first_does_not_begin_what_failed(given: list[str], tmp_path: Path) -> None:
    before = (on_two_machines, fail_on_second, tmp_path / "marks")
    children = trained(3, tmp_path / "3", given, before)
    assert [child.code for child in children] == [1] * 3
    assert the_error(children) == "rank 1 on second: out of memory"
    assert sorted((tmp_path / "marks").read_text()) == sorted("0\n1\n")


def fail_on_second(told: loading.Reporter) -> None:
    if socket.gethostname() == "second":
        raise MemoryError
