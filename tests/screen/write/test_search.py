"""The history of a search, against a reading of its events that spells every text out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import ALPHABET, random_search

from tui.writer.search import Cut, EndedText, Frame, Search, SearchPart, branches


def spelled(frame: Frame) -> dict[str, tuple[str, ...]]:
    """Every line's whole text from the start, read off the drawing alone: own text -> full."""
    rows: list[str] = []
    for line, joins in zip(frame.lines, branches(frame.lines), strict=True):
        own = "".join(line.text)[line.leaves - frame.start :]
        if not joins:
            rows.append(own)
            continue
        column, glyph = joins[-1]
        assert glyph in "├└‹" and all(sign == "│" for _, sign in joins[:-1])
        # Climb from the glyph: the first row above that writes its own text in that column.
        shared = ""
        for row in range(len(rows) - 1, -1, -1):
            if column < frame.start or frame.lines[row].leaves <= column:
                shared = rows[row][: column + 1 - frame.start]
                break
            signs = dict(branches(frame.lines)[row])
            assert signs.get(column) in ("│", "├", "‹"), "the line of the tree is broken"
        rows.append(shared + own)
    return {row: line.text for row, line in zip(rows, frame.lines, strict=True)}


@settings(max_examples=150)
@given(
    st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 6), st.integers(0, 12),
    st.integers(1, 4),
)  # fmt: skip
def test_a_frame_is_what_the_events_say(
    seed: int, positions: int, width: int, start: int, pieces: int
) -> None:
    told = random_search(seed, positions, width)
    search = Search()
    for rows in np.array_split(np.arange(positions), pieces):
        part = told.part
        search.extend(SearchPart(ALPHABET, part.parents[rows], part.ids[rows], part.scores[rows]))
    assert (search.length, search.oldest) == (positions, 1)
    for position in range(1, positions + 1):
        begin = min(start, position - 1)
        frame = search.frame(position, begin, 1000)
        open = told.texts[position]
        assert frame.open == len(open)
        assert frame.before == open[0][0][:begin]
        assert frame.shared == max(
            n for n in range(position + 1) if all(text[:n] == open[0][0][:n] for text, _ in open)
        )
        alive = sorted((line for line in frame.lines if line.rank >= 0), key=lambda li: li.rank)
        assert [("".join(li.text), li.score) for li in alive] == [(t[begin:], s) for t, s in open]
        assert frame.lines[0].rank == 0
        assert [li.early for li in alive] == [
            li.leaves == begin and text[:begin] != open[0][0][:begin]
            for li, (text, _) in zip(alive, open, strict=True)
        ]

        expected = {}
        for at in range(max(2, begin + 2, position - 2), position + 1):
            went_on = {text[:-1] for text, _ in told.texts[at]}
            last = min(score for text, score in told.texts[at - 1] if text in went_on)
            for text, score in told.texts[at - 1]:
                if text not in went_on:
                    expected[text[begin:], score] = (at, last - score)
        cut = {
            ("".join(li.text), li.score): (li.gone.position, li.gone.behind)
            for li in frame.lines if isinstance(li.gone, Cut)
        }  # fmt: skip
        assert cut.keys() == expected.keys()
        for key, (at, behind) in cut.items():
            assert at == expected[key][0]
            assert behind == pytest.approx(expected[key][1])


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 6), st.integers(1, 8))
def test_the_drawing_alone_spells_every_text(
    seed: int, positions: int, width: int, most: int
) -> None:
    search = Search()
    search.extend(random_search(seed, positions, width).part)
    for position in range(1, positions + 1):
        frame = search.frame(position, 0, most)
        assert 1 <= len(frame.lines) <= most
        assert all(row == "".join(text) for row, text in spelled(frame).items())


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 5), st.integers(1, 8))
def test_what_is_forgotten_changes_nothing_after_it(
    seed: int, positions: int, width: int, kept: int
) -> None:
    part = random_search(seed, positions, width).part
    whole, short = Search(), Search(kept)
    whole.extend(part)
    for row in range(positions):
        rows = slice(row, row + 1)
        short.extend(SearchPart(ALPHABET, part.parents[rows], part.ids[rows], part.scores[rows]))
    assert short.length == positions
    assert short.first == max(0, positions - kept)
    for position in range(short.oldest, positions + 1):
        start = min(position - 1, short.first + 1)
        one, other = (search.frame(position, start, 50) for search in (whole, short))
        assert one.lines == other.lines
        assert one.before[short.first :] == other.before
        assert other.shared == max(one.shared, short.first)


def test_a_text_that_ended_is_not_cut() -> None:
    #  1: a b    2: aa ab (b ended at 2, so 1 character and its end)    3: aac
    parents = np.array([[0, 0], [0, 0], [0, -1]], np.int32)
    ids = np.array([[0, 1], [0, 1], [2, 0]], np.int32)
    scores = np.array([[-1.0, -2.0], [-1.5, -3.0], [-4.0, 0.0]])
    search = Search()
    search.extend(SearchPart(ALPHABET, parents, ids, scores, (EndedText("b", 2, -2.5),)))
    assert search.frame(1, 0, 9).ended == ()
    frame = search.frame(2, 0, 9)
    ended = EndedText("b", 2, -2.5)
    assert [(line.text, line.gone) for line in frame.lines] == [
        (("a", "a"), None), (("a", "b"), None), (("b",), ended)
    ]  # fmt: skip
    assert frame.ended == (ended,)
    last = search.frame(3, 0, 9)
    [cut] = [line.gone for line in last.lines if isinstance(line.gone, Cut)]
    assert (cut.position, cut.behind) == (3, pytest.approx(1.5))
    assert frame.shared == 1


def test_an_overflow_adds_no_position() -> None:
    search = Search()
    nothing = np.full((1, 2), -1, np.int32), np.zeros((1, 2), np.int32), np.zeros((1, 2))
    search.extend(SearchPart(ALPHABET, *nothing))
    assert (search.length, search.oldest) == (0, 0)
    frame = search.frame(0, 0, 5)
    assert (frame.lines, frame.open, frame.before) == ((), 0, "")
