"""Any strategy with any options: the text of the reference, in any company; told and read again."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, fields
from functools import lru_cache
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from agreement import CELLS, Agreement, text_of
from any_strategy import limits, options_of, strategies, words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from models import random_checkpoint
from properties import ANY_TEXT, times, tried
from strategies import IN_PRECISIONS

from charlm import _engine
from charlm.checks import Range
from charlm.cli.rewriting import read_records, rewrite
from charlm.decoding import (
    DECODERS,
    KNOBS,
    STRATEGIES,
    Greedy,
    Limits,
    Sampling,
    Strategy,
    is_beam,
    strategy_named,
)
from charlm.dice import name_of
from charlm.engine.engine import Engine
from charlm.engine.events import Completion
from charlm.engine.native import banned_ids, strategy_options
from charlm.engine.records import Order, records_of
from charlm.errors import InputError
from charlm.options.escapes import escaped
from charlm.options.parser import Parser
from charlm.options.writing import add_write_options
from charlm.options.writing import given as set_options
from charlm.reference import ReferenceModel, beam_search, sample

CHARACTERS = "\n .abcde"
#: What escapes are made of, and what needs them.
TYPED = "\\nt\n\té\x00\ud800"
UNITS = st.sampled_from(["sentence", "continuous"])
PROMPTS = st.text(CHARACTERS, max_size=6)
SEEDS = st.integers(0, 2**64 - 1)
FIRST = st.integers(0, 2**32 - 10)


@lru_cache
def engine_of(cell: str, unit: Any, precision: str = "float32", threads: int = 1) -> Engine:
    """A tiny model, from which texts of a few characters often end."""
    checkpoint = random_checkpoint(cell, unit, CHARACTERS, hidden_size=7, layers=2, end=1.5)
    return Engine(checkpoint, precision=precision, threads=threads)


def written(engine: Engine, prompts: list[str], strategy: Strategy, **more: Any) -> list[Any]:
    session = engine.start(prompts, strategy, **more)
    while not session.done:
        session.advance(5)
    return session.completions()


def expected(
    engine: Engine, prompt: str, strategy: Strategy, ends: Limits, seed: int, first: int, n: int
) -> list[tuple[list[str], list[float], float]]:
    """By the reference: texts, their log_probs, and the margin; of a beam its texts together."""
    model, text = ReferenceModel(engine.checkpoint), engine.checkpoint.text
    fed = engine.read_prompts([prompt])[0][0].ids
    common: dict[str, Any] = {
        "seed": seed,
        "dice": name_of(fed),
        "max_length": ends.max_length,
        "min_length": ends.min_length,
        "banned": banned_ids(engine.vocabulary, text, strategy, ends),
        "stops": [engine.vocabulary.string2code(stop) for stop in ends.stop],
    }
    if is_beam(strategy):
        best, margin = beam_search(model, fed, strategy, index=first, **common)  # type: ignore[arg-type]
        return [([text_of(engine, h.ids) for h in best], [h.log_prob for h in best], margin)]
    if isinstance(strategy, Greedy):
        strategy = Sampling(0, **asdict(strategy))
    samples = [sample(model, fed, strategy, index=first + i, **common) for i in range(n)]  # type: ignore[arg-type]
    return [([text_of(engine, s.ids)], [sum(s.log_probs)], s.margin) for s in samples]


@times(60)
def test_the_engine_writes_what_the_reference_writes(examples: int) -> None:
    agreement = Agreement()

    @settings(max_examples=examples)
    @given(
        st.sampled_from(CELLS), UNITS, PROMPTS, strategies(CHARACTERS), limits(CHARACTERS),
        SEEDS, FIRST,
    )  # fmt: skip
    def holds(
        cell: str, unit: str, prompt: str, strategy: Strategy, ends: Limits, seed: int, first: int
    ) -> None:
        engine = engine_of(cell, unit)
        n = strategy.width if is_beam(strategy) else 2  # type: ignore[union-attr]
        given: dict[str, Any] = {"n": n, "first_sample": first, "seed": seed, **asdict(ends)}
        try:
            (found,) = written(engine, [prompt], strategy, **given)
        except InputError as error:
            assert "leave no character" in str(error)
            return
        for completion in found:
            assert not {*completion.text} & {*strategy.ban}
            assert not strategy.allow or {*completion.text} <= {*strategy.allow}
        groups = [found] if is_beam(strategy) else [[completion] for completion in found]
        reference = expected(engine, prompt, strategy, ends, seed, first, n)
        for group, (texts, log_probs, margin) in zip(groups, reference, strict=True):
            if agreement.compare([c.text for c in group], texts, margin):
                assert [c.log_prob for c in group] == pytest.approx(log_probs, rel=1e-4, abs=1e-4)

    holds()
    agreement.check()


@tried(
    30,
    cell=st.sampled_from(IN_PRECISIONS),
    unit=UNITS,
    prompts=st.lists(st.tuples(PROMPTS, FIRST), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 6), max_size=2),
    order=st.randoms(use_true_random=False),
    strategy=strategies(CHARACTERS),
    ends=limits(CHARACTERS),
    seed=SEEDS,
    n=st.integers(1, 3),
    threads=st.integers(1, 3),
)
def test_a_text_does_not_know_its_company(
    cell: tuple[str, str],
    unit: str,
    prompts: list[tuple[str, int]],
    cuts: list[int],
    order: Any,
    strategy: Strategy,
    ends: Limits,
    seed: int,
    n: int,
    threads: int,
) -> None:
    """In whatever order, batches and threads it is written."""
    n = min(n, strategy.width) if is_beam(strategy) else n  # type: ignore[union-attr]
    given: dict[str, Any] = {"n": n, "seed": seed, **asdict(ends)}
    alone: dict[tuple[str, int], list[Completion]] = {}
    engine, shared = (engine_of(cell[0], unit, cell[1], t) for t in (1, threads))
    try:
        for prompt, first in prompts:
            one = {**given, "first_sample": first}
            (alone[prompt, first],) = written(engine, [prompt], strategy, **one)
    except InputError as error:
        assert "leave no character" in str(error)
        return
    shuffled = order.sample(prompts, len(prompts))
    ends_at = sorted([0, *(min(cut, len(prompts)) for cut in cuts), len(prompts)])
    for begin, end in itertools.pairwise(ends_at):
        batch = shuffled[begin:end]
        firsts = [first for _, first in batch]
        together = written(
            shared, [p for p, _ in batch], strategy, **{**given, "first_sample": firsts}
        )
        assert together == [alone[one] for one in batch]


@tried(
    40,
    unit=UNITS,
    prompt=PROMPTS,
    name=st.sampled_from(list(DECODERS)),
    data=st.data(),
    ends=limits(CHARACTERS),
    seed=SEEDS,
    first=FIRST,
)
def test_a_record_is_read_as_it_was_written(
    unit: str, prompt: str, name: str, data: st.DataObject, ends: Limits, seed: int, first: int
) -> None:
    """And its text is written again."""
    strategy = strategy_named(name, data.draw(options_of(name, CHARACTERS)))
    details = None if is_beam(strategy) else data.draw(st.none() | st.integers(0, 3))
    engine, order = engine_of("gru", unit), Order(name, strategy, ends, seed, details)
    given = {"n": 1, "first_sample": first, "seed": seed, "details": details, **asdict(ends)}
    try:
        session = engine.start([prompt], strategy, **given)  # type: ignore[arg-type]
    except InputError as error:
        assert "leave no character" in str(error)
        return
    while not session.done:
        session.advance(5)
    (record,) = (json.dumps(record) for _, record in records_of(engine, order, session))
    (request,) = read_records(record.encode(), "records", engine.device)
    assert request.order == order
    assert (request.sample, request.rank, request.prompt) == (first, 0, session.prompts[0])
    models = {(engine.checkpoint.identity, engine.precision): engine}
    assert rewrite(models, [request]) == session.completions()[0]
    texts = json.loads(record) | {"text": json.loads(record)["text"] + "a"}
    (lie,) = read_records(json.dumps(texts).encode(), "records", engine.device)
    with pytest.raises(InputError, match="text comes out otherwise"):
        rewrite(models, [lie])


@tried(60, name=st.sampled_from(list(DECODERS)), data=st.data(), ends=limits(TYPED))
def test_what_is_typed_is_the_strategy(name: str, data: st.DataObject, ends: Limits) -> None:
    options = data.draw(options_of(name, TYPED))
    parser = Parser("write", dict, None)
    add_write_options(parser)

    def typed(value: object) -> str:
        return escaped(value) if isinstance(value, str) else repr(value)

    words = ["run", f"--strategy={name}", *words_of(options.items(), typed)]
    words += words_of((("max-length", ends.max_length), ("min-length", ends.min_length)))
    words += [f"--stop={escaped(stop)}" for stop in ends.stop]
    chosen = parser.parse_args(words)
    assert strategy_named(chosen.strategy, set_options(chosen, KNOBS)) == strategy_named(
        name, options
    )
    assert (chosen.max_length, chosen.min_length) == (ends.max_length, ends.min_length)
    assert tuple(chosen.stop or ()) == ends.stop


NUMBERS = {int: st.integers(), float: st.floats() | st.sampled_from([inf, -inf, nan, -0.5, 1e9])}


@tried(80, name=st.sampled_from(list(DECODERS)), data=st.data())
def test_a_value_out_of_range_is_one_line_at_every_door(name: str, data: st.DataObject) -> None:
    """The same one for who calls and who types; and the native engine refuses it too."""
    ranges = [o for o in fields(STRATEGIES[name]) if isinstance(KNOBS[o.name].rule, Range)]
    option = data.draw(st.sampled_from(ranges))
    rule: Any = KNOBS[option.name].rule
    value = data.draw(NUMBERS[type(option.default)].filter(lambda value: not rule.holds(value)))
    with pytest.raises(InputError) as refused:
        strategy_named(name, {option.name: value})
    said, typed = str(refused.value), refused.value.typed
    assert said.startswith(f"{option.name} is ") and said.endswith(f": it must be {rule}")
    assert "\n" not in said and len(said) < 200
    assert typed == "--" + option.name.replace("_", "-") + said[len(option.name) :]
    with np.errstate(over="ignore"):
        if isinstance(value, float) and rule.holds(float(np.float32(value))):
            return  # what the engine is given is in the range
    engine = engine_of("gru", "sentence")
    options = strategy_options(STRATEGIES[name]) | {
        "banned": [0], "max_length": 3, "min_length": 0, "stops": [], option.name: value,
    }  # fmt: skip
    beam = is_beam(STRATEGIES[name])
    session = _engine.BeamSession if beam else _engine.SamplingSession
    options |= {} if beam else {"samples": 1, "rivals": -1}
    with pytest.raises((ValueError, TypeError, OverflowError)) as error:
        session(
            model=engine._model, prompts=[[1]], starts=[None], dice=[(1, 0)], options=options,
            threads=1,
        )  # type: ignore[call-arg]  # fmt: skip
    assert option.name in str(error.value)


@tried(
    40, name=st.sampled_from(list(DECODERS)), option=st.sampled_from(list(KNOBS)), value=ANY_TEXT
)
def test_what_is_no_option_or_no_number_is_one_line(name: str, option: str, value: str) -> None:
    for wrong in (value, None, [1], b"x", True, np.float64(nan)):
        try:
            strategy = strategy_named(name, {option: wrong})
        except InputError as error:
            line = str(error)
            assert line.startswith(option) and "\n" not in line and len(line) < 300
        else:
            assert wrong == value and getattr(strategy, option) == value
