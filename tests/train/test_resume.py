"""A run that was stopped or killed and goes on is the run that was never stopped, to the bit."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from killing import kill_at, newest_weights

from charlm.options.train_fields import SEQUENCES
from charlm.run.log import read_run_log
from charlm.train.__main__ import main
from charlm.train.keep.folder import RunFolder
from charlm.train.learner import Learner

STEPS = 40
CELLS = ("rnn", "gru", "lstm", "mingru", "minlstm")
OPTIMISERS = ("adamw", "sgd")
SMALL = [
    "--hidden",
    "12",
    "--embedding",
    "5",
    "--batch",
    "4",
    "--length",
    "16",
    "--dropout",
    "0.3",
    "--no-texts",
]
TIMED = ("seconds", "characters_per_s", "seconds_left")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "numbers.txt"
    path.write_text("".join(f"The number {n} follows {n - 1}.\n" for n in range(90)))
    return path


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    steps = ["--steps", str(STEPS), "--unit", "continuous"]
    return ["--corpus", str(corpus), "--out", str(out), *SMALL, *steps, *more]


def digest(run: Path) -> str:
    return hashlib.sha256(newest_weights(run)).hexdigest()


def story(run: Path) -> list[dict[str, Any]]:
    """What the run log tells of steps, without the times it took."""
    return [
        {key: value for key, value in line.items() if key not in TIMED}
        for line in read_run_log(run)
        if line["kind"] in ("step", "evaluation", "end")
    ]


class Unbroken(dict[tuple[str, ...], tuple[str, list[dict[str, Any]]]]):
    """Digest and story of a run that was never stopped, by its options; made when asked for."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._corpus, self._folder = corpus, folder

    def __missing__(self, more: tuple[str, ...]) -> tuple[str, list[dict[str, Any]]]:
        run = self._folder / str(len(self))
        assert main(arguments(self._corpus, run, *more)) == 0
        self[more] = digest(run), story(run)
        return self[more]


