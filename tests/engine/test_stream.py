"""Decode events become text: samples grow, a beam's best hypothesis may rewrite its tail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm.decoding import BeamSearch, NucleusBeam, Sampling
from charlm.engine.stream import Change, TextStream
from charlm.text.vocabulary import EOS, PAD, Vocabulary

VOCABULARY = Vocabulary("abc\x1b\n")
A, B, C, ESC, NEWLINE = range(2, 7)


@dataclass
class Scripted:
    """A session that plays given events."""

    strategy: Any
    events: list[Any]
    prompts: list[str] = field(default_factory=lambda: ["x"])
    rows: int = 1
    results: Sequence[Any] = ()
    vocabulary: Vocabulary = VOCABULARY

    @property
    def done(self) -> bool:
        return not self.events

    def advance(self, n: int, budget_ms: float) -> Any:
        return self.events.pop(0)

    def completions(self) -> Sequence[Any]:
        return self.results


def sampled(ids: list[list[int]], finished: list[bool]) -> SimpleNamespace:
    """Events of [n][N] ids, each with log_prob -1, PAD with 0."""
    array = np.array(ids, np.int32).reshape(len(ids), len(finished))
    log_probs = np.where(array == PAD, 0, -1).astype(np.float32)
    return SimpleNamespace(ids=array, log_probs=log_probs, finished=np.array(finished))


def searched(
    slots: list[list[tuple[int, int]]], finished: bool = False, score: float = -1
) -> SimpleNamespace:
    """Events of one prompt: [n][K] of (parent, id)."""
    array = np.array(slots, np.int32)[:, None]  # [n, P = 1, K, 2]
    return SimpleNamespace(
        parents=array[..., 0],
        ids=array[..., 1],
        scores=np.full(array.shape[:3], score, np.float64),
        finished=np.array([finished]),
    )


def result(text: str, log_prob: float = -9.0) -> SimpleNamespace:
    return SimpleNamespace(text=text, log_prob=log_prob, length=len(text) + 1, finished=True)


def played(stream: TextStream) -> list[list[Change]]:
    changes = []
    while not stream.done:
        changes.append(stream.advance())
    return changes


def test_samples_only_append() -> None:
    first = sampled([[A, B], [C, EOS]], [False, True])
    second = sampled([[B, PAD], [A, PAD]], [False, True])
    stream = TextStream(Scripted(Sampling(), [first, second], rows=2))
    assert stream.advance() == [Change(0, 0, "ac", False), Change(1, 0, "b", True)]
    assert not stream.done
    assert stream.advance() == [Change(0, 2, "ba", False), Change(0, 4, "", True)]
    assert stream.done
    assert [stream.text(0), stream.text(1)] == ["acba", "b"]
    assert stream.characters == 5  # neither PAD nor EOS
    assert stream.log_prob == -4.0


def test_the_end_counts_in_the_log_prob() -> None:
    stream = TextStream(Scripted(Sampling(), [sampled([[A], [EOS]], [True])]))
    played(stream)
    assert (stream.characters, stream.log_prob) == (1, -2.0)


def test_a_row_that_says_nothing_new_has_no_change() -> None:
    events = [sampled([[EOS, A]], [True, False]), sampled([[PAD, B]], [True, False])]
    stream = TextStream(Scripted(Sampling(), events, rows=2))
    assert stream.advance() == [Change(0, 0, "", True), Change(1, 0, "a", False)]
    assert [change.row for change in stream.advance()] == [1, 1]


def test_text_for_a_terminal_is_filtered_and_raw_text_is_not() -> None:
    events = sampled([[A], [ESC], [NEWLINE]], [False])
    assert TextStream(Scripted(Sampling(), [events])).advance()[0].text == "a␛\n"
    raw = TextStream(Scripted(Sampling(), [events]), filtered=False)
    assert raw.advance()[0].text == "a\x1b\n"


def test_a_beam_rewrites_the_tail_of_its_best_hypothesis() -> None:
    events = [
        searched([[(0, A), (0, B)]]),
        searched([[(0, B), (1, C)], [(0, C), (1, A)]]),  # abc, bca
        searched([[(1, B), (0, A)]]),  # the second becomes the best: bcab
        searched([[(0, C), (1, ESC)]]),
    ]
    stream = TextStream(Scripted(BeamSearch(width=2), events, results=[[result("bcabc")]]))
    assert stream.advance() == [Change(0, 0, "a", False)]
    assert stream.advance() == [Change(0, 1, "bc", False)]
    assert stream.advance() == [Change(0, 0, "bcab", False)]
    assert stream.text(0) == "bcab"
    assert stream.advance() == [Change(0, 4, "c", True)]
    assert stream.done
    assert (stream.text(0), stream.characters, stream.log_prob) == ("bcabc", 5, -9.0)


def test_a_finished_search_shows_the_best_text_found() -> None:
    events = [searched([[(0, A)], [(0, ESC)]]), searched([[(0, B)]], finished=True)]
    stream = TextStream(Scripted(BeamSearch(width=1), events, results=[[result("a\x1b")]]))
    assert stream.advance() == [Change(0, 0, "a␛", False)]
    assert stream.advance() == [Change(0, 2, "", True)]


def test_the_log_prob_of_a_running_search_undoes_the_length_penalty() -> None:
    def events() -> list[Any]:
        return [searched([[(0, A)], [(0, A)], [(0, A)]], score=-2.0), searched([[(0, A)]])]

    stream = TextStream(Scripted(BeamSearch(1, 2.0), events()))
    stream.advance()
    assert stream.log_prob == -2.0 * 3**2
    nucleus = TextStream(Scripted(NucleusBeam(1), events()))
    nucleus.advance()
    assert isnan(nucleus.log_prob)


def test_nothing_to_write_ends_at_once() -> None:
    stream = TextStream(Scripted(BeamSearch(), [], results=[[]]))
    assert stream.advance() == [Change(0, 0, "", True)]
    assert stream.done
    assert TextStream(Scripted(Sampling(), [], prompts=[], rows=0)).done


@st.composite
def searches(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Positions of a search of three slots: (parent, id) of each."""
    slot = st.tuples(st.integers(0, 2), st.sampled_from([A, B, ESC]))
    first = st.tuples(st.just(0), st.sampled_from([A, B, ESC]))
    rest = draw(st.lists(st.lists(slot, min_size=3, max_size=3), max_size=12))
    return [draw(st.lists(first, min_size=3, max_size=3)), *rest]


