"""Why a rival is out, told of what the panel knows of a place."""

from __future__ import annotations

from math import exp, inf, log
from pathlib import Path

import numpy as np
import pytest

from charlm.decoding import FILTERS, KNOBS, BeamSearch, Greedy, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.reference import filtered
from charlm.text.vocabulary import EOS, PAD
from tui.writer.cuts import cuts
from tui.writer.thoughts import RIVALS, Rival

P = (0.4, 0.3, 0.15, 0.1)


@pytest.mark.parametrize(("strategy", "kept", "expected"), [
    (Greedy(), (True, False, False, False), ["", *["not the best"] * 3]),
    (Sampling(temperature=0, top_k=1), (True, False), ["", "not the best"]),
    (Sampling(top_k=2), (True, True, False, False), ["", "", *["cut by top-k"] * 2]),
    (Sampling(top_p=0.5), (True, True, False, False), ["", "", *["cut by top-p"] * 2]),
    (Sampling(min_p=0.3), (True, True, True, False), ["", "", "", "cut by min-p"]),
    (Sampling(typical_p=0.25), (False, True, False, False),
     ["cut by typical", "", *["cut by typical"] * 2]),
    (Sampling(top_k=3, top_p=0.8, min_p=0.5), (True, True, False, False),
     ["", "", "cut by top-p", "cut by top-k"]),
    (Sampling(ban="a", top_k=2), (False, True, True, False), ["banned", "", "", "cut by top-k"]),
    (Sampling(allow="abc"), (True, True, True, False), ["", "", "", "banned"]),
    (Sampling(top_p=0.99), (True, True, True, False), ["", "", "", "cut by top-p"]),  # it is alone
    (Sampling(no_repeat_ngram=8), (True, False), ["", "cut"]),
    (BeamSearch(), (True, False), ["", "cut"]),
    (None, (True, False), ["", "cut"]),
    (Sampling(), (True, True), ["", ""]),
])  # fmt: skip
def test_a_cut_has_the_name_of_its_filter(
    strategy: Strategy | None, kept: tuple[bool, ...], expected: list[str]
) -> None:
    rivals = [
        Rival(character, log(p), p, p if stays else None)
        for character, p, stays in zip("abcd", P, kept, strict=False)
    ]
    assert list(cuts(rivals, strategy)) == expected


@pytest.mark.parametrize(
    ("strategy", "kept", "said"),
    [
        (Sampling(top_p=0.5), 1, ["top-p"] * 3),
        (Sampling(min_p=0.5), 2, ["min-p"] * 2),
        (Sampling(top_p=0.5, min_p=0.5), 1, ["top-p"] * 3),  # which acts first
        (Sampling(top_p=0.99, min_p=0.5), 2, ["min-p"] * 2),
        (Sampling(top_k=2, min_p=0.8), 1, ["min-p", "top-k", "top-k"]),
        (Sampling(temperature=0.5, min_p=0.5), 1, ["min-p"] * 3),
    ],
)
def test_the_filter_that_cut_a_rival_is_named(
    strategy: Sampling, kept: int, said: list[str]
) -> None:
    shares = (0.5, 0.3, 0.15, 0.05)
    rivals = tuple(
        Rival("abcd"[place], log(p), p, p if place < kept else None)
        for place, p in enumerate(shares)
    )
    assert cuts(rivals, strategy) == ("",) * kept + tuple(f"cut by {word}" for word in said)


@pytest.mark.parametrize("strategy", [
    Sampling(top_p=0.9, min_p=0.1), Sampling(temperature=1.5, top_k=8, top_p=0.9),
    Sampling(temperature=0.6, top_p=0.95, min_p=0.02),
], ids=str)  # fmt: skip
def test_ten_rivals_say_what_the_whole_alphabet_says(strategy: Sampling) -> None:
    engine = Engine.load(Path("checkpoints/shakespeare"))
    session = engine.start([""], strategy, max_length=300, details=RIVALS, seed=4)
    while not session.done:
        session.advance(100)
    ids, _, told = session.told(0)
    fed = np.array([[engine.checkpoint.text.start_id, *ids.tolist()[:-1]]], np.int32)
    never = np.isin(np.arange(len(engine.vocabulary)), [PAD, EOS])
    reasons = ["", *(f"cut by {KNOBS[name].label}" for name in FILTERS)]
    agree = []
    for place, logits in enumerate(engine.logits(fed)[0]):
        whole = filtered(logits, strategy, never).cut
        columns = (told.rival_ids, told.rival_log_probs, told.rival_kept_log_probs)
        known = list(zip(*(column[place].tolist() for column in columns), strict=True))
        rivals = [
            Rival(engine.vocabulary.to_char(id), p, exp(p), exp(kept) if kept > -inf else None)
            for id, p, kept in known
        ]
        for (id, _, _), why in zip(known, cuts(rivals, strategy), strict=True):
            if why and whole[id] > 0:
                agree.append(why == reasons[whole[id]])
    assert len(agree) > 300 and sum(agree) > 0.98 * len(agree)
