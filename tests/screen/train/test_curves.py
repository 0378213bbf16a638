"""Charts: ticks are round, reduction keeps extremes, any data is drawn at any size."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Size

from charlm.run.log import RunLog
from tui.charts.chart import Chart, Line, Picture
from tui.charts.pictures import AXES, KINDS, Look, caption, picture
from tui.charts.plotting import (
    Canvas,
    Scale,
    log_ticks,
    reduce_points,
    round_ticks,
    smoothed,
    tick_label,
)
from tui.training.reader import RunReader
from tui.training.snapshots import Curves

finite = st.floats(-1e12, 1e12)


@given(finite, st.floats(1e-6, 1e12), st.integers(1, 20))
def test_ticks_are_few_inside_and_evenly_apart(low: float, span: float, count: int) -> None:
    high = low + span
    if not low < high or span < abs(low) * 1e-9:
        return
    ticks = round_ticks(low, high, count)
    assert len(ticks) <= count + 1
    slack = 1e-6 * span
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert ticks == sorted(ticks)


def test_ticks_are_round() -> None:
    assert round_ticks(1.83, 3.42, 4) == [2.0, 2.5, 3.0]
    assert log_ticks(Scale(0.8, 60, 10, True)) == [1, 2, 5, 10, 20, 50]
    assert log_ticks(Scale(2.1, 2.4, 10, True)) == [
        2.1,
        2.2,
        2.3000000000000003,
        2.4000000000000004,
    ]
    assert [tick_label(v, s) for v, s in ((2.5, 0.5), (1000, 500), (3e-5, 1e-5), (2e6, 1e6))] == [
        "2.5", "1,000", "3e-5", "2e6",
    ]  # fmt: skip


@given(st.lists(st.tuples(finite, finite)), st.integers(1, 30), st.integers(1, 9), st.booleans())
def test_a_scale_places_what_it_holds(
    points: list[tuple[float, float]], width: int, height: int, log: bool
) -> None:
    values = [y for _, y in points if y > 0 or not log]
    scale = Scale.over(values, height, log)
    places = [scale.place(value) for value in values]
    assert all(place is not None and 0 <= place < height for place in places)


def test_a_curve_that_only_rounding_moves_is_drawn() -> None:
    value = 0.003
    values = [y for _, y in smoothed([(i, value) for i in range(6)], 10)] + [value]
    assert min(values) < max(values)
    assert all(Scale.over(values, 10, True).place(value) is not None for value in values)


def test_lines_meet_in_one_cell() -> None:
    canvas = Canvas(2, 1)
    canvas.line((0, 3), (3, 0), "a")
    assert canvas.cells[0] == [("⡠", "a"), ("⠊", "a")]
    canvas.dot(0, 0, "b")
    assert canvas.cells[0][0] == ("⡡", "b")
    canvas.write(1, 0, "word", "c")
    canvas.column(0, "|", "d", over=("c",))
    canvas.column(1, "|", "d", over=("c",))
    assert canvas.cells[0] == [("⡡", "b"), ("|", "d")]


def test_smoothing_has_no_bias_at_the_start() -> None:
    flat = [(float(x), 3.0) for x in range(50)]
    assert all(math.isclose(y, 3.0) for _, y in smoothed(flat, 10))
    jagged = [(float(x), float(x % 2)) for x in range(200)]
    assert max(abs(y - 0.5) for _, y in smoothed(jagged, 50)[100:]) < 0.05


def test_reduction_keeps_ends_and_extremes() -> None:
    points = [(float(i), math.sin(i / 50)) for i in range(10_000)]
    points[4321] = (4321.0, 50.0)
    points[6543] = (6543.0, -50.0)
    reduced = reduce_points(points, 40)
    assert len(reduced) <= 80
    assert {(4321.0, 50.0), (6543.0, -50.0)} <= set(reduced)
    assert reduced == sorted(reduced)
    assert reduce_points(points[:80], 40) == points[:80]
    assert reduce_points([(1.0, 2.0)] * 100, 4) == [(1.0, 2.0)]


def test_a_long_run_is_thinned_and_keeps_its_extremes(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for step in range(1, 20_001):
            loss = {7_777: 99.0, 15_555: 0.001}.get(step, 2.0 + step % 7)
            log.append("step", step=step, characters=step * 10, seconds=step, loss=loss)
    reader = RunReader(tmp_path)
    reader.read()
    points = reader.curves().of("training")
    assert len(points) <= 4096
    assert {99.0, 0.001} <= {sample.value for sample in points}
    assert [sample.place for sample in points] == sorted(sample.place for sample in points)
    assert reader.curves() is reader.curves()
    for axis in ("characters", "step", "seconds"):
        for kind in KINDS:
            look = Look(axis, 10, True, (1000.0, 2000.0), points[100].place)  # type: ignore[arg-type]
            assert picture(reader.curves(), kind, look).divisor in (1, 60, 1e3, 1e6, 3600)
            assert caption(reader.curves(), kind, look)


def losses(run: Path, steps: int, loss: float) -> Curves:
    """A run whose evaluations are logged later than the step lines they belong to."""
    run.mkdir()
    with RunLog(run) as log:
        for step in range(1, steps + 1):
            where = {"step": step, "characters": step * 100}
            log.append("step", **where, seconds=step, loss=loss + step % 2, learning_rate=1 / step)
            log.append("evaluation", **where, seconds=step + 0.5, validation_loss=loss + step)
    reader = RunReader(run)
    reader.read()
    return reader.curves()


def captions(*runs: Curves, **look: Any) -> str:
    return " ".join(piece.text for piece in caption(runs[0], "loss", Look(**look), runs[1:]))


def test_the_evaluation_of_a_step_is_told_where_the_cursor_is_on_it(tmp_path: Path) -> None:
    curves = losses(tmp_path / "run", 9, 10.0)
    for step, sample in enumerate(curves.of("training"), 1):
        for axis in AXES:
            assert f"validation {10 + step}.000" in captions(curves, cursor=sample.place, axis=axis)
    line = picture(curves, "loss", Look("seconds", cursor=curves.of("training")[3].place)).lines[-1]
    assert line.told == 14.0


def test_smoothed_values_are_told_as_they_are_drawn(tmp_path: Path) -> None:
    curves = losses(tmp_path / "run", 60, 10.0)
    for cursor in (None, curves.of("training")[30].place):
        look = Look(smoothing=10, cursor=cursor)
        line = next(line for line in picture(curves, "loss", look).lines if line.style == "primary")
        drawn = dict(line.points)[cursor.characters if cursor else 6000.0]
        assert drawn == line.told and 10.2 < drawn < 10.8
        assert f"training {drawn:.3f}" in captions(curves, smoothing=10, cursor=cursor)
    (rate,) = picture(curves, "rate", look).lines
    assert [y for _, y in rate.points] == [1 / step for step in range(1, 61)]
    assert "smoothed" not in " ".join(piece.text for piece in caption(curves, "rate", look))


def test_the_cursor_tells_of_every_run_that_lies_over_another(tmp_path: Path) -> None:
    one, other = losses(tmp_path / "one", 9, 10.0), losses(tmp_path / "other", 4, 20.0)
    places = [sample.place for sample in one.of("training")]
    assert captions(one, other).count("other 24.000") == 1
    assert "other 22.000" in captions(one, other, cursor=places[1], axis="step")
    assert "other 21.000" in captions(one, other, cursor=places[1], axis="seconds")
    assert "other 24.000" in captions(one, other, cursor=places[8], axis="step")
    first = picture(one, "loss", Look(cursor=places[1]), [other]).lines[0]
    assert first.told == 22.0
    early = captions(one, other, cursor=places[0], axis="seconds")
    assert "other" in early and "other 2" not in early


class SizedChart(Chart):
    """A chart of a size that a test gives it."""

    given = Size(1, 1)

    @property
    def size(self) -> Size:
        return self.given


class OneChart(App[None]):
    """A chart alone."""

    def compose(self) -> ComposeResult:
        yield SizedChart()


async def test_any_data_at_any_size() -> None:
    odd = [
        (), ((1.0, 2.0),), ((1.0, 2.0), (1.0, 3.0)), ((0.0, 0.0), (1.0, 0.0)),
        ((0.0, -1e300), (1.0, 1e300)), ((0.0, 1e-300), (1e300, 1e-299)), ((5.0, -1.0), (6.0, -2.0)),
    ]  # fmt: skip
    app = OneChart()
    async with app.run_test():
        chart = app.query_one(SizedChart)
        for size in (Size(1, 1), Size(8, 2), Size(11, 3), Size(60, 12)):
            chart.given = size
            for points in odd:
                for log in (False, True):
                    for window in (None, (0.25, 0.5), (1e9, 2e9)):
                        lines = (
                            Line(points, "bold accent", spots=True, told=1.5),
                            Line((), "panel"),
                        )
                        chart.picture = Picture(
                            lines, (("level", 1.0), ("far", 1e9)), ((0.5, "mark"), (0.5, "word")),
                            0.4, "chars", 1e3, window, log, "nothing",
                        )  # fmt: skip
                        for row in range(size.height):
                            assert chart.render_line(row).cell_length == size.width


def test_an_axis_counts_as_the_longest_run_needs(tmp_path: Path) -> None:
    short, long = losses(tmp_path / "short", 9, 10.0), losses(tmp_path / "long", 200, 20.0)
    assert picture(short, "loss", Look()).unit == "chars"
    assert picture(short, "loss", Look(), [long]).unit == "k chars"


def test_long_names_of_several_runs_leave_room_for_each_other(tmp_path: Path) -> None:
    names = [f"chat-lstm-20261130-20{n}821" for n in "123"]
    one, *others = (losses(tmp_path / name, 9, 10.0) for name in names)
    assert f"a {names[1]} 19.000" in captions(one, others[0])
    pieces = caption(one, "loss", Look(), others)
    told = [p.text for p in sorted(pieces, key=lambda piece: piece.rank)]
    assert told[:3] == ["• validation 19.000", "a chat-lstm…130-202821 19.000",
                        "b chat-lstm…130-203821 19.000"]  # fmt: skip
    assert told[3].startswith("─ training")
