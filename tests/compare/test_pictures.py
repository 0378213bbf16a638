"""What the pictures and the table of a report show, of results that are made up."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlm.compare.pictures import MOST_DRAWN, distance_picture, loss_picture, norm_picture
from charlm.compare.plan import Training, Variant
from charlm.compare.report import print_table, table_rows
from charlm.compare.results import Array, Result, best_of
from charlm.compare.vary import Setting
from charlm.model.config import ModelConfig

X = np.linspace(100.0, 1000.0, 10)


def result(variant: Variant, curve: Array, seed: int = 1) -> Result:
    training = Training(variant, seed, Path(f"{variant.label}-{seed}"), ())
    return Result(
        training, 1234567, 0.0063, float(curve[-1]), 1.25, 2000, 1000, 9.5,
        curve=(X, curve), norms=(X, np.ones(10)), speeds=np.full(5, 1e6),
        baseline={"order": 6, "ngram": 1.5, "unigram": 3.25},
    )  # fmt: skip


def cells(*names: str) -> list[Variant]:
    return [Variant(name, ModelConfig(name, 30, 5, 1024, 2)) for name in names]


def varied(count: int, cell: str = "lstm") -> list[Variant]:
    config = ModelConfig(cell, 30, 5, 1024, 2)
    return [Variant(f"clip {n}", config, (Setting("clip", float(n)),)) for n in range(1, count + 1)]


def results(variants: list[Variant]) -> dict[Variant, list[Result]]:
    """Each falls from above 4 to a loss of its own above 1.4."""
    curves = {v: 1.4 + 0.1 * n + 300 / X for n, v in enumerate(variants)}
    return {v: [result(v, curve + s / 100, s) for s in (1, 2)] for v, curve in curves.items()}


def names(picture: str) -> list[str]:
    """The names of the lines, from the upper to the lower."""
    texts = re.findall(
        r'<text x="[\d.]+" y="([\d.]+)" fill="#\w+" paint-order.*?>(.*)</text>', picture
    )
    return [text for _, text in sorted(texts, key=lambda each: float(each[0]))]


def ticks(picture: str) -> list[float]:
    return [float(t) for t in re.findall(r'text-anchor="end" fill="#555">([\d.]+)<', picture)]


def test_cells_have_their_colours_and_all_that_is_counted() -> None:
    picture = loss_picture(results(cells("lstm", "rnn")))
    assert names(picture) == ["unigram 3.250", "rnn 1.815", "lstm 1.715", "6-gram 1.500"]
    assert 'fill="#0072b2" paint-order' in picture and 'fill="#d55e00" paint-order' in picture
    assert max(ticks(picture)) >= 4  # where they begin


def test_variants_are_seen_from_a_quarter_on_with_what_lies_among_them() -> None:
    """At 300 of 1,000 characters, the first place behind a quarter, they are at 2.4 and 2.5."""
    picture = loss_picture(results(varied(2)))
    assert names(picture) == ["clip 2: 1.815", "clip 1: 1.715"]
    assert 2.2 <= max(ticks(picture)) <= 2.6
    lower = {
        v: [result(v, run.curve[1] - 0.3) for run in runs] for v, runs in results(varied(2)).items()
    }
    assert names(loss_picture(lower)) == ["clip 2: 1.515", "6-gram 1.500", "clip 1: 1.415"]


def test_every_line_of_the_most_has_its_colour() -> None:
    picture = norm_picture(results(varied(MOST_DRAWN)), None)
    colors = re.findall(r'fill="none" stroke="(#\w+)"', picture)
    assert len(colors) == len({*colors}) == MOST_DRAWN == 8
    assert "clipped to this" in norm_picture(results(varied(1)), 0.5)
    assert "clipped to this" not in norm_picture(results(varied(1)), None)


def test_the_best_are_drawn_in_their_order() -> None:
    rising = results(varied(5))
    found = {variant: rising[variant] for variant in reversed(rising)}
    assert [variant.label for variant in best_of(found, 2)] == ["clip 2", "clip 1"]
    assert best_of(found, 5) == found


def test_other_states_are_drawn_where_there_is_room() -> None:
    share = np.array([1.0, 0.1, 0.01])
    few, many = (
        distance_picture({v: {"h": [share], "c": [share]} for v in varied(n)}, {}) for n in (4, 5)
    )
    assert len(names(few)) == 8 and "clip 4, its c" in names(few)
    assert sorted(names(many)) == [f"clip {n}" for n in range(1, 6)]


def test_eigenvalues_are_drawn_of_one() -> None:
    share = np.array([1.0, 0.1, 0.01])
    one, two = (
        distance_picture({v: {"h": [share]} for v in v_s}, {v: [share] for v in v_s})
        for v_s in (cells("rnn"), varied(2, "rnn"))
    )
    assert "rnn by Σ|λ|²ᵏ / H" in names(one)
    assert names(two) == ["clip 1", "clip 2"]


def test_runs_with_other_rates_are_told() -> None:
    (variant,) = cells("gru")
    runs = [result(variant, np.linspace(3, 2, 10), seed) for seed in (1, 2, 3)]
    row, *_ = table_rows({variant: [replace(runs[0], learning_rate=0.02), *runs[1:]]})
    assert row["learning rate"] == "0.02, 0.0063"
    row, *_ = table_rows({variant: [replace(runs[0], learning_rate=None)]})
    assert row["learning rate"] == ""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (120, "model clip units parameters rate loss bpc loss chars/s steps"),
        (85, "model clip units parameters loss bpc loss chars/s"),
        (80, "model clip units parameters loss bpc loss"),
        (60, "model clip parameters loss loss"),
        (20, "model clip loss"),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_numbers(
    columns: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(table_rows(results(varied(2))))
    _, headings, first, *_ = capsys.readouterr().out.splitlines()
    assert headings.split() == expected.split()
    assert "1.7150 ± 0.0071" in first and "…" not in first
    assert len(first.rstrip()) <= max(columns, 30)
