"""Beam search keeps its promises: the reference, exhaustive search, any company."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from agreement import CELLS, Agreement, banned, text_of, written
from models import random_checkpoint
from strategies import NUCLEUS, PLAIN

from charlm import _engine
from charlm.decoding import BeamSearch, Limits, NucleusBeam
from charlm.dice import name_of
from charlm.engine.engine import Engine
from charlm.errors import CharlmError
from charlm.reference import ReferenceModel, beam_search, ends_with_stop, log_softmax
from charlm.text.vocabulary import EOS, PAD

Beam = BeamSearch | NucleusBeam
RESTRICTED: list[Beam] = [
    BeamSearch(4),
    BeamSearch(5, 0.7, no_repeat_ngram=2, stop_rule="first"),
    BeamSearch(3, ban="aeiou", no_repeat_ngram=1),
    NucleusBeam(4, 0.9, no_repeat_ngram=2),
    NucleusBeam(4, 0.9, allow="abcdefgh.!", mode="best", no_repeat_ngram=1),
]


def stop_ids(engine: Engine, limits: Limits) -> list[list[int]]:
    return [engine.vocabulary.string2code(stop) for stop in limits.stop]


def limits_of(limits: Limits) -> dict[str, Any]:
    """As the engine's functions take them."""
    return {name: getattr(limits, name) for name in limits.__dataclass_fields__}


