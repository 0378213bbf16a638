"""Where texts end: stops, lengths, time, numbers out of range."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from models import overflowing_checkpoint, random_checkpoint

from charlm.decoding import BeamSearch, Greedy, Sampling
from charlm.engine.engine import Engine
from charlm.errors import CharlmError, InputError, UnknownCharacter


def test_a_text_is_cut_at_the_first_stop() -> None:
    engine = Engine(random_checkpoint())
    whole = engine.write_many(["a", "bc"], Sampling(), n=10, max_length=60)
    stops = ("ab", "e", "é!", "x y")
    cut = engine.write_many(["a", "bc"], Sampling(), n=10, max_length=60, stop=stops)
    ends = set()
    for long, short in zip(itertools.chain(*whole), itertools.chain(*cut), strict=True):
        places = [long.text.find(stop) + len(stop) for stop in stops if stop in long.text]
        assert short.text == long.text[: min(places, default=60)]
        assert short.end == ("stop" if places else "length")
        ends.add(short.end)
    assert "stop" in ends


@pytest.mark.parametrize("stop", ["aab", "aaa", "abab", "aabaa"])
def test_a_stop_that_overlaps_itself_is_found(stop: str) -> None:
    engine = Engine(random_checkpoint(characters="ab", hidden_size=6))
    for completion in engine.write_many([""], Sampling(), n=50, max_length=40, stop=(stop,))[0]:
        place = completion.text.find(stop)
        assert completion.end == ("length" if place < 0 else "stop")
        assert place < 0 or place + len(stop) == completion.length


def test_a_stop_in_the_prompt_ends_nothing() -> None:
    engine = Engine(random_checkpoint(characters="ab", hidden_size=6))
    written = engine.write_many(["bb"], Sampling(allow="b"), n=3, max_length=9, stop=("bbb",))
    assert [c.text for c in written[0]] == ["bbb"] * 3


def test_nothing_ends_before_the_minimum() -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=4.0))
    for c in engine.write_many(["a"], Sampling(), n=20, min_length=7, stop=("e", "a"))[0]:
        assert (c.end == "stop" and c.length >= 7) or (c.end == "eos" and c.length >= 8)
    ignored = engine.write_many(["a"], Sampling(), n=5, max_length=50, ignore_eos=True)[0]
    assert [(c.end, len(c.text)) for c in ignored] == [("length", 50)] * 5


def test_bans_hold_and_must_leave_something() -> None:
    engine = Engine(random_checkpoint("lstm", "sentence"))
    for strategy in (Sampling(ban="aeiou "), Greedy(ban="aeiou "), BeamSearch(3, ban="aeiou ")):
        assert not set("aeiou ") & set(engine.write("a", strategy, max_length=80).text)
    assert set(engine.write("a", Sampling(allow="xyΩ"), max_length=80).text) <= set("xy")
    for nothing in (Sampling(allow="Ω"), Sampling(allow="ab", ban="ba"), BeamSearch(allow="Ω")):
        with pytest.raises(InputError, match="leave no character"):
            engine.write("a", nothing)
    with pytest.raises(UnknownCharacter, match=r"'Ω' .* position 1 of the stop"):
        engine.write("a", stop=("aΩ",))


def test_no_ngram_comes_twice_however_long_the_text() -> None:
    engine = Engine(random_checkpoint(characters="abcd", hidden_size=8))
    prompt = "abcdabca"
    for n in (2, 3, 5):
        for c in engine.write_many([prompt], Sampling(no_repeat_ngram=n), n=3, max_length=2000)[0]:
            text = prompt + c.text
            grams = [text[i : i + n] for i in range(len(text) - n + 1)]
            free = len(prompt) + 4**n  # beyond, n-grams must run out
            repeats = [i for i, g in enumerate(grams[:free]) if g in grams[:i]]
            # One that repeats does so because everything that could follow would.
            for i in repeats:
                if i + n > len(prompt):
                    followers = {g[-1] for g in grams[:i] if g[:-1] == grams[i][:-1]}
                    assert followers == set("abcd")


def test_time_cuts_texts_as_they_stand() -> None:
    engine = Engine(random_checkpoint(hidden_size=64))
    for strategy in (Sampling(), BeamSearch(3)):
        start = time.monotonic()
        cut = engine.write("a", strategy, max_length=2**31 - 1, seconds=0.2)
        assert time.monotonic() - start < 20
        assert (cut.end, cut.finished) == ("time", False)
        assert cut.length > 0
    whole = engine.write("a", Sampling(), max_length=50)
    assert engine.write("a", Sampling(), max_length=50, seconds=1e6) == whole
    assert "".join(engine.stream("a", Sampling(), max_length=50, seconds=1e6)) == whole.text


def test_a_row_that_overflows_ends_and_the_others_go_on() -> None:
    overflowing = Engine(overflowing_checkpoint())
    session = overflowing.start(["a", "b"], Sampling(), n=4, max_length=8, details=1)
    while not session.done:
        session.advance(3)
    first, second = session.completions()
    assert [(c.text, c.end) for c in second] == [("", "overflow")] * 4
    for c in first:
        assert c.end == ("overflow" if "b" in c.text[:-1] else c.end) and np.isfinite(c.log_prob)
        assert c.text.find("b") in (-1, len(c.text) - 1)
    assert {c.end for c in first} <= {"overflow", "length"}
    with pytest.raises(CharlmError, match="overflow at character 3"):
        overflowing.score("aba")