@pytest.fixture(scope="module")
def unbroken(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    return Unbroken(corpus, tmp_path_factory.mktemp("unbroken"))


def is_unbroken(
    step: int, more: tuple[str, ...], corpus: Path, run: Path, unbroken: Unbroken
) -> None:
    kill_at(step, arguments(corpus, run, *more))
    assert main(["--resume", str(run)]) == 0
    assert (digest(run), story(run)) == unbroken[more]


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize(
    ("cell", "optimiser", "step"), [("rnn", "adamw", 0), ("gru", "adamw", 38), ("lstm", "sgd", 27)]
)
def test_killed_at_a_step_it_ends_as_if_it_was_not(
    cell: str,
    optimiser: str,
    step: int,
    sequence: str,
    corpus: Path,
    tmp_path: Path,
    unbroken: Unbroken,
) -> None:
    more = ("--cell", cell, "--optimiser", optimiser, "--sequence", sequence)
    is_unbroken(step, more, corpus, tmp_path / "run", unbroken)


MORE = (
    "--random-length", "--accumulate", "2", "--average", "0.9", "--schedule", "plateau",
    "--plateau", "1", "--warm-up", "5", "--keep", "2", "--learning-rate", "0.2",
    "--tied", "--embedding", "12", "--locked-dropout", "--embedding-dropout", "0.1",
    "--weight-dropout", "0.2", "--recurrent-dropout", "0.2", "--activation-penalty", "2",
    "--slowness-penalty", "1",
)  # fmt: skip


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_with_every_option_too(
    sequence: str, corpus: Path, tmp_path: Path, unbroken: Unbroken
) -> None:
    is_unbroken(31, (*MORE, "--sequence", sequence), corpus, tmp_path / "run", unbroken)


@pytest.mark.parametrize("unit", ["sentence", "line"])
def test_examples_go_on_where_they_were(
    unit: str, corpus: Path, tmp_path: Path, unbroken: Unbroken
) -> None:
    is_unbroken(33, ("--unit", unit), corpus, tmp_path / "run", unbroken)


@pytest.mark.long
@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("cell", CELLS)
def test_killed_at_any_step_it_ends_as_if_it_was_not(
    cell: str, optimiser: str, step: int, corpus: Path, tmp_path: Path, unbroken: Unbroken
) -> None:
    more = ("--cell", cell, "--optimiser", optimiser)
    is_unbroken(step, more, corpus, tmp_path / "run", unbroken)


def test_steps_that_were_lost_are_not_told_twice(corpus: Path, tmp_path: Path) -> None:
    class Crash(BaseException):  # as a kill: nothing is saved
        pass

    run, learn = tmp_path / "run", Learner.step

    def crashing(self: Learner, **closely: bool) -> object:
        if self.position.step == 39:
            raise Crash
        return learn(self, **closely)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        patch.setattr(Learner, "step", crashing)
        main(arguments(corpus, run))  # saved at 25, the one evaluation, and logged to 30
    assert [line["step"] for line in story(run)] == [10, 20, 25, 30]
    assert main(["--resume", str(run)]) == 0
    assert [line["step"] for line in story(run)] == [10, 20, 25, 30, 40, 40, 40]
    notices = [line["message"] for line in read_run_log(run) if line["kind"] == "notice"]
    assert "resumed from step 25" in notices


def test_a_run_killed_before_its_first_save_goes_on(corpus: Path, tmp_path: Path) -> None:
    class Crash(BaseException):
        pass

    def crashing(_: Learner, **closely: bool) -> object:
        raise Crash

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        patch.setattr(Learner, "step", crashing)
        main(arguments(corpus, tmp_path / "run"))
    assert main(["--resume", str(tmp_path / "run")]) == 0


# Negative controls: every part of what is saved is needed. One part is taken from an earlier
# save of the same run; then it must end elsewhere.
PARTS = ("model", "optimiser", "average", "state", "random")
PLACES = ("step", "epoch", "index", "lowered")
BESIDE = {"options", "corpus", "vocabulary", "start_id", "position"}
CONTROLLED = (  # by the loop, whose masks come from torch's generator
    "--sequence", "loop", "--average", "0.9", "--schedule", "plateau", "--plateau", "1",
    "--learning-rate", "0.2",
    "--warm-up", "38",
)  # fmt: skip
EARLY, LATE = 1, 36  # in the first pass over the text, and in the second


@pytest.fixture(scope="module")
def killed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The folder of a run that was killed, by the step that it had reached."""
    runs = {step: tmp_path_factory.mktemp("killed") / "run" for step in (EARLY, LATE)}
    for step, run in runs.items():
        kill_at(step, arguments(corpus, run, *CONTROLLED))
    return runs


def saved(run: Path) -> dict[str, Any]:
    with RunFolder.open(run) as folder:
        return folder.load_resume()


def end_of(killed: Path, values: dict[str, Any], run: Path) -> str:
    """The digest of the weights where a killed run ends when it goes on from `values`."""
    shutil.copytree(killed, run)
    with RunFolder.open(run) as folder:
        folder.save_resume(values)
    assert main(["--resume", str(run)]) == 0
    return digest(run)


def test_what_is_saved_is_enough_and_all_of_it_is_controlled(
    killed: dict[int, Path], tmp_path: Path, unbroken: Unbroken
) -> None:
    values = saved(killed[LATE])
    assert values.keys() == set(PARTS) | BESIDE
    assert end_of(killed[LATE], values, tmp_path / "run") == unbroken[CONTROLLED][0]


@pytest.mark.parametrize("part", PARTS)
def test_without_a_part_it_ends_elsewhere(
    part: str, killed: dict[int, Path], tmp_path: Path, unbroken: Unbroken
) -> None:
    values = saved(killed[LATE]) | {part: saved(killed[EARLY])[part]}
    assert end_of(killed[LATE], values, tmp_path / "run") != unbroken[CONTROLLED][0]


@pytest.mark.parametrize("place", PLACES)
def test_at_another_place_it_ends_elsewhere(
    place: str, killed: dict[int, Path], tmp_path: Path, unbroken: Unbroken
) -> None:
    values = saved(killed[LATE])
    values["position"][place] = 0 if values["position"][place] else 1
    assert end_of(killed[LATE], values, tmp_path / "run") != unbroken[CONTROLLED][0]