def compare(
    agreement: Agreement, engine: Engine, strategy: Beam, prompt: str, limits: Limits
) -> None:
    """The whole list of the engine's beam with that of the reference."""
    best = engine.write_many([prompt], strategy, n=strategy.width, seed=3, **limits_of(limits))[0]
    fed = [engine.checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
    expected, margin = beam_search(
        ReferenceModel(engine.checkpoint),
        fed,
        strategy,
        seed=3,
        dice=name_of(fed),
        max_length=limits.max_length,
        min_length=limits.min_length,
        banned=banned(engine, strategy, ignore_eos=limits.ignore_eos),
        stops=stop_ids(engine, limits),
    )
    texts = [text_of(engine, h.ids) for h in expected]
    if agreement.compare([c.text for c in best], texts, margin):
        for c, h in zip(best, expected, strict=True):
            assert (c.finished, c.length) == (h.finished, len(h.ids))
            assert c.log_prob == pytest.approx(h.log_prob, rel=1e-5)
            assert c.score == pytest.approx(h.score, rel=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("strategies", [PLAIN, NUCLEUS], ids=["plain", "nucleus"])
def test_beams_equal_the_reference(cell, strategies) -> None:
    agreement = Agreement()
    ends = ("sentence", 3.0), ("sentence", 1.0), ("continuous", 0.0)
    for place, (unit, end) in enumerate(ends):
        engine = Engine(random_checkpoint(cell, unit, hidden_size=19, layers=2, end=end))
        for i, strategy in enumerate(strategies[place % 2 :: 2]):
            compare(agreement, engine, strategy, ("", "abc")[i % 2], Limits(max_length=9))
    agreement.check()


@pytest.mark.parametrize("cell", CELLS)
def test_beams_within_limits_equal_the_reference(cell) -> None:
    agreement, stopped = Agreement(), 0
    for unit, prompt in (("sentence", ""), ("sentence", "abcab"), ("continuous", "a.b")):
        engine = Engine(random_checkpoint(cell, unit, "abcdefgh.!", hidden_size=19, end=2.0))
        likely = engine.write(prompt, BeamSearch(3), max_length=12, ignore_eos=True).text
        for limits in (
            Limits(max_length=10, min_length=5),
            Limits(max_length=10, stop=(likely[2:4], likely[5])),
            Limits(max_length=10, min_length=4, stop=(likely[1:3], likely[2]), ignore_eos=True),
        ):
            for strategy in RESTRICTED:
                compare(agreement, engine, strategy, prompt, limits)
                best = engine.write(prompt, strategy, seed=3, **limits_of(limits))
                stopped += best.end == "stop"
    agreement.check()
    assert stopped >= 10


def exhaustive(
    engine: Engine, prompt: list[int], limits: Limits, alpha: float
) -> list[tuple[float, tuple[int, ...]]]:
    """Every text that ends in EOS or a stop or is cut, best score first."""
    model = ReferenceModel(engine.checkpoint)
    stops = stop_ids(engine, limits)
    texts: list[tuple[float, tuple[int, ...]]] = []
    stack = [(*model.feed(model.initial_state(), prompt), (), 0.0)]
    while stack:
        state, logits, text, total = stack.pop()
        log_probs = log_softmax(logits)
        for id in set(range(len(logits))) - {PAD}:
            if id == EOS and len(text) < limits.min_length:
                continue
            longer, sum_ = (*text, id), total + float(log_probs[id])
            ends = id == EOS or ends_with_stop(longer, stops, limits.min_length)
            if ends or len(longer) == limits.max_length:
                texts.append((sum_ / len(longer) ** alpha, longer))
            else:
                stack.append((*model.step(state, id), longer, sum_))
    return sorted(texts, key=lambda scored: -scored[0])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("characters", "limits"),
    [
        ("ab", Limits(max_length=7)),
        ("ab", Limits(max_length=7, min_length=3, stop=("ba", "a"))),
        ("abcd", Limits(max_length=4)),
        ("abcdefgh", Limits(max_length=3)),
    ],
    ids=str,
)
@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.7])
def test_a_wide_beam_is_exhaustive_search(cell, characters, limits, alpha) -> None:
    engine = Engine(random_checkpoint(cell, "sentence", characters, hidden_size=9, end=1.0))
    width = (len(engine.vocabulary) - 1) ** limits.max_length
    assert width <= 1e5
    found = engine.write_many(["a"], BeamSearch(width, alpha), n=width, **limits_of(limits))[0]
    prompt = [engine.checkpoint.text.start_id, *engine.vocabulary.string2code("a")]
    expected = exhaustive(engine, prompt, limits, alpha)
    assert len(found) == len(expected)
    assert {c.text + "$" * (c.end == "eos") for c in found} == {
        text_of(engine, text) + "$" * (text[-1] == EOS) for _, text in expected
    }
    assert [c.score for c in found] == pytest.approx([score for score, _ in expected], rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "strategy",
    [
        BeamSearch(7, 0.7, stop_rule="first"),
        BeamSearch(4, no_repeat_ngram=3),
        NucleusBeam(5, 0.9, mode="best", stop_rule="patience", patience=1.5),
        NucleusBeam(5, 0.9, no_repeat_ngram=2),
    ],
    ids=["first", "n-gram", "best", "drawn"],
)
def test_a_beam_does_not_know_its_company(cell, strategy, monkeypatch) -> None:
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=33, layers=2, end=1.0)
    prompts = ["", "a", "the end", "abc. ", "zzzz?", "é", "no", "yes, "] * 4
    given: dict[str, Any] = {"n": 4, "max_length": 30, "seed": 5, "stop": ("e", "ab")}
    engine = Engine(checkpoint)
    firsts = engine.sample_indices(prompts, strategy)
    alone = [
        written(engine, [p], strategy, first_sample=first, **given)[0]
        for p, first in zip(prompts, firsts, strict=True)
    ]
    backwards: dict[str, Any] = {"first_sample": firsts[::-1], **given}
    for threads in (1, 2, 3, 4):
        together = Engine(checkpoint, threads=threads)
        assert together.write_many(prompts, strategy, **given) == alone
        assert written(together, prompts[::-1], strategy, **backwards) == alone[::-1]
    for isa in ("avx512", "avx2", "portable"):
        monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
        try:
            forced = Engine(checkpoint)
        except CharlmError as error:  # this processor lacks it
            assert isa in str(error)
            continue
        assert forced.write_many(prompts, strategy, **given) == alone


def test_many_hypotheses_in_small_steps_are_the_same() -> None:
    """More open hypotheses than a step takes, pulled one position at a time."""
    engine = Engine(random_checkpoint("gru", "sentence", end=1.0))
    strategy = BeamSearch(150, 0.5)
    whole = engine.write_many(["a", "b"], strategy, n=150, max_length=12)
    session = engine.start(["a", "b"], strategy, n=150, max_length=12)
    calls = 0
    while not session.done:
        session.advance(1, budget_ms=0)
        calls += 1
    assert session.completions() == whole
    assert calls > 2 * 12


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.7])
def test_more_patience_looks_longer_and_finds_no_worse(alpha) -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=4.0))
    last_positions, last_score = 0, -np.inf
    rules: list[dict[str, Any]] = [
        {"stop_rule": "patience", "patience": 0.4},
        {"stop_rule": "first"},
        {"stop_rule": "patience", "patience": 3.0},
    ]
    for rule in rules:
        session = engine.start(["ab"], BeamSearch(5, alpha, **rule), max_length=60)
        positions = 0
        while not session.done:
            positions += len(session.advance(1, budget_ms=1000).ids)
        best = session.completions()[0][0]
        assert best.finished
        assert positions >= last_positions and best.score >= last_score
        last_positions, last_score = positions, best.score
    patient = BeamSearch(5, alpha, stop_rule="patience")
    first = BeamSearch(5, alpha, stop_rule="first")
    assert engine.write("ab", patient) == engine.write("ab", first)


