"""The dice: every prompt has its own, and with them a text goes on as if it had never stopped."""

from __future__ import annotations

import itertools
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agreement import CELLS, Agreement, banned, text_of, written
from models import random_checkpoint
from root import ROOT
from strategies import IN_PRECISIONS

from charlm import _engine, dice
from charlm.decoding import BeamSearch, Greedy, Limits, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.engine.session import Session
from charlm.errors import InputError
from charlm.model.config import Precision
from charlm.reference import ReferenceModel, beam_search, gumbel_noise, sample

DRAWN: list[Strategy] = [
    Sampling(),
    Sampling(temperature=0.8, top_p=0.9, no_repeat_ngram=4),
    Sampling(typical_p=0.8, min_p=0.01),
    NucleusBeam(width=4),
]
UNDRAWN: list[Strategy] = [
    Greedy(),
    Sampling(temperature=0),
    BeamSearch(width=4),
    NucleusBeam(width=4, mode="best"),
]
PROMPTS = ["", "a", "b", "the ", "a", "hello, world!", "", "a", "zzz"]
FIRSTS = [0, 0, 0, 0, 1, 0, 1, 2, 0]  # where each is counted among its equals


def shipped(name: str) -> Engine:
    return Engine.load(ROOT / "checkpoints" / name, threads=2)


def name_by_hand(ids: list[int]) -> int:
    name: int = struct.unpack("<Q", sha256(struct.pack(f"<{len(ids)}i", *ids)).digest()[:8])[0]
    return name


def done(session: Session) -> Session:
    while not session.done:
        session.advance(256)
    return session


def texts(completions: list[Any]) -> list[str]:
    return [many[0].text for many in completions]


# The names


def test_a_name_is_eight_bytes_of_sha256() -> None:
    assert dice.name_of([1]) == 0xFFF0241072DDAB67 == name_by_hand([1])
    ids = [2, 70_000, 0, 2**31 - 1]
    assert dice.name_of(ids) == dice.name_of(np.array(ids, np.int32)) == name_by_hand(ids)  # type: ignore[arg-type]
    assert dice.spelled(0xABC) == "0000000000000abc" and dice.read_name("0000000000000abc") == 0xABC
    assert dice.choose("prompt", 7) == 7 and dice.choose("shared", 7) == 0
    assert dice.choose("00000000000000ff", 7) == 255


@pytest.mark.parametrize("unit", ["continuous", "sentence"])
def test_a_session_names_the_dice_of_the_prompt_as_it_is_fed(unit: Any) -> None:
    engine = Engine(random_checkpoint(unit=unit))
    given = ["", "the ", "abΩc", "the "]
    session = engine.start(given, Sampling(), unknown="skip")
    start = engine.checkpoint.text.start_id
    for prompt, name in zip(session.prompts, session.dice, strict=True):
        assert name == name_by_hand([start, *engine.vocabulary.string2code(prompt)])
        assert name == engine.prompt_as_fed(prompt).dice
    assert session.first_samples == [0] * 4
    assert session.dice[2] == engine.start(["abc"], Sampling()).dice[0]


def test_prompts_that_differ_in_their_first_character_differ_in_name() -> None:
    engine = Engine(random_checkpoint())
    starts = [c for c in engine.vocabulary.characters if c not in "\n "]
    names = engine.start([c + "he same " * 200 for c in starts], Sampling()).dice
    assert len(set(names)) == len(starts) > 25
    halves = [{name >> 32 for name in names}, {name & 0xFFFFFFFF for name in names}]
    assert list(map(len, halves)) == [len(starts)] * 2


@pytest.mark.parametrize("strategy", DRAWN, ids=str)
def test_the_key_is_the_seed_exclusive_or_the_name(strategy: Strategy) -> None:
    engine = Engine(random_checkpoint())
    own = engine.start(["the "], strategy).dice[0]
    for seed in (0, 1, 2**63, own):
        expected = engine.write("the ", strategy, seed=seed, max_length=30)
        for name in (own, 0, 5, 2**64 - 1):
            given: Any = {"seed": seed ^ own ^ name, "dice": dice.spelled(name), "max_length": 30}
            assert engine.write("the ", strategy, **given) == expected
        shared = engine.write("the ", strategy, seed=seed ^ own, dice="shared", max_length=30)
        assert shared == expected


