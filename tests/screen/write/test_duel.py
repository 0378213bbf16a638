"""The duel's colours: how much likelier one decoder makes a character than the other."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from models import MakeRun, random_checkpoint

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.reference import Margin, kept_ids, log_softmax
from charlm.text.vocabulary import EOS, PAD
from tui.views.write.lanes.lanes import leans
from tui.writer.duel import Rivals, log_ratios
from tui.writer.engine_model import load_engine
from tui.writer.snapshots import Request, Together

SIDES: list[Strategy] = [
    Greedy(), Sampling(), Sampling(temperature=0.5, top_k=5), Sampling(top_p=0.9, min_p=0.05),
    Sampling(temperature=0), BeamSearch(), NucleusBeam(top_p=0.6),
]  # fmt: skip


def reference_log_p(logits: np.ndarray, id: int, strategy: Strategy, banned: list[int]) -> float:
    """What the specification of the decoders says; a beam stands for what it ranks by."""
    match strategy:
        case Greedy():
            strategy = Sampling(temperature=0)
        case BeamSearch():
            strategy = Sampling()
        case NucleusBeam():
            strategy = Sampling(top_p=strategy.top_p)
    assert isinstance(strategy, Sampling)
    kept = kept_ids(logits, strategy, banned, Margin())
    if id not in kept:
        return -math.inf
    scaled = logits[kept] / (strategy.temperature or 1)
    return 0.0 if not strategy.temperature else float(log_softmax(scaled)[kept.index(id)])


@pytest.mark.parametrize("unit", ["continuous", "sentence"])
@pytest.mark.parametrize("sides", list(pairwise(SIDES)), ids=str)
def test_log_ratios_are_those_of_the_specification(
    unit: str, sides: tuple[Strategy, Strategy]
) -> None:
    checkpoint = random_checkpoint("gru", unit, seed=3)
    engine, text = Engine(checkpoint), "abcabcbbacc"
    ids = engine.vocabulary.string2code(text)
    details = engine.start_score_ids(ids, details=128).score().details
    banned = [PAD, EOS] if unit == "continuous" else [PAD]
    found = log_ratios(Rivals.of(details), sides, [banned, banned])
    inputs = np.array([[checkpoint.text.start_id, *ids[:-1]]], np.int32)
    for logits, id, ratio in zip(engine.logits(inputs)[0], ids, found, strict=True):
        one, other = (
            reference_log_p(logits.astype(np.float64), id, side, banned) for side in sides
        )
        assert ratio == pytest.approx(0 if one == other else one - other, abs=1e-4)


def test_a_character_beyond_the_rivals_is_even() -> None:
    engine = Engine(random_checkpoint("gru", seed=3, end=-20.0))
    sure = engine.vocabulary.string2code(engine.write("", Greedy(), max_length=3).text)
    details = engine.start_score_ids([*sure, 2, 3], details=2).score().details
    assert details is not None and (details.ranks > 1).tolist() == [False] * 3 + [True] * 2
    ratios = log_ratios(Rivals.of(details), (Greedy(), Sampling()), ((), ()))
    assert (ratios != 0).tolist() == [True] * 3 + [False] * 2


@pytest.mark.parametrize("sides", [
    (Sampling(top_p=0.9), Sampling()), (Sampling(temperature=2), Sampling(top_k=150)),
    (Sampling(), Greedy()),
])  # fmt: skip
def test_in_a_large_alphabet_too_nobody_cuts_what_it_wrote(
    make_run: MakeRun, sides: tuple[Strategy, Strategy]
) -> None:
    run = make_run(characters="".join(map(chr, range(0x4E00, 0x4E00 + 300))), end=-20.0)
    engine = load_engine(run, 1, "float32")
    asked = tuple(Request(-1, "", side, 300, 5, 0, "sample") for side in sides)
    opened = engine.open_lanes(Together(-3, asked, compared=True))
    ratios: list[list[float]] = [[], []]
    while not opened.done:
        for change in opened.advance(50, 20):
            ratios[change.lane] += change.ratios
    assert min(ratios[0]) > -20 and max(ratios[1]) < 20
    assert not isinstance(sides[1], Greedy) or max(ratios[0]) == math.inf


@pytest.mark.parametrize("name", ["shakespeare", "speeches"])
def test_the_characters_of_a_duel_lean_to_who_wrote_them(name: str) -> None:
    engine = load_engine(Path("checkpoints") / name, 1, "float32")
    for sides in pairwise(SIDES):
        asked = tuple(Request(-1, "The ", side, 60, 5, 0, "sample") for side in sides)
        opened = engine.open_lanes(Together(-3, asked, compared=True))
        texts, ratios = ["", ""], [[], []]  # type: ignore[var-annotated]
        while not opened.done:
            for change in opened.advance(7, 20):
                texts[change.lane] = texts[change.lane][: change.keep] + change.text
                ratios[change.lane] = [*ratios[change.lane][: change.keep], *change.ratios]
        for lane, text in enumerate(texts):
            ids = engine._engine.vocabulary.string2code("The " + text)
            details = engine._engine.start_score_ids(ids, details=128).score().details
            never = (EOS,) if name == "shakespeare" else ()
            expected = log_ratios(Rivals.of(details), sides, (never, never))[4:]
            assert text and ratios[lane] == pytest.approx(expected)
            if isinstance(sides[lane], Greedy):  # who writes what it writes for sure
                assert all(ratio >= 0 if lane == 0 else ratio <= 0 for ratio in ratios[lane])


def test_levels_go_from_the_first_decoder_to_the_second() -> None:
    assert list(leans((math.inf, 3, 1.5, 0, -1.5, -3, -math.inf))) == [0, 0, 4, 8, 12, 16, 16]