def test_the_best_of_the_nucleus_needs_no_dice() -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=1.0))
    best = NucleusBeam(5, 0.9, mode="best")
    assert engine.write("a", best, seed=1) == engine.write("a", best, seed=2)
    drawn = replace(best, mode="sample")
    assert len({engine.write("a", drawn, seed=seed).text for seed in range(1, 9)}) > 1


def test_a_width_beyond_the_vocabulary_works() -> None:
    engine = Engine(random_checkpoint("lstm", "sentence", "abc", end=1.0))
    best = engine.write_many([""], BeamSearch(width=131_072), n=50, max_length=4)[0]
    assert len(best) == 50
    assert [c.score for c in best] == sorted((c.score for c in best), reverse=True)
    assert len({(c.text, c.finished) for c in best}) == 50


def test_a_length_penalty_favours_longer_texts() -> None:
    engine = Engine(random_checkpoint("lstm", "sentence", end=2.0))

    def length(alpha: float) -> int:
        return engine.write("a", BeamSearch(5, alpha), max_length=40).length

    assert length(-1.0) <= length(0.0) < length(2.0)


def test_equal_scores_go_to_the_parent_ahead_and_the_lower_id() -> None:
    """Of a model that knows no difference, the order of the ties is all that is left."""
    checkpoint = random_checkpoint("rnn", "continuous", "abcde", hidden_size=4)
    for tensor in checkpoint.tensors.values():
        tensor[...] = 0
    best = Engine(checkpoint).write_many([""], BeamSearch(4), n=4, max_length=3)[0]
    assert [c.text for c in best] == ["aaa", "aab", "aac", "aad"]


@pytest.mark.parametrize("strategy", [BeamSearch(3), BeamSearch(3, 0.5), NucleusBeam(3)], ids=str)
def test_a_beam_whose_numbers_overflow_ends_and_the_others_go_on(strategy) -> None:
    """ "b" is followed by logits beyond float32."""
    checkpoint = random_checkpoint("rnn", characters="ab", hidden_size=4)
    tensors = checkpoint.tensors
    for tensor in tensors.values():
        tensor[...] = 0
    b = checkpoint.vocabulary.to_id["b"]
    tensors["embedding"][b, 0] = 1
    tensors["layers.0.input_weight"][:, 0] = 9  # tanh 9 is 1
    tensors["output_weight"][:] = 2e38
    first, second = Engine(checkpoint).write_many(["a", "b"], strategy, n=3, max_length=8)
    assert [(c.text, c.score, c.end) for c in second] == [("", 0, "overflow")]
    assert {c.end for c in first} == {"length"}
    assert all(set(c.text[:-1]) == {"a"} for c in first)


def test_the_native_side_checks_a_beam_again() -> None:
    engine = Engine(random_checkpoint())
    good: dict[str, Any] = {
        "model": engine._model,
        "prompts": [[1]],
        "starts": [None],
        "dice": [(1, 0)],
        "threads": 1,
    }
    options = {
        "width": 3,
        "length_penalty": 0.0,
        "stop_rule": "exact",
        "patience": 1.0,
        "mode": "off",
        "top_p": 1.0,
        "no_repeat_ngram": 0,
        "banned": [0],
        "max_length": 3,
        "min_length": 0,
        "stops": [],
    }
    _engine.BeamSession(**good, options=options)
    bad: dict[str, list[Any]] = {
        "width": [0, 131_073],
        "length_penalty": [10.5, float("nan"), float("inf")],
        "stop_rule": ["", "soon"],
        "patience": [0.0, -1.0, 1e9, float("nan")],
        "mode": ["on"],
        "top_p": [0.0, 1.1, float("nan")],
        "banned": [[-1], [10_000], list(range(len(engine.vocabulary)))],
        "max_length": [-1],
        "min_length": [-1],
        "stops": [[[]], [[-1]], [[5, 10_000]]],
        "prompts": [[[]], [[10_000]]],
        "dice": [[], [(1, 0)] * 2],
        "threads": [0],
    }
    for name, values in bad.items():
        for value in values:
            given = good | {"options": options}
            if name in options:
                given["options"] = options | {name: value}
            else:
                given[name] = value
            with pytest.raises(ValueError):
                _engine.BeamSession(**given)