BAD_WORDS = ["", "Prompt", "own", "0", "a" * 15, "a" * 17, "A" * 16]


@pytest.mark.parametrize("word", [*BAD_WORDS, "a" * 16 + "\n", "0x" + "a" * 14, "１" * 16])
def test_a_bad_word_for_dice_is_one_clear_error(word: str) -> None:
    engine = Engine(random_checkpoint())
    for strategy in (Sampling(), BeamSearch()):
        for given in (word, ["prompt", word]):
            with pytest.raises(InputError, match="none of prompt, shared or a name of 16 hexa"):
                engine.start(["a", "b"], strategy, dice=given)
    with pytest.raises(InputError, match="16 hexadecimal digits"):
        dice.read_name(word)


@pytest.mark.parametrize(
    "given",
    [{"dice": []}, {"dice": ["prompt"]}, {"dice": ["prompt"] * 3}, {"dice": [5, "prompt"]},
     {"dice": [None, "prompt"]}, {"first_sample": []}, {"first_sample": [0] * 3},
     {"first_sample": [0, -1]}, {"first_sample": -1}, {"first_sample": 2**32},
     {"first_sample": [0, 1.0]}, {"first_sample": [True, 0]}, {"first_sample": ["0", 0]}],
    ids=str,
)  # fmt: skip
def test_a_bad_list_is_one_clear_error(given: Any) -> None:
    engine = Engine(random_checkpoint())
    for strategy in (Sampling(), NucleusBeam()):
        with pytest.raises(InputError, match=next(iter(given))):
            engine.start(["a", "b"], strategy, **given)


def test_the_last_sample_has_the_last_index() -> None:
    engine = Engine(random_checkpoint())
    last = engine.start(["a"], Sampling(), n=3, first_sample=2**32 - 3, max_length=4)
    assert len(set(texts([[c] for c in done(last).completions()[0]]))) > 1
    with pytest.raises(InputError, match="first_sample"):
        engine.start(["a"], Sampling(), n=3, first_sample=2**32 - 2)


# Prompts do not share dice


def beginnings(engine: Engine, count: int) -> list[str]:
    """Different prompts of one length, which the model wrote."""
    many = engine.write_many([""], Sampling(), n=2 * count, max_length=10, ignore_eos=True, seed=99)
    return list(dict.fromkeys(c.text for c in many[0] if len(c.text) == 10))[:count]


def spread(engine: Engine, prompts: list[str], length: int, **dice: str) -> float:
    """The variance over 40 seeds of the mean log_prob, by what independent prompts would have."""
    options: Any = {"max_length": length, "ignore_eos": True, **dice}
    runs = (written(engine, prompts, Sampling(), seed=seed, **options) for seed in range(40))
    found = np.array([[c.log_prob / length for (c,) in run] for run in runs])  # [seeds, prompts]
    independent = found.var(axis=0, ddof=1).mean() / len(prompts)
    return float(found.mean(axis=1).var(ddof=1) / independent)


def test_prompts_do_not_share_dice() -> None:
    engine = shipped("speeches")
    prompts = beginnings(engine, 60)
    assert len(prompts) == 60
    assert 0.5 < spread(engine, prompts, 30) < 2
    # The measure sees shared dice.
    assert spread(engine, prompts, 30, dice="shared") > 3


@pytest.mark.long
@pytest.mark.parametrize("name", ["speeches", "shakespeare"])
def test_two_hundred_prompts_do_not_share_dice(name: str) -> None:
    engine = shipped(name)
    prompts = beginnings(engine, 200)
    assert len(prompts) == 200
    assert 0.5 < spread(engine, prompts, 100) < 2
    assert spread(engine, prompts, 100, dice="shared") > 8


