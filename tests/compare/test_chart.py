"""The charts: well-formed, and every point where its value says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

from charlm.chart import Line, line_chart

SVG = "{http://www.w3.org/2000/svg}"
X = np.array([0.0, 50.0, 100.0])


def drawn(
    *lines: Line, limits: tuple[float, float], log: bool = False, log_x: bool = False
) -> ElementTree.Element:
    return ElementTree.fromstring(line_chart("A < B & C", ("x", "y"), lines, limits, log, log_x))


def points(chart: ElementTree.Element, color: str) -> list[tuple[float, float]]:
    (path,) = [p for p in chart.iter(f"{SVG}path") if p.get("stroke") == color]
    pairs = re.findall(r"(-?[\d.]+) (-?[\d.]+)", str(path.get("d")))
    return [(float(x), float(y)) for x, y in pairs]


def ticks(chart: ElementTree.Element, anchor: str) -> dict[str, float]:
    """Where the ticks of y ("end") or x ("middle") are written, by what is written."""
    axis = "y" if anchor == "end" else "x"
    found = [t for t in chart.iter(f"{SVG}text") if t.get("text-anchor") == anchor]
    return {"".join(t.itertext()): float(t.get(axis, "nan")) for t in found if t.get("fill")}


def test_points_stand_at_the_ticks_of_their_values() -> None:
    line = Line("a", "#123456", X, np.array([1.0, 2.0, 4.0]))
    chart = drawn(line, limits=(0.0, 5.0))
    across, up = ticks(chart, "middle"), ticks(chart, "end")
    expected = [
        (across["0"], up["1"] - 4),
        ((across["40"] + across["60"]) / 2, up["2"] - 4),
        (across["100"], up["4"] - 4),
    ]
    np.testing.assert_allclose(points(chart, "#123456"), expected, atol=0.11)


def test_equal_factors_are_equal_ways_on_a_logarithmic_axis() -> None:
    line = Line("a", "#123456", X, np.array([1.0, 1e-2, 1e-4]))
    chart = drawn(line, limits=(1e-4, 1.0), log=True)
    (_, first), (_, second), (_, third) = points(chart, "#123456")
    assert second - first == pytest.approx(third - second, abs=0.11)
    assert {"100", "10-2", "10-4"} <= set(ticks(chart, "end"))


def test_a_band_is_as_wide_as_its_values_and_titles_are_escaped() -> None:
    y = np.array([1.0, 2.0, 3.0])
    line = Line("a <b>", "#123456", X, y, y - 0.5, y + 0.5, dashed=True)
    chart = drawn(line, Line("other", "#654321", X, y), limits=(0.0, 4.0))
    assert chart.findtext(f"{SVG}title") == "A < B & C"
    assert "a <b>" in ["".join(t.itertext()) for t in chart.iter(f"{SVG}text")]
    (area,) = [p for p in chart.iter(f"{SVG}path") if p.get("fill") == "#123456"]
    heights = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", str(area.get("d")))]
    middle = [y for _, y in points(chart, "#123456")]
    assert len(heights) == 6
    assert [(a + b) / 2 for a, b in zip(heights, heights[::-1], strict=True)][:3] == pytest.approx(
        middle, abs=0.11
    )


def test_names_at_the_right_edge_stand_apart() -> None:
    same = [Line(f"line {n}", f"#00000{n}", X, np.full(3, 2.0)) for n in range(4)]
    chart = drawn(*same, limits=(0.0, 4.0))
    heights = sorted(
        float(text.get("y", "nan"))
        for text in chart.iter(f"{SVG}text")
        if (text.text or "").startswith("line")
    )
    assert all(b - a >= 14 for a, b in pairwise(heights))


def test_names_of_many_lines_stay_in_the_picture_in_the_order_of_the_lines() -> None:
    """All end at the lower edge, where they would run out of it."""
    names = [f"line {n:02}" for n in range(16)]
    ends = np.linspace(0.02, 0.0, 16)
    lines = [Line(n, "#123456", X, np.array([4, 1, y])) for n, y in zip(names, ends, strict=True)]
    chart = drawn(*lines, limits=(0.0, 4.0))
    places = {text.text: float(text.get("y", "nan")) for text in chart.iter(f"{SVG}text")}
    heights = [places[name] for name in names]
    assert all(b - a >= 16 for a, b in pairwise(heights))
    assert heights[0] > 44 and heights[-1] <= 356


def test_the_name_of_a_line_that_leaves_ends_left_of_those_that_stay() -> None:
    x, y = np.array([0.0, 95.0, 100.0]), np.array([3.0, 2.0, 1.0])
    lines = [Line("leaves late", "#123456", x, y), Line("stays", "#654321", x, np.full(3, 2.0))]
    texts = drawn(*lines, limits=(1.1, 4.0)).iter(f"{SVG}text")
    left = {text.text: float(text.get("x", "nan")) for text in texts}
    assert left["stays"] == 618
    assert 300 < left["leaves late"] <= 618 - 7 * len("leaves late")


def test_a_picture_is_wide_enough_for_the_longest_name() -> None:
    y = np.array([1.0, 2.0, 3.0])
    widths = [
        int(drawn(Line("a" * length, "#123456", X, y), limits=(0, 4)).get("width", "0"))
        for length in (1, 19, 50)
    ]
    assert widths[0] == widths[1] == 760
    assert widths[2] >= 610 + 8 + 50 * 7


@pytest.mark.parametrize("value", [0.0, 3.5e-7, 2.5e6])
def test_flat_lines_and_any_size_can_be_drawn(value: float) -> None:
    line = Line("a", "#123456", np.array([1.0]), np.array([value]))
    assert len(points(drawn(line, limits=(value, value)), "#123456")) == 1


def test_x_may_be_logarithmic() -> None:
    x = np.array([0.01, 0.1, 1.0])
    chart = drawn(Line("a", "#123456", x, x), limits=(0.0, 1.0), log_x=True)
    first, middle, last = (place[0] for place in points(chart, "#123456"))
    assert (first, last) == (64, 610) and middle == pytest.approx((first + last) / 2)
