"""Several processes with one run: who writes, how they stop together, how one of them is lost."""

from __future__ import annotations

import errno
import io
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from learners import SMALL, TEXT
from ranks import Child, trained, training
from root import ROOT

from charlm import device
from charlm.errors import InputError
from charlm.options.proposal import cores
from charlm.run.checkpoint import load_checkpoint
from charlm.run.control import steer
from charlm.run.layout import LAST, RESUME
from charlm.run.log import read_run_log
from charlm.train.__main__ import main
from charlm.train.evaluate import Pieces
from charlm.train.keep.folder import RunFolder
from charlm.train.launch import launched
from charlm.train.learner import Learner
from charlm.train.probe import Probe

LONG = pytest.mark.long
ENVIRONMENT = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT * 3)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def arguments(corpus: Path, run: Path, *more: str) -> list[str]:
    """A run of 12 updates, evaluated at the end."""
    options = ["--unit", "continuous", "--keep-duplicates", "--dropout", "0.2", "--steps", "12"]
    return ["--corpus", str(corpus), "--out", str(run), *SMALL, *options, *more]


def weights(run: Path) -> dict[str, np.ndarray]:
    return dict(load_checkpoint(run / LAST).tensors)


def far(one: Path, other: Path) -> float:
    """How far the newest weights are apart, of the norm of each tensor, at most."""
    a, b = weights(one), weights(other)
    return max(float(np.linalg.norm(a[n] - b[n]) / np.linalg.norm(a[n])) for n in a)


def the_error(children: list[Child]) -> str:
    """The one line that says what went wrong, which one of them says."""
    lines = [line for child in children for line in child.err.splitlines()]
    (line,) = (line for line in lines if "charlm: warning: " not in line)
    assert line.startswith("charlm: error: ")
    return line.removeprefix("charlm: error: ")


def before_step(step: int, rank: int, here: int, act: Any) -> None:
    """Act before an update, on one rank."""
    step_at = Learner.step_at

    def acting(self: Learner, rate: float, closely: bool = False) -> object:
        if self.position.step == step and here == rank:
            act(self)
        return step_at(self, rate, closely)

    Learner.step_at = acting  # type: ignore[method-assign]


def signal_at_7(here: int, rank: int, signum: int) -> None:
    before_step(7, rank, here, lambda _: os.kill(os.getpid(), signum))


def test_rank_0_alone_writes_and_speaks(corpus: Path, run: Path, tmp_path: Path) -> None:
    first, second = trained(2, tmp_path / "2", arguments(corpus, run, "--keep", "2"))
    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith(f"done: {run}\n")
    assert second.out == second.err == ""
    steps = [line["step"] for line in read_run_log(run) if line["kind"] in ("evaluation", "end")]
    assert steps == [12, 12]
    main(arguments(corpus, tmp_path / "alone", "--keep", "2"))
    assert 0 < far(tmp_path / "alone", run) < 1e-4
    mine, theirs = (load_checkpoint(each).metrics for each in (run, tmp_path / "alone"))
    assert mine["test_loss"] == pytest.approx(theirs["test_loss"], rel=1e-5)
    assert mine["characters"] == theirs["characters"]