def agreements(engine: Engine, prompts: list[str], **dice: str) -> list[float]:
    """Of each pair of texts of 1,000 characters, the part of the last 200 where they agree."""
    options: Any = {"max_length": 1000, "ignore_eos": True, "seed": 1, **dice}
    found = engine.write_many(prompts, Sampling(), **options)
    # The same positions, so that shared dice would be the same in both.
    ends = [(c.prompt + c.text)[800:1000] for (c,) in found]
    assert {len(end) for end in ends} == {200}
    return [
        sum(a == b for a, b in zip(one, other, strict=True)) / 200
        for one, other in itertools.combinations(ends, 2)
    ]


@pytest.mark.parametrize("name", ["speeches", "shakespeare"])
def test_ten_prompts_do_not_become_one_text(name: str) -> None:
    engine = shipped(name)
    prompts = ["We ", "They ", "I am", "No, ", "The wall", "So", "And my ", "Come", "Yes", "People"]
    assert max(agreements(engine, prompts)) <= 0.5
    assert sum(part > 0.5 for part in agreements(engine, prompts, dice="shared")) >= 5


@pytest.mark.parametrize("strategy", DRAWN, ids=str)
def test_a_prompt_three_times_in_one_list_gives_three_texts(strategy: Strategy) -> None:
    engine = Engine(random_checkpoint())
    found = engine.write_many(["the ", "a", "the ", "the "], strategy, max_length=40, seed=2)
    assert len({c.text for c, *_ in [found[0], found[2], found[3]]}) == 3


@pytest.mark.parametrize("strategy", UNDRAWN, ids=str)
def test_what_has_no_dice_writes_equal_prompts_alike(strategy: Strategy) -> None:
    engine = Engine(random_checkpoint())
    first, _, second = engine.write_many(["the ", "a", "the "], strategy, n=2, max_length=20)
    assert first == second
    other = engine.write_many(["the "], strategy, n=2, max_length=20, seed=9, dice="shared")
    assert other[0] == first


def test_a_search_that_draws_takes_its_sample_index() -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=0.5))
    strategy = NucleusBeam(width=3, top_p=0.9)
    options: Any = {"n": 3, "max_length": 12}
    found = [
        written(engine, ["ab"], strategy, first_sample=i, **options)[0] for i in (0, 1, 2, 2**31)
    ]
    assert len({tuple(c.text for c in best) for best in found}) == 4
    assert engine.write_many(["ab"] * 3, strategy, **options) == found[:3]
    assert engine.write_many(["ab"], strategy, first_sample=2, **options)[0] == found[2]


def test_settings_of_one_prompt_share_their_dice() -> None:
    """Whatever the temperature, the noise is the one that the name, seed and index give."""
    checkpoint = random_checkpoint("gru")
    engine = Engine(checkpoint)
    for prompt in ("", "the "):
        state = engine.feed(prompt)
        never = banned(engine)
        name = name_by_hand(state.ids.tolist())
        for index, temperature in itertools.product(range(6), (0.3, 0.5, 1.0, 2.0)):
            noise = gumbel_noise(len(state.logits), 77 ^ name, index, len(state.ids), 0)
            values = state.logits + temperature * noise
            values[never] = -np.inf
            expected = engine.vocabulary.to_char(int(values.argmax()))
            drawn = engine.write_many(
                [prompt], Sampling(temperature=temperature), first_sample=index, max_length=1,
                seed=77,
            )  # fmt: skip
            assert drawn[0][0].text == expected


# Lists