@given(searches(), st.lists(st.integers(1, 4), min_size=13, max_size=13))
def test_the_shown_text_is_always_that_of_slot_0(
    slots: list[list[tuple[int, int]]], sizes: list[int]
) -> None:
    texts = []  # what slot 0 reads after each position
    open_texts = ["", "", ""]
    for position in slots:
        open_texts = [open_texts[p] + VOCABULARY.to_char(i) for p, i in position]
        texts.append(open_texts[0].replace("\x1b", "␛"))
    groups, start = [], 0
    for size in sizes:
        if start < len(slots):
            groups.append(slots[start : start + size])
            start += size
    events = [searched(group) for group in groups]
    session = Scripted(BeamSearch(width=3), [*events, searched([[(0, A)] * 3])])
    stream = TextStream(session)
    shown, position = "", 0
    for group in groups:
        for change in stream.advance():
            shown = shown[: change.keep] + change.text
        position += len(group)
        assert shown == stream.text(0) == texts[position - 1]


@pytest.mark.parametrize("old, new", [("abab", "abc"), ("", "b"), ("a", "")])
def test_the_last_change_keeps_what_both_texts_begin_with(old: str, new: str) -> None:
    ids = [[(0, VOCABULARY.to_id[c])] for c in old]
    events = [searched(ids)] if ids else []
    session = Scripted(BeamSearch(1), [*events, searched([[(0, A)]], finished=True)])
    session.results = [[result(new)]]
    stream = TextStream(session)
    shown = ""
    for change in [c for changes in played(stream) for c in changes]:
        shown = shown[: change.keep] + change.text
    assert shown == stream.text(0) == new
    assert stream.characters == len(new)  # of the text, not of the search
