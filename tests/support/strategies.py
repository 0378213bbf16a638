"""Strategies that every engine is tested with."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from agreement import NEAR

from charlm.decoding import BeamSearch, Greedy, Limits, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.engine.events import Details, SampleEvents
from charlm.engine.session import Session
from charlm.model import cells
from charlm.reference import (
    Margin,
    ReferenceSample,
)
from charlm.text.vocabulary import PAD

RULES: list[dict[str, Any]] = [
    {"stop_rule": "exact"},
    {"stop_rule": "first"},
    {"stop_rule": "patience", "patience": 0.5},
    {"stop_rule": "patience", "patience": 2.0},
]


PLAIN = [
    BeamSearch(k, alpha, **rule)
    for k in (1, 2, 3, 5, 10)
    for alpha in (-1.0, 0.0, 0.7, 2.0)
    for rule in RULES
]


NUCLEUS = [
    NucleusBeam(k, p, alpha, mode=mode, **rule)
    for k in (1, 3, 10)
    for p, alpha in ((0.5, 0.0), (0.95, 0.7), (1.0, -1.0))
    for mode in ("sample", "best")
    for rule in RULES[:2]
]


SAMPLINGS = [
    Sampling(temperature=0),
    Sampling(),
    Sampling(temperature=0.5),
    Sampling(temperature=1.7, top_k=7),
    Sampling(top_k=1),
    Sampling(top_p=0.95),
    Sampling(top_p=0.3),
    Sampling(min_p=0.1),
    Sampling(temperature=0.8, top_k=20, top_p=0.9, min_p=0.03),
    Sampling(top_n_sigma=1.0),
    Sampling(temperature=1.5, top_n_sigma=0.4, top_k=9, ban="e"),
    Sampling(typical_p=0.9),
    Sampling(typical_p=0.2),
    Sampling(temperature=0.7, top_k=25, top_p=0.97, min_p=0.01, typical_p=0.6),
    Sampling(temperature=0, no_repeat_ngram=2),
    Sampling(no_repeat_ngram=1, top_p=0.9),
    Sampling(temperature=0.5, no_repeat_ngram=3, ban="aeiou"),
    Sampling(allow="abc", no_repeat_ngram=2),  # what may be written runs out
]


LIMITS = [
    Limits(25),
    Limits(25, min_length=12, stop=("a", "é.", "bb")),
    Limits(25, ignore_eos=True, stop=("abcab",)),
]


def details_until_done(session: Session) -> Details:
    parts = []
    while not session.done:
        events = session.advance(5)
        assert isinstance(events, SampleEvents) and events.details
        parts.append(events.details)
    names = [field.name for field in fields(Details)]
    return Details(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def check_details(details: Details, row: int, expected: ReferenceSample) -> None:
    """Ids of details are those of the reference but for near ties; numbers are near."""
    length = len(expected.ids)
    assert not details.ranks[length:, row].any() and not details.entropies[length:, row].any()
    assert (details.rival_ids[length:, row] == PAD).all()
    for t, detail in enumerate(expected.details):
        ids, log_probs, kept = zip(*detail.rivals, strict=True)
        margin = Margin()
        margin.between_neighbours(log_probs)
        assert details.entropies[t, row] == pytest.approx(detail.entropy, rel=1e-4, abs=1e-4)
        assert details.rival_log_probs[t, row] == pytest.approx(log_probs, rel=1e-4, abs=1e-4)
        if margin.least < NEAR:
            continue
        assert details.rival_ids[t, row].tolist() == list(ids)
        if detail.rank < 4:
            assert details.ranks[t, row] == detail.rank
        if expected.margin > NEAR:
            assert details.rival_kept_log_probs[t, row] == pytest.approx(kept, rel=1e-4, abs=1e-4)


CELLS = list(cells.CELLS)
#: Those whose states int8 can hold; every cell with each precision that it may have.
BOUNDED = [name for name, cell in cells.CELLS.items() if cell.bounded]
IN_PRECISIONS = [(cell, "float32") for cell in CELLS] + [(cell, "int8") for cell in BOUNDED]


SIZES = [(size, layers) for size in (1, 7, 33, 130) for layers in (1, 2, 3)]


STRATEGIES: list[Strategy] = [
    Greedy(),
    Sampling(),
    Sampling(temperature=0.7, top_k=9, top_p=0.9, min_p=0.02),
    Sampling(typical_p=0.8, no_repeat_ngram=3, ban="e"),
    BeamSearch(width=4),
    NucleusBeam(width=4, top_p=0.8),
]


def random_ids(engine: Engine, rows: int, length: int, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(1, len(engine.vocabulary), (rows, length)).astype(np.int32)
