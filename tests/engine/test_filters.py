"""The filters as parts: three tables with the same rows, and which filter cut what."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from charlm.decoding import FILTERS, BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.engine.native import strategy_options
from charlm.reference import Margin, filtered, filters, kept_ids, rule_of

#: p of six ids, the best first but for the last two.
P = np.array([0.4, 0.3, 0.15, 0.1, 0.02, 0.03])
NOTHING = np.zeros(len(P), np.bool_)


def cut_by(strategy: Sampling, banned: np.ndarray = NOTHING) -> list[str]:
    """The filter that took each id, "" for those that are left and "ban" for those forbidden."""
    names = ("", *FILTERS, "ban")
    return [names[place] for place in filtered(np.log(P), strategy, banned).cut.tolist()]


def test_every_filter_of_decoding_stands_in_every_engine_and_in_their_order() -> None:
    assert tuple(filters._FILTERS) == FILTERS
    own = [f.name for f in fields(Sampling) if f.name not in {f.name for f in fields(Greedy)}]
    assert tuple(own) == FILTERS
    assert tuple(n for n in strategy_options(Sampling()) if n != "no_repeat_ngram") == FILTERS
    torch_filters = pytest.importorskip("charlm.torch_engine.filters")
    assert tuple(torch_filters._FILTERS) == FILTERS
    neutral = {f.name: f.default for f in fields(torch_filters.Filters)}
    assert list(neutral.items()) == [(name, getattr(Sampling(), name)) for name in FILTERS]


@pytest.mark.parametrize(("strategy", "expected"), [
    (Sampling(), ["", "", "", "", "", ""]),
    (Sampling(temperature=0), ["", *["temperature"] * 5]),
    (Sampling(temperature=0, top_k=2), ["", *["temperature"] * 5]),
    (Sampling(top_k=3), ["", "", "", "top_k", "top_k", "top_k"]),
    (Sampling(top_p=0.8), ["", "", "", "top_p", "top_p", "top_p"]),
    (Sampling(min_p=0.25), ["", "", "", "", "min_p", "min_p"]),
    (Sampling(top_k=4, top_p=0.8, min_p=0.5), ["", "", "min_p", "top_p", "top_k", "top_k"]),
    (Sampling(temperature=0.25, min_p=0.25), ["", "", "min_p", "min_p", "min_p", "min_p"]),
    (Sampling(top_n_sigma=1), ["", "", "", *["top_n_sigma"] * 3]),
    (Sampling(top_n_sigma=100), [""] * 6),
    (Sampling(temperature=5, top_n_sigma=1e-3), ["", *["top_n_sigma"] * 5]),
    (Sampling(typical_p=0.25), ["typical_p", "", *["typical_p"] * 4]),
])  # fmt: skip
def test_each_cut_is_that_of_the_filter_that_made_it(
    strategy: Sampling, expected: list[str]
) -> None:
    assert cut_by(strategy) == expected
    kept = kept_ids(np.log(P), strategy, (), Margin())
    assert sorted(kept) == [id for id, name in enumerate(expected) if not name]


def test_what_is_forbidden_was_cut_by_no_filter() -> None:
    banned = np.arange(len(P)) == 0
    expected = ["ban", "", "", "top_k", "top_k", "top_k"]
    assert cut_by(Sampling(top_k=2), banned) == expected
    log_probs = filtered(np.log(P), Sampling(top_k=2), banned).log_probs
    assert np.exp(log_probs) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0, 0])


def test_rows_are_filtered_as_each_alone() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 3, (2, 40, 31))
    banned = random.random(logits.shape) < 0.2
    for strategy in (
        Sampling(temperature=0.7, top_k=12, top_p=0.9, min_p=0.02, typical_p=0.8),
        Sampling(temperature=0),
        Sampling(typical_p=0.4),
    ):
        together = filtered(logits, strategy, banned)
        for place in np.ndindex(2, 40):
            alone = filtered(logits[place], strategy, banned[place])
            assert (alone.cut == together.cut[place]).all()
            assert alone.log_probs == pytest.approx(together.log_probs[place])
            assert (alone.cut == 0).any() and (alone.cut[banned[place]] == -1).all()


def test_a_strategy_without_filters_writes_by_the_rule_that_stands_for_it() -> None:
    assert rule_of(Greedy(ban="a")) == Sampling(temperature=0)
    assert rule_of(BeamSearch()) == Sampling()
    assert rule_of(NucleusBeam(top_p=0.6)) == Sampling(top_p=0.6)
    assert rule_of(Sampling(top_k=3)) == Sampling(top_k=3)