def test_sample_indices_count_equal_prompts_over_the_whole_list() -> None:
    engine = Engine(random_checkpoint())
    assert engine.sample_indices(PROMPTS, Sampling()) == FIRSTS
    assert engine.sample_indices(PROMPTS, Sampling(), n=3) == [3 * first for first in FIRSTS]
    assert engine.sample_indices(PROMPTS, NucleusBeam(), n=3) == FIRSTS
    assert engine.sample_indices(PROMPTS, Greedy(), first=5) == [5 + first for first in FIRSTS]
    assert engine.sample_indices([], Sampling()) == []
    state = engine.feed("the c")
    mixed = ["the cat", state, state + "at", "the c", "thΩe c"]
    assert engine.sample_indices(mixed, Sampling(), unknown="skip") == [0, 0, 1, 1, 2]
    lower = Engine(random_checkpoint(unit="sentence"))
    assert lower.sample_indices(["a  b", "a b", " a b"], Sampling(), n=2) == [0, 2, 4]


@pytest.mark.parametrize("strategy", DRAWN, ids=str)
@pytest.mark.parametrize("first", [0, 3])
def test_write_many_is_a_session_with_the_indices_counted(strategy: Strategy, first: int) -> None:
    engine = Engine(random_checkpoint())
    options: Any = {"n": 2, "max_length": 15, "seed": 4}
    step = 1 if isinstance(strategy, NucleusBeam) else 2
    firsts = [first + step * place for place in FIRSTS]
    expected = written(engine, PROMPTS, strategy, first_sample=firsts, **options)
    assert engine.write_many(PROMPTS, strategy, first_sample=first, **options) == expected


@pytest.mark.parametrize("strategy", [*DRAWN, BeamSearch(3)], ids=str)
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_list_may_be_split_in_any_way(strategy: Strategy, precision: Precision) -> None:
    engine = Engine(random_checkpoint("gru", "sentence", end=0.5), precision=precision)
    options: Any = {"n": 2, "max_length": 15, "seed": 4}
    firsts = engine.sample_indices(PROMPTS, strategy, n=2)
    whole = engine.write_many(PROMPTS, strategy, **options)
    pairs = list(zip(PROMPTS, firsts, strict=True))
    for size in (1, 2, 4):
        found = []
        for batch in (pairs[i : i + size] for i in range(0, len(pairs), size)):
            prompts, indices = zip(*batch, strict=True)
            found += written(engine, prompts, strategy, first_sample=indices, **options)
        assert found == whole
    if not isinstance(strategy, Sampling):
        return
    singly = [
        [written(engine, [p], strategy, **options | {"n": 1}, first_sample=first + i)[0][0]
         for i in range(2)]
        for p, first in pairs
    ]  # fmt: skip
    assert singly == whole


def test_dice_may_be_given_to_each_prompt() -> None:
    engine = Engine(random_checkpoint())
    options: Any = {"max_length": 20, "seed": 3}
    words = ["prompt", "shared", "0123456789abcdef"]
    together = written(engine, ["a"] * 3, Sampling(), dice=words, **options)
    assert together == [written(engine, ["a"], Sampling(), dice=w, **options)[0] for w in words]
    assert len(set(texts(together))) == 3
    assert engine.start(["a"] * 3, Sampling(), dice=words).dice[1:] == [0, 0x0123456789ABCDEF]


@pytest.mark.parametrize(("cell", "precision"), IN_PRECISIONS)
@pytest.mark.parametrize("strategy", DRAWN, ids=str)
def test_threads_and_instruction_sets_have_the_same_dice(
    cell: Any, strategy: Strategy, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=33, end=0.5)
    options: Any = {"n": 2, "max_length": 15, "seed": 2**63 + 9}
    expected = Engine(checkpoint, precision=precision).write_many(PROMPTS, strategy, **options)
    for isa, threads in itertools.product(_engine.instruction_sets(), (1, 2, 3, 4)):
        monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
        engine = Engine(checkpoint, threads=threads, precision=precision)
        assert engine.isa.startswith(isa)
        assert engine.write_many(PROMPTS, strategy, **options) == expected


# The reference


