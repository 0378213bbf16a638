"""The learning-rate range test: the trainer's own updates, a rate that rises, nothing kept."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from learners import SMALL, TEXT, learner_of

from charlm.compare.options import parse_comparison
from charlm.errors import InputError, TrainingError
from charlm.options.rates import FINE_TUNING_RATE, default_rate
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import OPTIMISERS
from charlm.train import find_rate
from charlm.train.__main__ import main
from charlm.train.find_rate import Curve, Point, curve_of, default_rate_of, rising
from charlm.train.tell.rate_curve import rate_curve, told

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("options", [[], ["--optimiser", "sgd"], ["--cell", "gru"]])
@pytest.mark.parametrize("unit", ["continuous", "line"])
def test_its_updates_are_those_of_the_trainer(options: list[str], unit: str) -> None:
    points = list(islice(rising(learner_of(*options, unit=unit)), 30))
    low, high = (1e-3, 100.0) if options[1:] == ["sgd"] else (1e-5, 10.0)
    assert [p.rate for p in points] == pytest.approx(
        [low * (high / low) ** (n / 199) for n in range(30)]
    )
    other = learner_of(*options, "--schedule", "constant", unit=unit)
    for rate, loss in points:  # the schedule gives what it is told, and the batches are the same
        other.options = TrainConfig.of(other.options.plain() | {"learning_rate": rate})
        assert other.step().loss == loss


def test_whatever_the_schedule_says_the_rate_rises() -> None:
    plain = list(rising(learner_of("--schedule", "constant")))
    for schedule in (["cosine"], ["plateau", "--plateau", "3"], ["cosine", "--warm-up", "9"]):
        assert list(rising(learner_of("--schedule", *schedule))) == plain
    assert len(plain) > 100


def test_it_ends_where_the_loss_explodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps_of(losses: list[float]) -> list[Point]:
        learner, left = learner_of(), iter(losses)

        def step() -> find_rate.Point:
            loss = next(left)
            if math.isnan(loss):
                raise TrainingError("loss is nan")
            return Point(0.0, loss)

        monkeypatch.setattr(learner, "step", step)
        return list(rising(learner))

    assert len(steps_of([3.0] * 250)) == find_rate.UPDATES
    assert len(steps_of([3.0] * 50 + [math.nan])) == 50
    assert len(steps_of([3.0] * 50 + [2.0] * 50 + [30.0] * 100)) < 110
    with pytest.raises(TrainingError, match="loss is nan"):  # it never began
        steps_of([math.nan])


def points_of(losses: list[float]) -> list[Point]:
    """A point each tenth of a factor of ten, from 1e-5 on."""
    return [Point(10 ** (n / 10 - 5), loss) for n, loss in enumerate(losses)]


FALLING_AND_RISING = [2 + abs(n - 40) / 20 for n in range(60)]


def test_the_proposal_is_a_quarter_of_the_rate_with_the_lowest_smoothed_loss() -> None:
    points = points_of(FALLING_AND_RISING)
    curve = curve_of(points)
    assert curve.rates.tolist() == [point.rate for point in points]
    for place in (6, 20, 34, 46, 53):  # a straight line stays what it is
        assert curve.losses[place] == pytest.approx(points[place].loss)
    assert curve.lowest == points[40].rate == pytest.approx(0.1)
    assert curve.proposal == 0.025
    outlier = [*FALLING_AND_RISING[:5], 0.5, *FALLING_AND_RISING[6:]]
    assert curve_of(points_of(outlier)).lowest == curve.lowest
    weights = np.array([*range(1, 8), *range(6, 0, -1)]) / 49
    window = [point.loss for point in points[34:47]]
    assert curve.losses[40] == pytest.approx(float(weights @ window))
    short = np.array([*range(7, 0, -1)])
    first = [point.loss for point in points[:7]]
    assert curve.losses[0] == pytest.approx(float(short @ first) / short.sum())


def test_a_loss_that_hardly_fell_is_said() -> None:
    for lowest, said in ((1.79, False), (1.81, True)):
        curve = Curve(10 ** np.linspace(-5, 1, 40), np.array([2.0] * 20 + [lowest] + [2.0] * 19))
        assert ("less than a tenth" in [*told(curve, 0.02)][-1]) is said


def test_the_picture_has_each_loss_where_its_rate_stands() -> None:
    rates = 10 ** np.linspace(-5, 1, 70)  # a column each
    losses = np.linspace(4.0, 1.0, 70)
    *rows, axis, names, marks = rate_curve(Curve(rates, losses), {"D": 1e-5, "P": 10.0, "X": 99.0})
    assert len(rows) == 16 and all(len(row) <= 77 for row in rows)
    places = [row[7:].rstrip() for row in rows]
    assert places[0] == ""  # a tenth of the way stays free above the first loss
    stars = [(row.index("*"), row.rindex("*")) for row in places[1:]]
    assert stars[0][0] == 0 and stars[-1][1] == 69
    for (_, last), (first, _) in pairwise(stars):
        assert first == last + 1  # a straight line: one row after the other
    for row, (first, last) in enumerate(stars, start=1):
        for column in (first, last):
            assert float((4.3 - losses[column]) / 3.3 * 15) == pytest.approx(row, abs=0.5)
    labels = [float(row[:5]) for row in rows if row[:5].strip()]
    assert labels == pytest.approx([4.3, 3.2, 2.1, 1.0], abs=0.005)
    assert [place - 7 for place in range(len(axis)) if axis[place] == "+" and place > 6] == [
        0, 12, 23, 34, 46, 58, 69
    ]  # fmt: skip
    assert names.split() == ["1e-05", "0.0001", "0.001", "0.01", "0.1", "1", "10"]
    assert (marks[7], marks[76], len(marks)) == ("D", "P", 77)


def test_a_curve_that_jumps_has_no_gap_and_stays_in_the_picture() -> None:
    losses = np.array([4.0] * 35 + [1.0] * 20 + [500.0] * 15)
    rows = list(rate_curve(Curve(10 ** np.linspace(-5, 1, 70), losses), {}))[:16]
    columns = ["".join(row.ljust(77)[7 + column] for row in rows) for column in range(70)]
    assert columns[10] == " *" + " " * 14 and columns[40] == " " * 15 + "*"
    assert columns[35] == "  " + "*" * 14  # from below where it was to where it is
    assert columns[55] == "*" * 15 + " " and columns[60] == "*" + " " * 15


def test_a_rate_whose_loss_explodes_at_once_is_an_error() -> None:
    with pytest.raises(TrainingError, match="too few to propose a rate"):
        curve_of([Point(1e-5, 4.0)] * 9)


def test_the_rule_without_an_option() -> None:
    assert default_rate_of(TrainConfig(cell="gru", hidden=500, learning_rate=9.0)) == (
        default_rate("gru", 500)
    )
    assert default_rate_of(TrainConfig(optimiser="sgd")) == OPTIMISERS["sgd"]["learning_rate"]
    assert default_rate_of(TrainConfig(start_from="a", learning_rate=9.0)) == FINE_TUNING_RATE


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT * 3)
    return path


@pytest.mark.parametrize("more", [[], ["--optimiser", "sgd"], ["--from", "MODEL"]])
def test_the_command_draws_proposes_and_leaves_nothing(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    model = tmp_path / "model"
    start = ["--corpus", str(corpus), *SMALL, "--unit", "continuous"]
    if "MODEL" in more:
        assert main([*start, "--out", str(model), "--steps", "3"]) == 0
        more = ["--from", str(model)]
    before = set(tmp_path.rglob("*"))
    capsys.readouterr()
    assert main([*start, *more, "--find-rate"]) == 0
    said = capsys.readouterr()
    assert set(tmp_path.rglob("*")) == before
    assert "characters to learn from" not in said.out
    lines = said.out.splitlines()
    assert all(len(line) <= 80 for line in lines[-24:])
    [proposed] = [line for line in lines if line.startswith("P ")]
    [default] = [line for line in lines if line.startswith("D ")]
    assert " proposed, a quarter of " in proposed
    rate = {"--optimiser": "1", "--from": "0.003"}.get(more[0] if more else "", "0.028")
    assert default.startswith(f"D {rate}: ")


def test_what_does_not_go_with_it_is_said(corpus: Path, tmp_path: Path) -> None:
    start = ["--corpus", str(corpus), "--find-rate"]
    with pytest.raises(InputError, match="--dry-run and --find-rate are two things"):
        main([*start, "--dry-run"])
    with pytest.raises(InputError, match=r"--find-rate and --from do not go with --resume"):
        main([*start, "--resume", str(tmp_path)])
    with pytest.raises(InputError, match="--find-rate does not go with compare: give it to"):
        parse_comparison(["--find-rate"])


def test_it_is_a_picture_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, picture = tmp_path / "text.txt", tmp_path / "rates.svg"
    text.write_text(TEXT)
    words = ["--corpus", str(text), *SMALL, "--find-rate", "--out"]
    assert main([*words, str(picture)]) == 0
    assert f"picture: {picture}\n" in capsys.readouterr().out
    names = [t.text for t in ElementTree.fromstring(picture.read_text()).iter(f"{SVG}text")]
    assert "loss" in names and any(n and n.startswith("proposed 0.") for n in names)
    assert set(tmp_path.iterdir()) == {picture, text}
    with pytest.raises(InputError, match=r"rates\.svg exists already"):
        main([*words, str(picture)])
    with pytest.raises(InputError, match="nowhere is no folder"):
        main([*words, str(tmp_path / "nowhere" / "rates.svg")])
    with pytest.raises(InputError, match="its --out is a picture"):
        main([*words, str(tmp_path / "run")])
