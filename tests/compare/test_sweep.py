"""Learning rates that are tried: which, which is taken, and what is trained."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charlm.cli.main import main
from charlm.compare.options import parse_comparison
from charlm.compare.plan import plan_training, plan_variants
from charlm.compare.sweep import Sweep, rates_around, rates_of
from charlm.compare.trainings import TOO_HIGH, trained
from charlm.errors import InputError, TrainingError
from charlm.options.training import parse_options
from charlm.run.log import read_run_log
from charlm.train.learner import Learner

QUICK = ("--hidden", "6", "--embedding", "5", "--batch", "4", "--length", "16", "--seeds", "2")


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    words = ["compare", "--corpus", str(corpus), "--out", str(out), *QUICK, "--budget", "10steps"]
    return [*words, "--cells", "gru,rnn", "--rates", "3", *more]


@pytest.fixture(scope="module")
def swept(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison with a sweep that came to its end."""
    out = tmp_path_factory.mktemp("swept") / "all"
    assert main(arguments(corpus, out)) == 0
    return out


def first_seed(out: Path, cell: str) -> dict[float, float]:
    """Rate and validation loss of the runs with seed 1, as their logs have them."""
    logs = [read_run_log(run) for run in (out / "runs").glob(f"{cell}-learning-rate=*-1")]
    return {log[0]["learning_rate"]: log[-1]["validation_loss"] for log in logs}


@pytest.mark.parametrize(
    ("rate", "count", "expected"),
    [
        (0.02, 2, [0.01, 0.02]),
        (0.02, 3, [0.01, 0.02, 0.04]),
        (0.015, 4, [0.0037, 0.0075, 0.015, 0.03]),
        (0.0063, 5, [0.0016, 0.0032, 0.0063, 0.013, 0.025]),
        (1.0, 9, [0.062, 0.12, 0.25, 0.5, 1, 2, 4, 8, 16]),
    ],
)
def test_rates_lie_a_factor_of_two_apart(rate: float, count: int, expected: list[float]) -> None:
    assert rates_around(rate, count) == expected


@pytest.mark.parametrize("words", [(), ("--optimiser", "sgd"), ("--hidden", "512")])
def test_in_the_middle_is_the_rate_that_a_training_takes_by_itself(words: tuple[str, ...]) -> None:
    chosen = parse_comparison(["--corpus", "some.txt", "--cells", "rnn", "--rates", "5", *words])
    (variant,) = plan_variants(chosen, 30)
    hidden = words if "--hidden" in words else (*words, "--hidden", "128")
    rule = parse_options(["--cell", "rnn", "--steps", "2000", *hidden]).learning_rate
    assert rates_of(chosen, variant)[2] == rule


def test_the_best_is_taken_and_an_end_is_said() -> None:
    middle = Sweep({0.01: 1.5, 0.02: 1.25, 0.04: math.inf})
    assert (middle.best, middle.taken) == (0.02, "0.02")
    assert str(middle) == "0.01: 1.5000, 0.02: 1.2500, 0.04: diverged"
    assert Sweep({0.01: 1.2, 0.02: 1.3}).taken == "0.01, the lowest tried"
    assert Sweep({0.01: 1.2, 0.02: 1.2}).best == 0.01
    assert Sweep({0.01: 1.4, 0.02: 1.3}).taken == "0.02, the highest tried"


def test_every_rate_is_tried_with_one_seed_and_the_best_with_all(swept: Path) -> None:
    report = (swept / "report.md").read_text(encoding="utf-8")
    assert "equal parameters; seeds 1 to 2. The learning rate of each is the best of 3" in report
    for cell in ("gru", "rnn"):
        losses = first_seed(swept, cell)
        assert len(losses) == 3
        best = min(losses, key=losses.__getitem__)
        (second,) = (swept / "runs").glob(f"{cell}-*-2")
        assert second.name == f"{cell}-learning-rate={best:g}-2"
        tried = ", ".join(f"{rate:g}: {losses[rate]:.4f}" for rate in sorted(losses))
        assert re.search(rf"^\| {cell} \| {tried} \| {best:g}.* \|$", report, re.MULTILINE)
        mean = (losses[best] + read_run_log(second)[-1]["validation_loss"]) / 2
        row = rf"^\| {cell} \| [\d,]+ \| [\d,]+ \| {best:g} \| {mean:.4f} ± "
        assert re.search(row, report, re.MULTILINE)