@pytest.mark.parametrize("cell", CELLS)
def test_samples_of_many_prompts_equal_the_reference(cell: Any) -> None:
    agreement = Agreement()
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=19, layers=2, end=0.5)
    engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
    firsts = [0, 3, 2**32 - 2, 1, 70_000, 0, 1, 2, 5]
    for strategy in DRAWN[:3]:
        for seed, word in ((1, "prompt"), (2**64 - 1, "prompt"), (8, "00ff00ff00ff00ff")):
            session = engine.start(
                PROMPTS, strategy, n=2, first_sample=firsts, seed=seed, dice=word, max_length=15
            )
            for prompt, first, both in zip(
                PROMPTS, firsts, done(session).completions(), strict=True
            ):
                fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
                name = name_by_hand(fed) if word == "prompt" else int(word, 16)
                for i, completion in enumerate(both):
                    named: Any = {"seed": seed, "dice": name, "index": first + i}
                    expected = sample(
                        model, fed, strategy, **named, max_length=15,
                        banned=banned(engine, strategy),
                    )  # fmt: skip
                    text = text_of(engine, expected.ids)
                    agreement.compare([completion.text], [text], expected.margin)
    agreement.check()
    assert agreement.compared == 9 * 9 * 2


@pytest.mark.parametrize("cell", CELLS)
def test_searches_of_many_prompts_equal_the_reference(cell: Any) -> None:
    agreement = Agreement()
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=19, layers=2, end=1.0)
    engine, model = Engine(checkpoint), ReferenceModel(checkpoint)
    firsts = [0, 3, 2**32 - 3, 1, 70_000, 0, 1, 2, 5]
    for strategy in (NucleusBeam(3, 0.9), NucleusBeam(2, 0.7, no_repeat_ngram=2)):
        for seed in (1, 2**64 - 1):
            found = written(
                engine, PROMPTS, strategy, n=2, first_sample=firsts, seed=seed, max_length=9
            )
            for prompt, first, best in zip(PROMPTS, firsts, found, strict=True):
                fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
                named: Any = {"seed": seed, "dice": name_by_hand(fed), "index": first}
                expected, margin = beam_search(
                    model, fed, strategy, **named, max_length=9, banned=banned(engine, strategy)
                )
                agreement.compare(
                    [c.text for c in best], [text_of(engine, h.ids) for h in expected[:2]], margin
                )
    agreement.check()
    assert agreement.compared == 2 * 2 * 9


# Going on


@pytest.mark.parametrize(("cell", "precision"), IN_PRECISIONS)
@pytest.mark.parametrize("prompt", ["", "the "])
def test_a_text_goes_on_from_its_state(
    cell: Any, precision: Precision, prompt: str, tmp_path: Path
) -> None:
    engine = Engine(random_checkpoint(cell, layers=2), precision=precision)
    for strategy, first in itertools.product(DRAWN[:3], (0, 2, 100)):
        options: Any = {"n": 3, "first_sample": first, "seed": 6}
        whole = written(engine, [prompt], strategy, max_length=40, **options)[0]
        session = done(engine.start([prompt], strategy, max_length=20, **options))
        for i, half in enumerate(session.completions()[0]):
            assert len(whole[i].text) == 40 and whole[i].text[:20] == half.text
            state = engine.state_after(session, 0, i)
            state.save(tmp_path / "state")
            loaded = PromptState.load(tmp_path / "state")
            for begun in (state, loaded):
                options |= {"n": 1, "first_sample": first + i}
                session_2 = done(engine.start([begun], strategy, max_length=20, **options))
                assert session_2.prompts == [prompt + half.text]
                assert half.text + session_2.completions()[0][0].text == whole[i].text


def test_a_text_goes_on_with_the_dice_it_was_given() -> None:
    engine = Engine(random_checkpoint())
    for word in ("shared", "0123456789abcdef"):
        whole = engine.write("the ", Sampling(), max_length=40, dice=word).text
        session = done(engine.start(["a", "the "], Sampling(), max_length=20, dice=word))
        state = engine.state_after(session, 1)
        assert session.completions()[1][0].text == whole[:20]
        assert whole[20:] == engine.write(state, Sampling(), max_length=20).text
        assert session.prompt_state(1).dice == state.dice == session.dice[1]
    assert whole[20:] != engine.write("the " + whole[:20], Sampling(), max_length=20).text


