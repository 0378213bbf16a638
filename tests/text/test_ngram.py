"""The n-gram baseline, against the formula written out over strings of ids."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from charlm.text import ngram
from charlm.text.corpus import Corpus, make_corpus
from charlm.text.ngram import Ngram, make_targets, measure_baseline
from charlm.text.parts import parse_split
from charlm.text.preparation import Preparation
from charlm.text.source import Source
from charlm.text.vocabulary import EOS, Vocabulary

START = EOS
V = 6  # PAD, EOS and four characters


def probability(
    id: int, before: Sequence[int], examples: Sequence[Sequence[int]], order: int, size: int
) -> float:
    """Witten-Bell by the book: every count is taken anew, from all examples."""
    if order == 0:
        return 1 / (size - 1)
    length = order - 1
    context = tuple([START] * length + list(before))[len(before) :]
    after: Counter[int] = Counter()
    for example in examples:
        padded = [START] * length + list(example)
        for place, next_id in enumerate(example):
            if tuple(padded[place : place + length]) == context:
                after[next_id] += 1
    lower = probability(id, before, examples, order - 1, size)
    if not after:
        return lower
    return (after[id] + len(after) * lower) / (after.total() + len(after))


def some_examples(seed: int, count: int) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [[*random.integers(2, V, random.integers(0, 9)).tolist(), EOS] for _ in range(count)]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("size", [V, 2**30])
def test_it_is_the_formula(seed: int, size: int) -> None:
    """Of a vocabulary with which n-grams have numbers of 64 bits, too."""
    train, held = some_examples(seed, 12), some_examples(seed + 10, 6)
    counted = Ngram(make_targets(train, START, 5), 5, size)
    by_order = list(counted.probabilities(make_targets(held, START, 5)))
    assert len(by_order) == 5
    for order, p in enumerate(by_order, start=1):
        expected = [
            probability(id, example[:place], train, order, size)
            for example in held
            for place, id in enumerate(example)
        ]
        np.testing.assert_allclose(p, expected, rtol=1e-12)


def corpus_of(text: str, unit: str, split: str) -> Corpus:
    return make_corpus(Source(text, "t", len(text)), Preparation(unit, split=parse_split(split)))


def test_probabilities_sum_to_one() -> None:
    counted = Ngram(make_targets(some_examples(3, 20), START, 4), 4, V)
    for history in ([], [2], [3, 4], [5, 5, 5, 5], [2, 3, 2, 4, 5, 3]):
        # The same history before every id but PAD: the last target of each example.
        every = make_targets([[*history, id] for id in range(1, V)], START, 4)
        for p in counted.probabilities(every):
            assert p[len(history) :: len(history) + 1].sum() == pytest.approx(1, abs=1e-12)


def test_the_baseline_is_the_best_order_on_the_validation_part() -> None:
    text = "the cat sat on the mat. the dog sat on the log.\n" * 30
    corpus = corpus_of(text, "continuous", "80/20/0")
    vocabulary = Vocabulary.of([text])
    baseline = measure_baseline(corpus, vocabulary, vocabulary.to_id["\n"])
    assert baseline is not None
    held = corpus.validation[0].text
    counts = Counter(corpus.train[0].text)
    kinds, total, size = len(counts), len(corpus.train[0].text), len(vocabulary) - 1
    unigram = [math.log((counts[c] + kinds / size) / (total + kinds)) for c in held]
    assert baseline.unigram == pytest.approx(-sum(unigram) / len(held))
    assert baseline.ngram < 0.1 < baseline.unigram
    assert baseline.order > 4
    assert baseline.characters == total


def test_only_the_end_of_a_long_text_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.text.ngram.MOST_COUNTED", 100)
    lines = "".join(f"line {n} says {n * n}\n" for n in range(99))
    for unit, least in (("line", 100), ("continuous", 100)):
        corpus = corpus_of(lines, unit, "90/10/0")
        baseline = measure_baseline(corpus, Vocabulary.of([lines]), EOS)
        assert baseline is not None
        assert least <= baseline.characters < least + 20


def test_without_a_validation_part_there_is_no_baseline() -> None:
    text = "abcd " * 50
    vocabulary = Vocabulary.of([text])
    none = corpus_of(text, "continuous", "100/0/0")
    assert measure_baseline(none, vocabulary, EOS) is None


def test_of_a_long_stream_passages_are_scored_behind_what_stands_before_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mean of those p that the whole part has at their places."""
    text = "".join(f"line {n} says {n * n}\n" for n in range(400))
    corpus, vocabulary = corpus_of(text, "continuous", "50/50/0"), Vocabulary.of([text])
    whole = measure_baseline(corpus, vocabulary, EOS)
    assert whole is not None and whole.scored is None
    length = corpus.validation.length
    monkeypatch.setattr(ngram, "MOST_SCORED", length - 1)
    monkeypatch.setattr(ngram, "_PASSAGES", 7)
    for most in (length - 1, 700):
        monkeypatch.setattr(ngram, "_SAMPLE", most)
        found = measure_baseline(corpus, vocabulary, EOS)
        size = most // 7
        begins = [(length - size) * i // 6 for i in range(7)]
        places = np.concatenate([np.arange(b, b + size) for b in begins])
        train, held = (
            make_targets([vocabulary.string2code(part[0].text)], EOS, 8)
            for part in (corpus.train, corpus.validation)
        )
        by_order = Ngram(train, 8, len(vocabulary)).probabilities(held)
        losses = [-np.log(p[places]).mean() for p in by_order]
        assert found is not None and found.scored == len(places)
        assert found.unigram == pytest.approx(losses[0], rel=1e-12)
        assert found.ngram == pytest.approx(min(losses), rel=1e-12)


@pytest.mark.parametrize("unit", ["line", "document"])
def test_of_many_examples_some_are_scored_spread_over_all(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"line {n} says {n * n}\n\n" for n in range(400))
    corpus, vocabulary = corpus_of(text, unit, "50/50/0"), Vocabulary.of([text])
    part = corpus.validation
    monkeypatch.setattr(ngram, "MOST_SCORED", part.length - 1)
    monkeypatch.setattr(ngram, "_SAMPLE", part.length // 3)
    found = measure_baseline(corpus, vocabulary, EOS)
    count = len(part) * (part.length // 3) // part.length
    chosen = [part[len(part) * i // count] for i in range(count)]
    train, held = (
        make_targets([[*vocabulary.string2code(each.text), EOS] for each in some], EOS, 8)
        for some in (corpus.train, chosen)
    )
    losses = Ngram(train, 8, len(vocabulary)).losses(held)
    assert found is not None and found.scored == sum(len(each.text) + 1 for each in chosen)
    assert (found.unigram, found.ngram) == pytest.approx((losses[0], min(losses)), rel=1e-12)