def test_the_rows_say_which_runs_are_compared(swept: Path) -> None:
    rows = [json.loads(line) for line in (swept / "results.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * (3 + 1)
    assert {row["run"] for row in rows} == {f"runs/{r.name}" for r in (swept / "runs").iterdir()}
    for cell in ("gru", "rnn"):
        losses = first_seed(swept, cell)
        of_cell = [row for row in rows if row["cell"] == cell]
        assert {
            r["learning_rate"]: r["validation_loss"] for r in of_cell if r["seed"] == 1
        } == losses
        compared = [(row["learning_rate"], row["seed"]) for row in of_cell if row["compared"]]
        best = min(losses, key=losses.__getitem__)
        assert compared == [(best, 1), (best, 2)]


def test_a_run_says_all_that_its_log_does(swept: Path) -> None:
    for row in (json.loads(line) for line in (swept / "results.jsonl").read_text().splitlines()):
        log = read_run_log(swept / row["run"])
        start, end = log[0], log[-1]
        expected = {
            "run": f"runs/{start['run']}",
            "cell": start["model"]["cell"],
            "seed": int(row["run"][-1]),
            "units": start["model"]["hidden_size"],
            "layers": 1,
            "parameters": start["parameters"],
            "learning_rate": start["learning_rate"],
            "validation_loss": end["validation_loss"],
            "bpc": end["validation_loss"] / math.log(2),
            "test_loss": end["test_loss"],
            "characters": end["characters"],
            "steps": 10,
            "seconds": end["seconds"],
            "compared": row["compared"],
        }
        assert list(row.items()) == list(expected.items())


def test_both_files_say_the_same(swept: Path) -> None:
    lines = (swept / "results.jsonl").read_text().splitlines()
    with (swept / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    assert [{k: value(v) for k, v in row.items()} for row in rows] == [*map(json.loads, lines)]


def test_it_goes_on_with_what_was_tried(
    swept: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(swept, out)
    lost = next((out / "runs").glob("rnn-*-1"))
    shutil.rmtree(lost)
    assert main(arguments(corpus, out)) == 0
    assert capsys.readouterr().out.count(": kept, loss ") == 5 + 4
    one, other = (
        [json.loads(line) for line in (each / "results.jsonl").read_text().splitlines()]
        for each in (swept, out)
    )
    for row in one + other:
        del row["seconds"]
    assert one == other
    with pytest.raises(InputError, match="another comparison"):
        main(arguments(corpus, out, "--clip", "2"))


def failing(
    monkeypatch: pytest.MonkeyPatch, at: Callable[[float], bool], fail: Callable[[Learner], None]
) -> None:
    """Let trainings at some rates fail at their fourth step."""
    learn = Learner.step

    def step(self: Learner, **closely: bool) -> object:
        if at(self.options.learning_rate) and self.position.step == 3:
            fail(self)
        return learn(self, **closely)

    monkeypatch.setattr(Learner, "step", step)


def become_nan(learner: Learner) -> None:
    learner._check(math.nan, 1.0, learner.options.learning_rate)


def test_a_rate_that_diverges_is_the_worst(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ("--cells", "gru", "--seeds", "1")
    chosen = parse_comparison(arguments(corpus, tmp_path, *more)[1:])
    (variant,) = plan_variants(chosen, 30)
    low, middle, high = rates_of(chosen, variant)
    failing(monkeypatch, lambda rate: rate > low, become_nan)
    assert main(arguments(corpus, tmp_path / "out", *more)) == 0
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert f"{middle:g}: diverged, {high:g}: diverged | {low:g}, the lowest tried |" in report
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 1


def test_an_explosion_that_ends_a_training_is_one_too(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --stop-exploding, in the words of the trainer itself."""
    monkeypatch.setattr("charlm.train.trainer.exploding", lambda *_: "the loss is too high")
    monkeypatch.setattr("charlm.train.trainer.Trainer._rises", lambda self: True)
    with pytest.raises(TrainingError, match="gru diverged at every rate"):
        main(arguments(corpus, tmp_path, "--cells", "gru", "--stop-exploding"))


def test_where_all_diverge_there_is_nothing_to_take(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, lambda rate: True, become_nan)
    with pytest.raises(TrainingError, match=r"gru diverged at every rate .*: nothing to take"):
        main(arguments(corpus, tmp_path, "--cells", "gru"))


def test_another_failure_is_none_of_the_rate(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(learner: Learner) -> None:
        raise TrainingError("no space left")

    failing(monkeypatch, lambda rate: True, full)
    with pytest.raises(TrainingError, match=r"gru-learning-rate=[\d.]+-1: no space left"):
        main(arguments(corpus, tmp_path, "--cells", "gru"))


def test_a_training_that_diverged_is_not_gone_on_with(tmp_path: Path) -> None:
    chosen = parse_comparison(["--corpus", "some.txt", "--out", str(tmp_path), "--cells", "gru"])
    training = plan_training(chosen, plan_variants(chosen, 30)[0], seed=1)
    training.folder.mkdir(parents=True)
    lines = [{"kind": "start"}, {"kind": "end", "reason": f"loss is nan: {TOO_HIGH} or --clip"}]
    (training.folder / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(TrainingError, match="gru-1: loss is nan"):
        trained(training, "gru-1")