def test_a_text_goes_on_in_many_parts() -> None:
    engine = Engine(random_checkpoint("gru"))
    whole = engine.write("the ", Sampling(), max_length=60, seed=3).text
    prompt: str | PromptState = "the "
    parts = []
    for length in (1, 0, 7, 22, 30):
        session = done(engine.start([prompt], Sampling(), max_length=length, seed=3))
        parts.append(session.completions()[0][0].text)
        prompt = engine.state_after(session)
    assert "".join(parts) == whole


@pytest.mark.parametrize("strategy", [*DRAWN, BeamSearch(3)], ids=str)
def test_a_state_with_text_behind_it_is_a_new_prompt(strategy: Strategy) -> None:
    engine = Engine(random_checkpoint())
    session = done(engine.start(["the "], Sampling(), max_length=5, dice="shared"))
    state = engine.state_after(session)
    text = "the " + session.completions()[0][0].text
    more = state + "on"
    assert engine.start([more], strategy).dice == engine.start([text + "on"], strategy).dice
    options: Any = {"n": 2, "max_length": 20, "seed": 8}
    assert engine.write_many([more], strategy, **options) == engine.write_many(
        [text + "on"], strategy, **options
    )
    assert engine.feed(more).dice == name_by_hand(engine.feed(more).ids.tolist())


@pytest.mark.parametrize("strategy", [Sampling(), BeamSearch(3), NucleusBeam(3)], ids=str)
def test_a_state_after_a_text_is_that_of_the_whole_text(strategy: Strategy) -> None:
    """Of any rank; its end is left out, so that the next text can come behind it."""
    engine = Engine(random_checkpoint("lstm", "sentence", end=2.0))
    session = done(engine.start(["ab", "c d"], strategy, n=3, max_length=12, seed=2))
    ends = set()
    for prompt, rank in itertools.product(range(2), range(3)):
        completion = session.completions()[prompt][rank]
        state = engine.state_after(session, prompt, rank)
        text = completion.prompt + completion.text
        expected = engine.prompt_as_fed(text)
        assert state.ids.tolist() == expected.ids
        fed = done(engine.start([expected], Greedy(), max_length=0)).prompt_state(0)
        assert state.state.tobytes() == fed.state.tobytes()
        assert state.logits.tobytes() == fed.logits.tobytes()
        assert state.dice == session.dice[prompt]
        ends.add(completion.end)
    assert "eos" in ends


def test_a_text_that_is_not_there_has_no_state_after_it() -> None:
    engine = Engine(random_checkpoint())
    begun = engine.start(["abc"], Sampling())
    with pytest.raises(InputError, match="not been fed"):
        engine.state_after(begun)
    for strategy in (Sampling(), BeamSearch(2)):
        session = done(engine.start(["a", "b"], strategy, max_length=3))
        for prompt, rank in ((0, 7), (0, 1), (0, -1), (2, 0), (1, 3)):
            with pytest.raises(InputError):
                engine.state_after(session, prompt, rank)


def test_limits_do_not_touch_the_dice() -> None:
    engine = Engine(random_checkpoint())
    whole = engine.write("a", Sampling(), max_length=40, seed=2).text
    for limits in (Limits(10), Limits(40, min_length=9), Limits(40, stop=("qzqz",))):
        options = {name: getattr(limits, name) for name in limits.__dataclass_fields__}
        assert whole.startswith(engine.write("a", Sampling(), seed=2, **options).text)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"n": "3"}, {"n": None}, {"n": 0}, {"first_sample": "x"},
                                   {"first_sample": None}, {"first_sample": -1}])  # fmt: skip
def test_counting_refuses_what_is_no_number(given: Any) -> None:
    with pytest.raises(InputError, match=next(iter(given))):
        Engine(random_checkpoint()).write_many(["a", "a"], **given)
