"""The engine against the reference and PyTorch, and against itself in other company."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from agreement import written
from models import CHARACTERS, random_checkpoint
from strategies import CELLS, SIZES, STRATEGIES, random_ids

from charlm import _engine
from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.engine.engine import Engine
from charlm.engine.events import BeamEvents, SampleEvents
from charlm.engine.native import strategy_options
from charlm.errors import InputError, UnknownCharacter
from charlm.reference import ReferenceModel, log_softmax
from charlm.text.vocabulary import EOS, PAD


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("size", "layers"), SIZES)
def test_logits_equal_the_reference_and_torch(cell, size, layers) -> None:
    torch = pytest.importorskip("torch")
    from charlm.train.model import CharModel

    checkpoint = random_checkpoint(cell, hidden_size=size, layers=layers)
    engine, reference = Engine(checkpoint), ReferenceModel(checkpoint)
    ids = random_ids(engine, 3, 25)
    logits = engine.logits(ids)
    model = CharModel(checkpoint.config).eval()
    model.from_tensors(checkpoint.tensors)
    with torch.no_grad():
        in_torch = model(torch.from_numpy(ids.T.copy()).long(), model.zero_state(3))[0]
        in_torch = in_torch.permute(1, 0, 2).numpy()
    for row in range(len(ids)):
        state = reference.initial_state()
        for t, id in enumerate(ids[row]):
            state, expected = reference.step(state, int(id))
            tolerance = 1e-5 * max(1.0, float(np.abs(expected).max()))
            assert np.abs(logits[row, t] - expected).max() <= tolerance
            assert np.abs(in_torch[row, t] - expected).max() <= tolerance


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("size", "layers"), SIZES)
def test_logits_do_not_know_their_neighbours_nor_the_instruction_set(
    cell, size, layers, monkeypatch
) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=size, layers=layers)
    engine = Engine(checkpoint)
    ids = random_ids(engine, 64, 6)
    alone = np.concatenate([engine.logits(ids[n : n + 1]) for n in range(64)])
    others = []
    for isa in _engine.instruction_sets()[1:]:
        monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
        others.append(Engine(checkpoint))
    for rows in (1, 2, 3, 4, 5, 6, 7, 11, 48, 49, 64):
        order = np.random.default_rng(rows).permutation(64)[:rows]
        batch = np.ascontiguousarray(ids[order])
        assert engine.logits(batch).tobytes() == alone[order].tobytes()
        if rows in (1, 5, 49):
            for other in others:
                assert other.logits(batch).tobytes() == alone[order].tobytes()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_a_text_does_not_know_its_neighbours_nor_the_threads(cell, strategy, monkeypatch) -> None:
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=33, layers=2, end=1.0)
    engine = Engine(checkpoint)
    prompts = ["", "a", "the end", "abc. ", "zzzz?", "é", "no", "yes, "] * 3
    given: dict[str, Any] = {"max_length": 40, "seed": 5}
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
    monkeypatch.setenv("CHARLM_FORCE_ISA", "portable")
    portable = Engine(checkpoint)
    assert portable.isa == "portable"
    assert portable.write_many(prompts, strategy, **given) == alone


def test_a_sample_is_named_by_its_index() -> None:
    engine = Engine(random_checkpoint(hidden_size=20))
    many = engine.write_many(["a", "b"], Sampling(), n=9, max_length=30)
    few = engine.write_many(["b"], Sampling(), n=3, max_length=30)
    assert many[1][:3] == few[0]
    assert len({c.text for c in many[0]}) == 9
    threaded = Engine(engine.checkpoint, threads=4)
    assert threaded.write_many(["a", "b"], Sampling(), n=9, max_length=30) == many


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", range(5))
def test_a_completion_continues_where_it_stopped(cell, seed) -> None:
    engine = Engine(random_checkpoint(cell))
    strategy = Sampling(temperature=0.9, top_p=0.9, typical_p=0.9, no_repeat_ngram=2)
    whole = engine.write("ab", strategy, max_length=40, seed=seed).text
    session = engine.start(["ab"], strategy, max_length=20, seed=seed)
    while not session.done:
        session.advance(20)
    half, state = session.completions()[0][0].text, engine.state_after(session)
    assert whole == half + engine.write(state, strategy, max_length=20, seed=seed).text
    assert len(whole) == 40


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_log_prob_is_what_scoring_gives_back(strategy) -> None:
    checkpoint = random_checkpoint("gru", "sentence", end=2.0)
    engine, reference = Engine(checkpoint), ReferenceModel(checkpoint)
    finished = 0
    for prompt in ("", "abc", "why "):
        for completion in engine.write_many([prompt], strategy, max_length=30)[0]:
            ids = engine.vocabulary.string2code(completion.text) + [EOS] * completion.finished
            assert completion.length == len(ids)
            fed = [EOS, *engine.vocabulary.string2code(prompt)]
            state, logits = reference.feed(reference.initial_state(), fed)
            expected = 0.0
            for id in ids:
                expected += log_softmax(logits)[id]
                state, logits = reference.step(state, id)
            assert completion.log_prob == pytest.approx(expected, rel=1e-5)
            finished += completion.finished
    assert finished > 0


def test_score_of_sentences_and_of_a_stream() -> None:
    for unit in ("sentence", "continuous"):
        checkpoint = random_checkpoint("lstm", unit)
        engine, reference = Engine(checkpoint, threads=2), ReferenceModel(checkpoint)
        text = "one, two? three! and more"
        pieces = ["one, two?", "three!", "and more"] if unit == "sentence" else [text]
        expected: list[float] = []
        for piece in pieces:
            ids = engine.vocabulary.string2code(piece) + [EOS] * (unit == "sentence")
            state = reference.initial_state()
            for id, before in zip(ids, [checkpoint.text.start_id, *ids], strict=False):
                state, logits = reference.step(state, before)
                expected.append(log_softmax(logits)[id])
        score = engine.score(text)
        assert score.log_probs == pytest.approx(expected, rel=1e-4)
        assert score.loss == pytest.approx(-np.mean(expected), rel=1e-5)
        assert score.bpc == pytest.approx(score.loss / np.log(2))
        assert score.perplexity == pytest.approx(np.exp(score.loss))


def test_scoring_many_texts_of_all_lengths_equals_one_by_one() -> None:
    engine = Engine(random_checkpoint("gru", "line", hidden_size=17), threads=2)
    random = np.random.default_rng(0)
    lines = ["".join(random.choice(list("abc de"), n + 1)).strip() or "x" for n in range(300)]
    together = engine.score("\n".join(lines)).log_probs
    alone = np.concatenate([engine.score(line).log_probs for line in lines])
    assert together.tobytes() == alone.tobytes()


def test_events_have_their_shapes_and_end_with_pad() -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=3.0))
    session = engine.start(["a", "b"], Sampling(), n=3, max_length=50)
    batches: list[SampleEvents] = []
    while not session.done:
        events = session.advance(7, budget_ms=1000)
        assert isinstance(events, SampleEvents)
        assert events.ids.shape == events.log_probs.shape == (len(events.ids), 6)
        batches.append(events)
    ids = np.concatenate([b.ids for b in batches])
    log_probs = np.concatenate([b.log_probs for b in batches])
    assert batches[-1].finished.all()
    for row in range(6):
        ends = np.flatnonzero(ids[:, row] == EOS)
        if len(ends):
            assert (ids[ends[0] + 1 :, row] == PAD).all()
            assert (log_probs[ends[0] + 1 :, row] == 0).all()
        assert PAD not in ids[: ends[0] if len(ends) else None, row]

    beams = engine.start(["a", "b", ""], BeamSearch(width=5), max_length=12)
    while not beams.done:
        event = beams.advance(1)
        assert isinstance(event, BeamEvents)
        assert event.parents.shape == event.ids.shape == event.scores.shape
        assert event.parents.shape[1:] == (3, 5)
        assert ((event.parents >= 0) == (event.ids != PAD)).all()


def test_a_call_is_bounded_by_its_budget() -> None:
    engine = Engine(random_checkpoint(hidden_size=64))
    session = engine.start(["a"], Sampling(), max_length=2**31 - 1)
    assert len(session.advance(1_000_000_000, budget_ms=5).ids) < 1_000_000
    prompt = engine.start(["a" * 50_000], Sampling(), max_length=1)
    assert len(prompt.advance(10, budget_ms=0).ids) == 0
    assert not prompt.done


def test_a_call_without_time_does_a_part_of_a_position() -> None:
    engine = Engine(random_checkpoint())
    for prompts, n in (["a"], 960), (["abc"] * 960, 1):
        session, calls = engine.start(prompts, Sampling(no_repeat_ngram=2), n=n, max_length=2), 0
        while not session.done:
            session.advance(10, budget_ms=0)
            calls += 1
        longest = len(prompts[0]) + 1
        fed = longest * -(-len(prompts) // 96)
        assert calls == fed + 2 * 10
        whole = written(engine, prompts, Sampling(no_repeat_ngram=2), n=n, max_length=2)
        assert session.completions() == whole


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_empty_things_are_defined(strategy) -> None:
    engine = Engine(random_checkpoint(unit="sentence"))
    assert engine.write_many([], strategy) == []
    nothing = engine.write("abc", strategy, max_length=0)
    assert (nothing.text, nothing.length, nothing.finished) == ("", 0, False)
    assert engine.write("", strategy, max_length=5).prompt == ""


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if not isinstance(s, NucleusBeam)])
def test_a_stream_gives_the_text_in_settled_pieces(strategy) -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=1.0))
    pieces = list(engine.stream("ab", strategy, max_length=60))
    assert "".join(pieces) == engine.write("ab", strategy, max_length=60).text


def test_continuous_text_never_holds_eos_or_pad() -> None:
    checkpoint = random_checkpoint("lstm", "continuous", end=8.0)
    engine = Engine(checkpoint)
    for strategy in STRATEGIES:
        for completion in engine.write_many(["a"], strategy, max_length=30)[0]:
            assert completion.length == len(completion.text) == 30
            assert not completion.finished


def test_unknown_characters_of_a_prompt() -> None:
    engine = Engine(random_checkpoint())
    with pytest.raises(
        UnknownCharacter, match=r"'X' \(U\+0058\) at position 2 .* use unknown=.skip. or .map."
    ):
        engine.start(["abXc"], Greedy())
    skipped = engine.start(["abΩc"], Greedy(), unknown="skip")
    assert skipped.prompts == ["abc"]
    assert "skipped" in skipped.notices[0]
    mapped = engine.start(["aÀBﬁ…Ω"], Greedy(), unknown="map")
    assert mapped.prompts == ["aabfi..."]
    assert len(mapped.notices) == 5
    with pytest.raises(InputError, match="one of error, skip, map"):
        engine.start(["a"], Greedy(), unknown="perhaps")  # type: ignore[arg-type]


def test_arguments_out_of_range_are_one_error() -> None:
    engine = Engine(random_checkpoint())
    for options in ({"n": 0}, {"max_length": -1}, {"seed": -1}, {"seed": 2**64}, {"n": 2**21}):
        with pytest.raises(InputError, match=next(iter(options))):
            engine.start(["a"], Sampling(), **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="width 2"):
        engine.start(["a"], BeamSearch(width=2), n=3)
    with pytest.raises(InputError, match="threads"):
        Engine(engine.checkpoint, threads=0)


def test_the_native_side_checks_again() -> None:
    engine = Engine(random_checkpoint())
    good: dict[str, Any] = {
        "model": engine._model,
        "prompts": [[1]],
        "starts": [None],
        "dice": [(1, 0)],
        "threads": 1,
    }
    options = {
        "samples": 1,
        "temperature": 1.0,
        "top_n_sigma": 0.0,
        "top_k": 0,
        "top_p": 1.0,
        "min_p": 0.0,
        "typical_p": 1.0,
        "no_repeat_ngram": 0,
        "banned": [0],
        "max_length": 3,
        "min_length": 0,
        "stops": [],
        "rivals": -1,
    }
    _engine.SamplingSession(**good, options=options)
    bad = {
        "temperature": [-1.0, 1e-30, float("nan"), float("inf"), 101.0],
        "top_k": [-1],
        "top_p": [0.0, -0.1, 1.1, float("nan")],
        "min_p": [-0.1, 1.0, float("nan")],
        "typical_p": [0.0, -0.1, 1.1, float("nan")],
        "stops": [[[]], [[-1]], [[2, 10_000]]],
        "rivals": [-2, len(engine.vocabulary)],
        "min_length": [-1],
        "starts": [[], [None, None], [3]],
        "dice": [[], [(1, 0)] * 2],
        "prompts": [[[]], [[-1]], [[10_000]]],
        "samples": [0],
        "max_length": [-1],
        "banned": [[-1], [10_000], list(range(len(engine.vocabulary)))],
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
                _engine.SamplingSession(**given)
    with pytest.raises(TypeError):
        _engine.SamplingSession(**(good | {"model": None}), options=options)


def test_weights_are_checked_again() -> None:
    checkpoint = random_checkpoint()
    tensors = dict(checkpoint.tensors)
    for broken, message in (
        ({k: v for k, v in tensors.items() if k != "output_bias"}, "tensors"),
        (tensors | {"output_bias": np.full_like(tensors["output_bias"], np.nan)}, "NaN"),
        (tensors | {"output_bias": tensors["output_bias"][:-1].copy()}, "shape"),
    ):
        with pytest.raises(InputError, match=message):
            Engine(replace(checkpoint, tensors=broken))
    with pytest.raises(TypeError, match="float32"):
        Engine(replace(checkpoint, tensors=tensors | {"embedding": np.zeros((3, 3))}))


def test_the_fixture_has_the_characters_the_tests_rely_on() -> None:
    assert set("abcfi .?!,é\n") <= set(CHARACTERS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("beams", [False, True])
def test_a_prompt_may_start_from_its_state(cell, beams) -> None:
    engine = Engine(random_checkpoint(cell, hidden_size=21, layers=2), threads=2)
    prompts = [[2, *engine.vocabulary.string2code(text)] for text in ("", "a", "the cat sat on")]

    def session(starts: list[tuple[np.ndarray, np.ndarray, int] | None]) -> Any:
        given: dict[str, Any] = {
            "model": engine._model, "prompts": prompts, "starts": starts,
            "dice": [(4, 0), (5, 0), (6, 2)], "threads": 2,
        }  # fmt: skip
        strategy = NucleusBeam(width=3, top_p=0.9) if beams else Sampling()
        options = {
            **strategy_options(strategy), "banned": [0], "max_length": 12, "min_length": 0,
            "stops": [],
        }  # fmt: skip
        if beams:
            return _engine.BeamSession(**given, options=options)
        return _engine.SamplingSession(**given, options={**options, "samples": 3, "rivals": -1})

    def run(session: Any) -> list[bytes]:
        parts = []
        while not session.done():
            parts.append(session.advance(100, 1e9))
        return [np.concatenate(arrays).tobytes() for arrays in list(zip(*parts, strict=True))[:2]]

    whole = session([None] * 3)
    with pytest.raises(ValueError, match="not been fed"):
        whole.prompt_state(2)
    expected = run(whole)
    states = [whole.prompt_state(p) for p in range(3)]
    assert states[2][0].shape == (2, 2 if cell == "lstm" else 1, 21)
    fed = [len(prompt) for prompt in prompts]
    all_states = [(*state, n) for state, n in zip(states, fed, strict=True)]
    assert run(session(list(all_states))) == expected
    assert run(session([None, all_states[1], None])) == expected
    prompts[2], kept = prompts[2][:6], prompts[2]
    half = session([None] * 3)
    run(half)
    prompts[2] = kept
    assert run(session([None, None, (*half.prompt_state(2), 6)])) == expected
    state, logits, n = all_states[2]
    for bad in (
        (state[:1].copy(), logits, n), (state, logits[1:].copy(), n), (state, logits, n + 1),
        (state * np.float32(np.nan), logits, n), (state, logits * np.float32(np.inf), n),
        (state, logits, 0), (state, logits), (state[0].copy(), logits, n), (None, logits, n),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError)):
            session([None, None, bad])  # type: ignore[list-item]