def test_one_process_by_torchrun_is_one_by_itself(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(arguments(corpus, tmp_path / "plain"))
    for name, value in (ENVIRONMENT | {"WORLD_SIZE": "1"}).items():
        monkeypatch.setenv(name, value)
    main(arguments(corpus, tmp_path / "by torchrun"))
    assert far(tmp_path / "plain", tmp_path / "by torchrun") == 0


@pytest.mark.parametrize(
    ("rank", "signum"),
    [
        (0, signal.SIGINT),
        (1, signal.SIGTERM),
        pytest.param(1, signal.SIGINT, marks=LONG),
        pytest.param(2, signal.SIGHUP, marks=LONG),
    ],
)
def test_a_signal_to_one_saves_and_stops_all(
    rank: int, signum: int, corpus: Path, run: Path, tmp_path: Path
) -> None:
    children = trained(3, tmp_path / "3", arguments(corpus, run), (signal_at_7, rank, signum))
    assert [child.code for child in children] == [128 + signum] * 3
    name = signal.Signals(signum).name
    assert the_error(children) == f"stopped by {name}, step 8 saved: go on with --resume {run}"


@pytest.mark.parametrize(
    "sizes",
    [(2, 2), *(pytest.param(each, marks=LONG) for each in ((3, 2), (2, 1), (1, 3)))],
    ids=str,
)
def test_a_run_goes_on_with_as_many_exactly_and_with_others_too(
    sizes: tuple[int, int], corpus: Path, run: Path, tmp_path: Path
) -> None:
    """Random lengths and the state carry over."""
    before, after = sizes
    whole = arguments(corpus, tmp_path / "whole", "--random-length", "--average", "0.9")
    assert {child.code for child in trained(after, tmp_path / "w", whole)} == {0}
    stopped = arguments(corpus, run, "--random-length", "--average", "0.9")
    children = trained(before, tmp_path / "b", stopped, (signal_at_7, 0, signal.SIGINT))
    assert {child.code for child in children} == {130}
    children = trained(after, tmp_path / "a", ["--resume", str(run)])
    assert {child.code for child in children} == {0}
    assert "resumed from step 8" in children[0].out
    apart = far(tmp_path / "whole", run)
    assert apart == 0 if before == after else 0 < apart < 1e-4


@pytest.mark.parametrize("rank", [pytest.param(0, marks=LONG), 1, pytest.param(2, marks=LONG)])
def test_a_process_that_is_killed_ends_the_others(
    rank: int, corpus: Path, run: Path, tmp_path: Path
) -> None:
    before = (signal_at_7, rank, signal.SIGKILL)
    start = time.monotonic()
    children = trained(3, tmp_path / "3", arguments(corpus, run), before)
    assert time.monotonic() - start < 60
    assert [child.code for child in children] == [
        -signal.SIGKILL if each == rank else 1 for each in range(3)
    ]
    line = the_error(children)
    assert line.startswith(f"rank {rank} of 3 has ended")
    assert rank == 0 or line.endswith(f"--resume {run}")
    assert main(["--resume", str(run)]) == 0  # from its first save
    assert load_checkpoint(run / LAST).metrics["step"] == 12


def no_number(here: int) -> None:
    gradient = Learner._gradient

    def spoiled(self: Learner, *given: Any) -> float:
        loss = gradient(self, *given)
        return math.nan if here == 1 and self.position.step == 5 else loss

    Learner._gradient = spoiled  # type: ignore[method-assign]


def test_what_is_no_number_on_one_stops_all(corpus: Path, run: Path, tmp_path: Path) -> None:
    children = trained(2, tmp_path / "2", arguments(corpus, run), (no_number,))
    assert [child.code for child in children] == [1, 1]
    assert the_error(children).startswith("loss is nan, gradient norm ")
    assert load_checkpoint(run / LAST).metrics["step"] == 5
    assert {child.code for child in trained(2, tmp_path / "a", ["--resume", str(run)])} == {0}


def no_memory(here: int) -> None:
    gradient = Learner._gradient

    def failing(self: Learner, *given: Any) -> float:
        loss = gradient(self, *given)
        if here == 1 and self.position.step == 5:
            raise MemoryError
        return loss

    Learner._gradient = failing  # type: ignore[method-assign]


def test_an_error_of_one_is_told_by_rank_0_which_saves(
    corpus: Path, run: Path, tmp_path: Path
) -> None:
    main(arguments(corpus, tmp_path / "whole"))
    children = trained(2, tmp_path / "2", arguments(corpus, run), (no_memory,))
    assert [child.code for child in children] == [1, 1]
    line = the_error(children)
    assert line.startswith("rank 1 on ") and line.endswith(": out of memory")
    assert "step 5 saved: go on" in children[0].out
    assert main(["--resume", str(run)]) == 0
    assert far(tmp_path / "whole", run) < 1e-4


def break_update(here: int) -> None:
    update = Learner._update

    def broken(self: Learner, rate: float) -> None:
        if here == 1 and self.position.step == 5:
            raise RuntimeError("no kernel")
        update(self, rate)

    Learner._update = broken  # type: ignore[method-assign]


@LONG
def test_an_error_that_one_cannot_take_back_ends_all(
    corpus: Path, run: Path, tmp_path: Path
) -> None:
    children = trained(2, tmp_path / "2", arguments(corpus, run), (break_update,))
    assert [child.code for child in children] == [1, 1]
    assert the_error(children).startswith("rank 1: RuntimeError: no kernel")


def break_probe(here: int, name: str) -> None:
    """Rank 0 alone looks closely, at the first step."""

    def broken(self: Probe, *given: Any) -> None:
        raise MemoryError

    if here == 0:
        setattr(Probe, name, broken)


@pytest.mark.parametrize("name", ["before_batch", "before_clipping"])
def test_a_closer_look_that_fails_ends_all_and_saves_no_mixture(
    name: str, corpus: Path, run: Path, tmp_path: Path
) -> None:
    children = trained(2, tmp_path / "2", arguments(corpus, run), (break_probe, name))
    assert [child.code for child in children] == [1, 1]
    assert "out of memory" in the_error(children)
    saved = [line for child in children for line in child.out.splitlines() if " saved: " in line]
    assert bool(saved) is (name == "before_batch")


def test_a_rate_that_is_looked_for_is_given_up_by_all(
    corpus: Path, run: Path, tmp_path: Path
) -> None:
    words = [*arguments(corpus, run), "--find-rate"]
    words[words.index("--out") : words.index("--out") + 2] = []
    children = trained(2, tmp_path / "2", words, (signal_at_7, 0, signal.SIGINT))
    assert [child.code for child in children] == [130, 130]
    assert the_error(children) == "stopped by SIGINT"


def full_disk(here: int) -> None:
    def refuse(folder: RunFolder, name: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if here == 0:
        RunFolder.write = refuse  # type: ignore[method-assign]


def test_a_full_disk_of_rank_0_is_told_at_the_end(corpus: Path, run: Path, tmp_path: Path) -> None:
    children = trained(2, tmp_path / "2", arguments(corpus, run), (full_disk,))
    assert [child.code for child in children] == [1, 1]
    assert "no model could be saved" in the_error(children)
    assert f"{run / RESUME} was not saved (No space left on device)" in children[0].err


def stop_by_control(here: int, run: Path) -> None:
    before_step(7, 0, here, lambda _: steer(run, "stop"))


@LONG
def test_the_control_file_stops_all(corpus: Path, run: Path, tmp_path: Path) -> None:
    children = trained(2, tmp_path / "2", arguments(corpus, run), (stop_by_control, run))
    assert [child.code for child in children] == [0, 0]
    assert load_checkpoint(run / LAST).metrics["step"] == 8
    assert [child.err for child in children] == ["", ""]


def pause_by_control(here: int, run: Path) -> None:
    before_step(7, 0, here, lambda _: steer(run, "pause"))


@LONG
def test_a_pause_ends_by_a_signal_to_another(corpus: Path, run: Path, tmp_path: Path) -> None:
    children = training(2, tmp_path / "2", arguments(corpus, run), (pause_by_control, run))
    while not any(line["kind"] == "control" for line in read_run_log(run)):
        assert all(process.is_alive() for process in children.processes)
        time.sleep(0.05)
    os.kill(children.processes[1].pid or 0, signal.SIGINT)
    ended = children.end()
    assert [child.code for child in ended] == [130, 130]
    assert the_error(ended).startswith("stopped by SIGINT, step 8 saved")


def signal_while_measuring(here: int, rank: int) -> None:
    pieces = Learner.pieces

    def signalled(self: Learner, *given: Any) -> Pieces:
        if here == rank:
            os.kill(os.getpid(), signal.SIGTERM)
            Learner.pieces = pieces  # type: ignore[method-assign]
        yield from pieces(self, *given)

    Learner.pieces = signalled  # type: ignore[method-assign]


@LONG
@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_while_measuring_stops_all(
    rank: int, corpus: Path, run: Path, tmp_path: Path
) -> None:
    before = (signal_while_measuring, rank)
    children = trained(2, tmp_path / "2", arguments(corpus, run), before)
    assert [child.code for child in children] == [143, 143]
    assert the_error(children).startswith("stopped by SIGTERM, step 12 saved")


def elsewhere(here: int, folder: Path) -> None:
    """Each rank on a machine of its own, with a text of its own by one name."""
    os.chdir(folder / str(here))


def test_every_machine_needs_the_same_text(run: Path, tmp_path: Path) -> None:
    for rank, text in enumerate((TEXT, TEXT.replace("7", "8"))):
        (tmp_path / str(rank)).mkdir()
        (tmp_path / str(rank) / "my.txt").write_text(text * 3)
    given = arguments(Path("my.txt"), run)
    children = trained(2, tmp_path / "a", given, (elsewhere, tmp_path))
    assert [child.code for child in children] == [2, 2]
    assert the_error(children).startswith("rank 1 has another text (")
    (tmp_path / "1" / "my.txt").unlink()
    children = trained(2, tmp_path / "b", given, (elsewhere, tmp_path))
    assert [child.code for child in children] == [2, 2]
    line = the_error(children)
    assert line.startswith("rank 1 on ") and "my.txt does not exist" in line
    assert not run.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hidden", "0"], "--hidden"),
        (["--corpus", "nowhere.txt"], "nowhere.txt does not exist"),
        (["--corpus", "-"], "standard input is read by one process alone"),
        (["--device", "cuda"], "--device cuda is for one process"),
        (["--dry-run", "--find-rate"], "--dry-run and --find-rate"),
        (["--patience", "2", "--split", "100/0/0"], "--patience needs a validation part"),
    ],
)
def test_what_is_wrong_for_all_is_said_once(
    options: list[str], said: str, corpus: Path, run: Path, tmp_path: Path
) -> None:
    children = trained(2, tmp_path / "2", [*arguments(corpus, run), *options])
    assert [child.code for child in children] == [2, 2]
    assert said in the_error(children)


