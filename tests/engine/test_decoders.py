"""The decoders keep their promises: reference, exhaustive search, laws of probability."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict

import numpy as np
import pytest
from agreement import CELLS, Agreement, banned, text_of
from models import random_checkpoint
from strategies import LIMITS, SAMPLINGS, check_details, details_until_done

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.dice import name_of
from charlm.engine.engine import Engine
from charlm.engine.native import banned_ids
from charlm.reference import (
    Margin,
    ReferenceModel,
    kept_ids,
    sample,
)

UNITS = "sentence", "continuous"


@pytest.mark.parametrize("cell", CELLS)
def test_sampling_equals_the_reference(cell) -> None:
    agreement = Agreement()
    ends = set()
    every = [*itertools.product(SAMPLINGS, LIMITS)]
    for place, (unit, prompt) in enumerate(itertools.product(UNITS, ("", "hello, aaa"))):
        checkpoint = random_checkpoint(cell, unit, hidden_size=19, layers=2, end=1.0)
        engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
        fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
        for strategy, limits in every[place::3]:
            never = banned_ids(engine.vocabulary, checkpoint.text, strategy, limits)
            stops = [engine.vocabulary.string2code(stop) for stop in limits.stop]
            session = engine.start(
                [prompt], strategy, n=3, first_sample=2, details=4, seed=2**40 + 7, **asdict(limits)
            )
            details = details_until_done(session)
            for row, completion in enumerate(session.completions()[0]):
                expected = sample(
                    model,
                    fed,
                    strategy,
                    seed=2**40 + 7,
                    dice=name_of(fed),
                    index=2 + row,
                    max_length=25,
                    min_length=limits.min_length,
                    banned=never,
                    stops=stops,
                    rivals=4,
                )
                if agreement.compare(
                    [completion.text], [text_of(engine, expected.ids)], expected.margin
                ):
                    assert completion.log_prob == pytest.approx(sum(expected.log_probs), rel=1e-5)
                    assert completion.length == len(expected.ids)
                    check_details(details, row, expected)
                    ends.add(completion.end)
    agreement.check()
    assert ends == {"eos", "stop", "length"}


@pytest.mark.parametrize("cell", CELLS)
def test_settings_that_mean_greedy_are_greedy(cell) -> None:
    for unit in ("sentence", "continuous"):
        engine = Engine(random_checkpoint(cell, unit, layers=2, end=1.0))
        for prompt in ("", "a", "some text"):
            greedy = engine.write(prompt, Greedy(), max_length=50)
            same: list[Strategy] = [
                Sampling(temperature=0),
                Sampling(temperature=0, top_p=0.5, top_k=3, min_p=0.5),
                Sampling(top_k=1),
                Sampling(temperature=3, top_p=1e-6),
                *(BeamSearch(width=1, length_penalty=alpha) for alpha in (0, -1)),
                BeamSearch(width=1, length_penalty=2, stop_rule="first"),
                NucleusBeam(width=1, top_p=1e-6),
                NucleusBeam(width=1, mode="best", stop_rule="first"),
            ]
            for strategy in same:
                completion = engine.write(prompt, strategy, max_length=50)
                assert completion.text == greedy.text
                assert completion.log_prob == pytest.approx(greedy.log_prob, rel=1e-6)


def test_neutral_filters_are_plain_sampling() -> None:
    engine = Engine(random_checkpoint())
    plain = engine.write_many(["a"], Sampling(), n=5)
    for strategy in (Sampling(top_p=1.0), Sampling(top_k=10_000), Sampling(top_k=0, min_p=0.0)):
        assert engine.write_many(["a"], strategy, n=5) == plain


def test_same_dice_keep_most_of_the_choices() -> None:
    """A little less temperature changes few first characters under shared noise."""
    engine = Engine(random_checkpoint())
    one = [c.text for c in engine.write_many(["a"], Sampling(), n=500, max_length=1)[0]]
    two = [
        c.text for c in engine.write_many(["a"], Sampling(temperature=0.9), n=500, max_length=1)[0]
    ]
    fresh = [c.text for c in engine.write_many(["a"], Sampling(), n=500, max_length=1, seed=2)[0]]
    kept = sum(a == b for a, b in zip(one, two, strict=True))
    assert kept > 450 > 250 > sum(a == b for a, b in zip(one, fresh, strict=True))


def chi_square_bound(freedom: int) -> float:
    """What chi-square exceeds with probability 1e-6 (Wilson and Hilferty's approximation)."""
    z, f = 4.75, 2 / (9 * freedom)
    return freedom * (1 - f + z * math.sqrt(f)) ** 3


@pytest.mark.parametrize(
    "strategy",
    [
        Sampling(top_p=0.9),
        Sampling(temperature=0.7, top_k=12, top_p=0.9),
        Sampling(min_p=0.05),
        Sampling(typical_p=0.7),
        Sampling(no_repeat_ngram=1, ban="cdx", top_p=0.95),
    ],
    ids=str,
)
def test_draws_follow_the_renormalised_survivors(strategy) -> None:
    checkpoint = random_checkpoint("gru", "continuous", hidden_size=8)
    for name in ("output_weight", "output_bias"):  # tied logits: three pairs of equal ids
        for a, b in ((5, 9), (6, 20), (11, 12)):
            checkpoint.tensors[name][b] = checkpoint.tensors[name][a]
    engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
    prompt = engine.vocabulary.string2code("ab")
    _, logits = model.feed(model.initial_state(), [checkpoint.text.start_id, *prompt])
    never = banned(engine, strategy)
    if strategy.no_repeat_ngram == 1:
        never += prompt
    kept = kept_ids(logits, strategy, never, Margin())
    mass = np.exp((logits[kept] - logits[kept].max()) / strategy.temperature)
    draws, seeds = 100_000, 10
    counts = np.zeros(len(engine.vocabulary))
    for seed in range(seeds):
        events = engine.start(["ab"], strategy, n=draws, max_length=1, seed=seed).advance(
            1, budget_ms=1e9
        )
        if not len(events.ids):  # the first step fed the prompt
            pytest.fail("a long budget runs the whole position")
        counts += np.bincount(events.ids[0], minlength=len(counts))
    assert counts.sum() == draws * seeds
    assert counts[kept].sum() == counts.sum(), "a draw outside of what the filters keep"
    expected = mass / mass.sum() * draws * seeds
    chi_square = ((counts[kept] - expected) ** 2 / expected).sum()
    assert chi_square < chi_square_bound(len(kept) - 1)
