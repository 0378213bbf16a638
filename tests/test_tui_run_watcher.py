"""Run logs become curves, whatever is in them."""

import json
import math
from pathlib import Path

from charlm.run_log import RUN_LOG, RunLog
from tui.messages.run import Curves, Quantity
from tui.widgets.status import duration, training_text
from tui.work.run_reader import RunReader


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