@pytest.mark.parametrize("kind", ["stdin", "pipe"])
def test_what_one_alone_can_read_is_refused(
    kind: str, corpus: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the text of a run that goes on, too: one process by itself can begin it."""
    said = "standard input is read by one process alone"
    source = "-"
    if kind == "pipe":
        pipe = tmp_path / "a pipe"
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_bytes, args=(corpus.read_bytes(),)).start()
        source, said = str(pipe), f"{pipe} is a pipe, which is read by one process alone"
    data = io.BytesIO(corpus.read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=data, isatty=int))
    assert main(arguments(Path(source), run, "--steps", "2")) == 0
    for words in (arguments(Path(source), tmp_path / "new"), ["--resume", str(run)]):
        children = trained(2, tmp_path / "2", words)
        assert [child.code for child in children] == [2, 2]
        line = the_error(children)
        assert line.startswith(said) and line.endswith("give that (--corpus FILE)")
    given = ["--resume", str(run), "--corpus", str(corpus), "--steps", "3"]
    assert {child.code for child in trained(2, tmp_path / "b", given)} == {0}


def no_device(here: int) -> None:
    device.sees_cuda = lambda: False


def a_device(here: int) -> None:
    device.sees_cuda = lambda: True


def test_auto_is_the_cpu_where_there_is_no_device(corpus: Path, run: Path, tmp_path: Path) -> None:
    given = arguments(corpus, run, "--device", "auto", "--steps", "2")
    children = trained(2, tmp_path / "2", given, (no_device,))
    assert [child.code for child in children] == [0, 0]
    assert [child.err.count("the CPU is taken") for child in children] == [1, 0]
    given[given.index(str(run))] = str(tmp_path / "other")
    children = trained(2, tmp_path / "b", given, (a_device,))
    assert [child.code for child in children] == [2, 2]
    assert the_error(children).startswith("--device cuda is for one process")


@LONG
def test_what_keeps_no_run_works_too(corpus: Path, run: Path, tmp_path: Path) -> None:
    given = arguments(corpus, run)
    del given[2:4]
    children = trained(2, tmp_path / "dry", [*given, "--dry-run"])
    assert [child.code for child in children] == [0, 0]
    assert "speed: about " in children[0].out and "on 2 processes" in children[0].out
    children = trained(2, tmp_path / "rate", [*given, "--find-rate"])
    assert [child.code for child in children] == [0, 0]
    assert "proposed, a quarter of" in children[0].out
    assert children[1].out == children[1].err == ""


@LONG
@pytest.mark.parametrize(
    "options",
    [
        ["--minutes", "0.02"],
        ["--patience", "1", "--evaluations", "9", "--steps", "300", "--learning-rate", "0.00001"],
        ["--accumulate", "3", "--schedule", "plateau", "--sequence", "loop", "--unit", "line"],
    ],
    ids=lambda options: options[0],
)
def test_budgets_and_schedules_are_those_of_rank_0(
    options: list[str], corpus: Path, run: Path, tmp_path: Path
) -> None:
    given = arguments(corpus, run, *options)
    if "--minutes" in options:
        del given[given.index("--steps") : given.index("--steps") + 2]
    children = trained(2, tmp_path / "2", given)
    assert [child.code for child in children] == [0, 0], children
    end = read_run_log(run)[-1]
    assert end["kind"] == "end" and end["test_loss"] > 0


@LONG
def test_weights_to_begin_with_come_from_rank_0(corpus: Path, run: Path, tmp_path: Path) -> None:
    main(arguments(corpus, tmp_path / "first"))
    more = ["--from", str(tmp_path / "first")]
    given = [*arguments(corpus, run), *more]
    for option in ("--hidden", "--embedding"):
        del given[given.index(option) : given.index(option) + 2]
    assert {child.code for child in trained(2, tmp_path / "2", given)} == {0}
    alone = [str(tmp_path / "alone") if word == str(run) else word for word in given]
    assert main(alone) == 0
    assert 0 < far(tmp_path / "alone", run) < 1e-4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"RANK": ""}, "WORLD_SIZE, MASTER_ADDR, MASTER_PORT set and RANK not"),
        ({"RANK": "2"}, "RANK is '2', not an integer from 0 to 1"),
        ({"RANK": "-1"}, "RANK is '-1', not an integer from 0 to 1"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two', not an integer from 1 to 65535"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE is '0', not an integer"),
        ({"MASTER_PORT": "70000"}, "MASTER_PORT is '70000', not an integer"),
        ({"MASTER_ADDR": "no such machine"}, "MASTER_ADDR is 'no such machine': no machine is"),
        ({"MASTER_ADDR": "a" * 300}, "MASTER_ADDR is 'aaa"),
    ],
)
def test_a_launch_that_is_said_wrongly_is_one_line(
    wrong: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (ENVIRONMENT | wrong).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        main([])


def test_who_trains_alone() -> None:
    assert launched({}) is None
    assert launched({"PATH": "/bin", "LOCAL_WORLD_SIZE": "2"}) is None
    assert launched(ENVIRONMENT | {"WORLD_SIZE": "1"}) is None
    assert launched(ENVIRONMENT | {"RANK": "1"}) == (1, 2, "localhost", 29500)


def test_processes_share_out_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    for said, expected in ((None, 8), ("1", 8), ("2", 4), ("3", 2), ("20", 1), ("x", 8), ("0", 8)):
        if said is not None:
            monkeypatch.setenv("LOCAL_WORLD_SIZE", said)
        assert cores() == expected


@LONG
def test_torchrun_starts_and_stops_it(corpus: Path, run: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    given = [*arguments(corpus, run), "--steps", "1000000"]
    with subprocess.Popen(
        [*launcher, "2", "-m", "charlm.train", *given],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(line["kind"] == "step" for line in read_run_log(run)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=120)
    (line,) = (line for line in error.splitlines() if line.startswith("charlm: error: "))
    assert re.fullmatch(r"charlm: error: stopped by SIGINT, step [\d,]+ saved: go on .*", line)
    assert main(["--resume", str(run), "--steps", "1"]) == 0  # all is over by now
