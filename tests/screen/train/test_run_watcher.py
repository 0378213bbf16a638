"""Run logs become curves, whatever is in them."""

import json
import math
from pathlib import Path

import pytest

from charlm.run.layout import RUN_LOG
from charlm.run.log import RunLog
from charlm.wording import duration
from tui.training.reader import RunReader
from tui.training.snapshots import Curves, Place, Quantity
from tui.training.words import training_text
from tui.views.train.strips import STRIPS, rows


def points(curves: Curves, quantity: Quantity) -> list[tuple[float, float]]:
    return [(sample.place.characters, sample.value) for sample in curves.of(quantity)]


def test_a_log_becomes_curves_as_it_grows(tmp_path: Path) -> None:
    reader = RunReader(tmp_path)
    assert not reader.read()
    with RunLog(tmp_path) as log:
        log.append("start", run="x")
        log.append("step", step=1, characters=100, loss=3.0, progress=0.1, seconds_left=90.0)
        assert reader.read()
        assert points(reader.curves(), "training") == [(100.0, 3.0)]
        log.append("evaluation", step=1, characters=100, validation_loss=3.1, best=True)
        log.append("step", step=2, characters=200, loss=math.nan, progress=0.2)
        log.append("notice", message="one \x1b[31mline")
        reader.read()
        curves = reader.curves()
        assert points(curves, "training") == [(100.0, 3.0)]
        assert points(curves, "validation") == [(100.0, 3.1)]
        assert curves.notices == ("one ␛[31mline",)
        assert (curves.progress, curves.seconds_left, curves.ended) == (0.2, None, None)
        log.append("end", reason="budget")
    reader.read()
    assert reader.curves().ended == "budget"


def test_a_resumed_run_replaces_its_last_stretch(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for characters, loss in ((100, 3.0), (200, 2.0), (300, 1.9), (200, 2.1), (300, 1.8)):
            log.append("step", characters=characters, loss=loss)
    reader = RunReader(tmp_path)
    reader.read()
    assert points(reader.curves(), "training") == [(100.0, 3.0), (200.0, 2.1), (300.0, 1.8)]


def test_wrong_types_are_passed_over(tmp_path: Path) -> None:
    lines = [
        {"kind": "step", "characters": "x", "loss": 1},
        {"kind": "step", "characters": 1, "loss": True},
        {"kind": "step", "characters": 1, "loss": 10**400},
        {"kind": ["step"]},
        {"kind": "notice"},
        {"kind": "end", "reason": None},
        {"kind": "step", "step": 7, "loss": 2.5, "progress": "half"},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\nnot json\n[1]\n"
    (tmp_path / RUN_LOG).write_text(text)
    reader = RunReader(tmp_path)
    reader.read()
    assert points(reader.curves(), "training") == [(7.0, 2.5)]
    assert reader.curves().progress is None


def test_time_left_in_words() -> None:
    assert [duration(s) for s in (0, 59, 60, 3599, 3900)] == [
        "0 s", "59 s", "1 min", "59 min", "1 h 05 min",
    ]  # fmt: skip
    assert training_text(None) == "training"
    nearly = Curves(Path("r"), progress=1.0, seconds_left=0.0)
    assert training_text(nearly) == "training 100 %, finishing"


def read_back(run: Path, *lines: object) -> Curves:
    (run / RUN_LOG).write_text("".join(json.dumps(line) + "\n" for line in lines))
    reader = RunReader(run)
    reader.read()
    return reader.curves()


@pytest.mark.parametrize(("said", "shown"), [(1e299, 1.0), (-3, 0.0), (0.5, 0.5)])
def test_progress_is_a_share(tmp_path: Path, said: float, shown: float) -> None:
    step = {"kind": "step", "step": 1, "loss": 2.0, "progress": said}
    assert read_back(tmp_path, step).progress == shown


def test_where_a_training_was_stopped_or_paused_is_told(tmp_path: Path) -> None:
    start = {"kind": "start", "step": 0}
    step = {"kind": "step", "step": 260, "characters": 480_000, "seconds": 9.0, "loss": 2.0}
    paused = {"kind": "control", "step": 265, "act": "pause"}
    end = {"kind": "end", "step": 269, "characters": 497_000, "seconds": 9.5, "reason": "stopped"}
    assert read_back(tmp_path, start).last is None
    assert read_back(tmp_path, start, step, paused).last == Place(265, 480_000, 9.0)
    assert read_back(tmp_path, start, step, paused).marks[0].place.step == 265
    assert read_back(tmp_path, start, step, end).last == Place(269, 497_000, 9.5)
    assert read_back(tmp_path, start, step, end | {"characters": None}).last == Place(
        269, 480_000, 9.0
    )
    again = [start | {"step": 269}, step | {"step": 270, "characters": 499_000}]
    curves = read_back(tmp_path, start, step, end, *again)
    assert curves.last == Place(270, 499_000, 9.0)
    assert curves.marks[0] == (Place(269, 497_000, 9.5), "resumed")
    assert read_back(tmp_path, start, step, end, start).last is None


def test_what_is_almost_nothing_is_nothing(tmp_path: Path) -> None:
    steps = [{"kind": "step", "step": i, "loss": loss} for i, loss in enumerate((1e-323, -1e-295))]
    assert [value for _, value in points(read_back(tmp_path, *steps), "training")] == [0.0, 0.0]


def test_norms_and_names_of_weights_are_what_they_can_be(tmp_path: Path) -> None:
    number = "9" * 5000
    gate = {"quantiles": [0, 0.1, 0.2, 0.3, 0.4], "low": 0, "high": 0}
    probe = {
        "kind": "probe", "step": 1, "gates": {f"layers.{number}.i": gate},
        "gradient_norms": {"a": -1.0, "b": 0.0, f"layers.{number}.c": 2.0},
    }  # fmt: skip
    curves = read_back(tmp_path, {"kind": "step", "step": 1, "loss": 2.0}, probe)
    assert set(curves.probes[0].gradient_norms.values()) == {0.0, 2.0}
    for strip in STRIPS:
        assert all(len(row.label) < 80 for row in rows(curves.probes, strip))


def test_marks_and_probes_do_not_grow_for_ever(tmp_path: Path) -> None:
    lines = []
    for step in range(3000):
        lines += [
            {"kind": "step", "step": step, "loss": 2.0},
            {"kind": "control", "act": "pause"},
            {"kind": "probe", "step": step, "gradient_norms": {"a": 1.0}},
        ]
    curves = read_back(tmp_path, *lines)
    assert [mark.place.step for mark in curves.marks] == list(range(2700, 3000))
    steps = [probe.place.step for probe in curves.probes]
    assert 500 < len(steps) <= 1024
    assert steps[0] < 20 and steps[-1] == 2999
