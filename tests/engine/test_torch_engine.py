"""The engine on torch tensors against the reference and the native engine.

`pytest --device cuda` runs the same on a GPU.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from agreement import Agreement, banned, text_of, written
from models import MakeRun, overflowing_checkpoint, random_checkpoint
from strategies import LIMITS, NUCLEUS, PLAIN, SAMPLINGS, check_details, details_until_done

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.dice import name_of
from charlm.engine.engine import Engine
from charlm.engine.events import BeamEvents
from charlm.engine.native import banned_ids, strategy_options
from charlm.errors import CharlmError, InputError
from charlm.model.cells import CELLS
from charlm.reference import ReferenceModel, beam_search, gumbel_noise, philox4x32, sample
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS, PAD

torch = pytest.importorskip("torch")

from charlm import torch_engine  # noqa: E402
from charlm.torch_engine import dice  # noqa: E402

PROMPTS = ["", "a", "hello, ", "the end. ", "abcabcabc"]
STRATEGIES: list[Strategy] = [
    Greedy(),
    Sampling(),
    Sampling(temperature=0.7, top_k=9, top_p=0.9, min_p=0.02),
    BeamSearch(width=4),
    NucleusBeam(width=4, top_p=0.8),
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_the_dice_are_those_of_the_reference(device: str) -> None:
    random = np.random.default_rng(0)
    where = device.removeprefix("torch-")
    counters = random.integers(0, 2**32, (200, 4))
    counters[:2] = [[0] * 4, [2**32 - 1] * 4]
    for key in ((0, 0), (2**32 - 1, 2**32 - 1), (0xA4093822, 0x299F31D0)):
        halves = tuple(torch.tensor(half, device=where) for half in key)
        words = dice.philox4x32(tuple(torch.tensor(counters).to(where).unbind(1)), halves)
        for i, counter in enumerate(counters.tolist()):
            assert tuple(int(w[i]) for w in words) == philox4x32(counter, key)
    named = [(2**63 + 11, 0), (2**64 - 1, 5), (7, 2**32 - 1)]
    keys, samples = dice.keys_of(named, torch.device(where))
    positions = torch.tensor([1, 2, 900], device=where)
    rolled = dice.Dice(35, keys, samples, positions, torch.zeros(3, device=where).long())
    for n in (0, 1, 15, 16, 40):
        noise = rolled.at(n, 41).cpu().numpy()
        for row, ((key, index), position) in enumerate(zip(named, positions, strict=True)):
            expected = gumbel_noise(35, key, index, int(position) + n, 0)
            assert noise[row] == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", [1, 7, 33, 130])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_logits_equal_the_reference(cell, size, layers, device) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=size, layers=layers)
    engine, reference = Engine(checkpoint, device=device), ReferenceModel(checkpoint)
    random = np.random.default_rng(3)
    ids = random.integers(1, len(engine.vocabulary), (3, 25)).astype(np.int32)
    logits = engine.logits(ids)
    assert (logits.shape, logits.dtype) == ((3, 25, len(engine.vocabulary)), np.float32)
    for row in range(len(ids)):
        state = reference.initial_state()
        for t, id in enumerate(ids[row]):
            state, expected = reference.step(state, int(id))
            tolerance = 1e-5 * max(1.0, float(np.abs(expected).max()))
            assert np.abs(logits[row, t] - expected).max() <= tolerance


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("size", "layers", "limits"), [(8, 1, LIMITS[0]), (19, 2, LIMITS[1]), (21, 3, LIMITS[2])]
)
def test_sampling_equals_the_reference(cell, size, layers, limits, device) -> None:
    """Prompts of different lengths at once; each cell meets every filter, rule and detail once."""
    agreement = Agreement()
    units = itertools.cycle(("sentence", "continuous"))
    for unit, strategy in zip(units, SAMPLINGS[layers - 1 :: 3], strict=False):
        checkpoint = random_checkpoint(cell, unit, hidden_size=size, layers=layers, end=1.0)
        engine, model = Engine(checkpoint, device=device), ReferenceModel(checkpoint)
        rule = {
            "min_length": limits.min_length,
            "banned": banned_ids(engine.vocabulary, checkpoint.text, strategy, limits),
            "stops": [engine.vocabulary.string2code(stop) for stop in limits.stop],
        }
        dice = {"seed": 2**40 + 7, "first_sample": 2}
        session = engine.start(PROMPTS[-3:], strategy, n=2, details=4, **dice, **asdict(limits))
        details = details_until_done(session)
        written = [c for completions in session.completions() for c in completions]
        for row, completion in enumerate(written):
            fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(completion.prompt)]
            named = {"seed": dice["seed"], "dice": name_of(fed), "index": 2 + row % 2}
            expected = sample(model, fed, strategy, **named, max_length=25, rivals=4, **rule)
            texts = [completion.text], [text_of(engine, expected.ids)]
            if agreement.compare(*texts, expected.margin):
                assert completion.log_prob == pytest.approx(sum(expected.log_probs), rel=1e-5)
                assert completion.length == len(expected.ids)
                check_details(details, row, expected)
    agreement.check()


@pytest.mark.parametrize("cell", CELLS)
def test_beams_equal_the_reference(cell, device) -> None:
    agreement = Agreement()
    for (unit, end), layers in zip(
        (("sentence", 3.0), ("sentence", 0.0), ("continuous", 0.0)), (1, 2, 3), strict=True
    ):
        checkpoint = random_checkpoint(cell, unit, hidden_size=19, layers=layers, end=end)
        engine, model = Engine(checkpoint, device=device), ReferenceModel(checkpoint)
        for strategy in [*PLAIN, *NUCLEUS][layers::6]:
            width = strategy.width
            written = engine.write_many(["", "abc"], strategy, n=width, max_length=9, seed=3)
            for prompt, best in zip(("", "abc"), written, strict=True):
                fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
                named = {"seed": 3, "dice": name_of(fed)}
                expected, margin = beam_search(
                    model, fed, strategy, **named, max_length=9, banned=banned(engine)
                )
                texts = [c.text for c in best], [text_of(engine, h.ids) for h in expected]
                if agreement.compare(*texts, margin):
                    for c, h in zip(best, expected, strict=True):
                        assert (c.finished, c.length) == (h.finished, len(h.ids))
                        assert c.log_prob == pytest.approx(h.log_prob, rel=1e-5)
                        assert c.score == pytest.approx(h.score, rel=1e-5)
    agreement.check()


MANY = [*PROMPTS, "a", "", "a"]
FIRSTS = [0, 3, 2**32 - 2, 1, 70_000, 1, 2, 2]


@pytest.mark.parametrize("cell", CELLS)
def test_samples_of_many_prompts_have_the_dice_of_the_reference(cell, device) -> None:
    agreement = Agreement()
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=19, end=0.5)
    engine, model = Engine(checkpoint, device=device), ReferenceModel(checkpoint)
    native = Engine(checkpoint)
    for seed, word in ((1, "prompt"), (2**64 - 1, "prompt"), (8, "f0ff00ff00ff00ff")):
        options: Any = {"n": 2, "first_sample": FIRSTS, "seed": seed, "dice": word}
        found = written(engine, MANY, Sampling(), max_length=15, **options)
        theirs = written(native, MANY, Sampling(), max_length=15, **options)
        for prompt, first, both, those in zip(MANY, FIRSTS, found, theirs, strict=True):
            fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
            name = name_of(fed) if word == "prompt" else int(word, 16)
            for i, completion in enumerate(both):
                named: Any = {"seed": seed, "dice": name, "index": first + i}
                expected = sample(
                    model, fed, Sampling(), **named, max_length=15, banned=banned(engine)
                )
                text = text_of(engine, expected.ids)
                agreement.compare([completion.text], [text], expected.margin)
                agreement.compare([completion.text], [those[i].text], expected.margin)
    agreement.check()


@pytest.mark.parametrize("cell", CELLS)
def test_searches_of_many_prompts_have_the_dice_of_the_reference(cell, device) -> None:
    agreement = Agreement()
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=19, end=1.0)
    engine, model = Engine(checkpoint, device=device), ReferenceModel(checkpoint)
    native = Engine(checkpoint)
    strategy = NucleusBeam(3, 0.9)
    for seed in (1, 2**64 - 1):
        options: Any = {"n": 3, "first_sample": FIRSTS, "seed": seed, "max_length": 9}
        options["first_sample"] = [min(first, 2**32 - 3) for first in FIRSTS]
        found = written(engine, MANY, strategy, **options)
        theirs = written(native, MANY, strategy, **options)
        for prompt, first, best, those in zip(
            MANY, options["first_sample"], found, theirs, strict=True
        ):
            fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(prompt)]
            named: Any = {"seed": seed, "dice": name_of(fed), "index": first}
            expected, margin = beam_search(
                model, fed, strategy, **named, max_length=9, banned=banned(engine)
            )
            texts = [c.text for c in best]
            agreement.compare(texts, [text_of(engine, h.ids) for h in expected], margin)
            agreement.compare(texts, [c.text for c in those], margin)
    agreement.check()


def test_a_text_goes_on_from_its_state(device) -> None:
    """By either engine: the state names the dice."""
    checkpoint = random_checkpoint("lstm")
    engines = Engine(checkpoint, device=device), Engine(checkpoint)
    for engine, other in itertools.product(engines, engines):
        whole = engine.write_many(["the "], Sampling(), n=3, max_length=24, seed=6)[0]
        session = engine.start(["the "], Sampling(), n=3, max_length=12, seed=6)
        while not session.done:
            session.advance(24)
        for i, half in enumerate(session.completions()[0]):
            state = engine.state_after(session, 0, i)
            options: Any = {"first_sample": i, "max_length": 12, "seed": 6}
            rest = written(other, [state], Sampling(), **options)[0][0]
            assert half.text + rest.text == whole[i].text


RULES = [
    {"no_repeat_ngram": 2},
    {"ban": "aeiou"},
    {"allow": "abc", "no_repeat_ngram": 1},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("rules", RULES, ids=str)
def test_a_beam_of_one_is_greedy_under_every_rule(rules, limits, device) -> None:
    checkpoint = random_checkpoint("gru", "sentence", hidden_size=19, end=1.0)
    engine = Engine(checkpoint, device=device)
    greedy = Engine(checkpoint).write_many(PROMPTS, Greedy(**rules), **asdict(limits))
    for strategy in (
        BeamSearch(1, stop_rule="first", **rules),
        BeamSearch(1, 0.7, stop_rule="patience", **rules),
        NucleusBeam(1, mode="best", stop_rule="first", **rules),
    ):
        beam = engine.write_many(PROMPTS, strategy, **asdict(limits))
        assert [(best[0].text, best[0].end) for best in beam] == [
            (best[0].text, best[0].end) for best in greedy
        ]


@pytest.mark.parametrize("patience", [0.5, 1.0, 2.0])
def test_a_search_ends_when_enough_have_finished(patience, device) -> None:
    """With patience 1 it is `first`; the less patience, the sooner."""
    checkpoint = random_checkpoint("gru", "sentence", hidden_size=19, end=2.0)
    engine = Engine(checkpoint, device=device)
    positions = {}
    for strategy in (
        BeamSearch(4, stop_rule="first"),
        BeamSearch(4, stop_rule="patience", patience=patience),
    ):
        session = engine.start(PROMPTS, strategy, n=4, max_length=300)
        took = np.ones(len(PROMPTS), int)
        while not session.done:
            took += ~session.advance(1, budget_ms=10_000).finished
        positions[strategy.stop_rule] = took.tolist()
        best = session.completions()
        enough = min(4, math.ceil(4 * strategy.patience))
        assert all(sum(c.end == "eos" for c in texts) >= enough for texts in best)
    patient, first = positions["patience"], positions["first"]
    assert (patient == first) == (patience == 1)
    assert all((a - b) * (patience - 1) >= 0 for a, b in zip(patient, first, strict=True))


def events_of(engine: Engine, strategy: Strategy, positions: int, **options: Any) -> list[Any]:
    """The events of a session, joined: ids, log_probs; or parents, ids, scores; and the texts."""
    session = engine.start(PROMPTS, strategy, max_length=40, **options)
    events = []
    while not session.done:
        events.append(session.advance(positions, budget_ms=10_000))
    assert events[-1].finished.all()
    names = ("parents", "ids", "scores") if isinstance(events[0], BeamEvents) else ("ids",)
    joined = [np.concatenate([getattr(event, name) for event in events]) for name in names]
    return [*joined, session.completions()]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_events_are_those_of_the_native_engine(strategy, device) -> None:
    """On a model whose choices are clear, whatever the size of a call."""
    checkpoint = random_checkpoint("gru", "sentence", hidden_size=33, end=2.0)
    native = events_of(Engine(checkpoint), strategy, 7)
    for positions in (1, 16, 1000):
        found = events_of(Engine(checkpoint, device=device), strategy, positions)
        for a, b in zip(native[:-1], found[:-1], strict=True):
            assert a.shape == b.shape and a.dtype == b.dtype
            assert a == pytest.approx(b, rel=1e-5)
        for ours, theirs in zip(found[-1], native[-1], strict=True):
            assert [c.text for c in ours] == [c.text for c in theirs]
            assert [c.end for c in ours] == [c.end for c in theirs]


def test_a_budget_of_nothing_runs_one_step(device) -> None:
    engine = Engine(random_checkpoint(), device=device)
    session = engine.start(["abc"], Sampling(), max_length=5)
    given = [len(session.advance(10, budget_ms=0).ids) for _ in range(9)]  # type: ignore[union-attr]
    assert given == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert session.done


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_empty_things_are_defined(strategy, device) -> None:
    engine = Engine(random_checkpoint(unit="sentence"), device=device)
    assert engine.write_many([], strategy) == []
    nothing = engine.write("abc", strategy, max_length=0)
    assert (nothing.text, nothing.length, nothing.finished) == ("", 0, False)
    assert engine.write("", strategy, max_length=5).prompt == ""


def test_a_width_beyond_the_vocabulary_works(device) -> None:
    checkpoint = random_checkpoint("lstm", "sentence", "abc", end=1.0)
    texts = [
        [c.text for c in engine.write_many([""], BeamSearch(width=5000), n=50, max_length=4)[0]]
        for engine in (Engine(checkpoint, device=device), Engine(checkpoint))
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("unit", ["sentence", "continuous", "line"])
def test_scores_equal_the_native_engine(unit, device) -> None:
    checkpoint = random_checkpoint("lstm", unit, layers=2)
    text = "one, two? three! and more\n" * 3 + "a. b! " + "cdefg " * 20
    ours = Engine(checkpoint, device=device).score(text)
    theirs = Engine(checkpoint).score(text)
    assert ours.log_probs == pytest.approx(theirs.log_probs, rel=1e-4, abs=1e-5)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)


def test_a_state_of_either_engine_starts_the_other(device) -> None:
    checkpoint = random_checkpoint("lstm", "sentence", hidden_size=21, layers=2)
    native, ours = Engine(checkpoint), Engine(checkpoint, device=device)
    ids = [EOS, *native.vocabulary.string2code("hello, and")]
    sessions = {
        engine.device: engine.start(["hello, ", ""], Greedy(), max_length=3)
        for engine in (native, ours)
    }
    states = {}
    for name, session in sessions.items():
        session.advance(3, budget_ms=10_000)
        states[name] = session._native.prompt_state(0)
        assert states[name][0].shape == (2, 2, 21)
    for a, b in zip(*states.values(), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    state, logits = states["cpu"]
    common = sampling_options(ours, prompts=[ids, ids, [EOS]])
    begun = torch_engine.SamplingSession(
        **common | {"starts": [(state, logits, len("hello, ") + 1), None, None]}
    )
    begun_ids = begun.advance(20, 10_000)[0]
    assert (begun_ids[:, 0] == begun_ids[:, 1]).all()
    assert (begun_ids == torch_engine.SamplingSession(**common).advance(20, 10_000)[0]).all()


def sampling_options(engine: Engine, **options: Any) -> dict[str, Any]:
    """Keyword arguments of a session of its own, one row a prompt; some of them changed."""
    prompts = options.get("prompts", [[EOS]])
    given: dict[str, Any] = {
        "model": engine._model,
        "prompts": prompts,
        "starts": [None] * len(prompts),
        "dice": [(5, 0)] * len(prompts),
        "options": {
            **strategy_options(Sampling()),
            "samples": 1,
            "banned": [PAD],
            "max_length": 20,
            "min_length": 0,
            "stops": [],
            "rivals": -1,
        },
        "threads": 1,
    }
    for name, value in options.items():
        (given if name in given else given["options"])[name] = value
    return given


def test_bad_arguments_are_errors(device) -> None:
    engine = Engine(random_checkpoint(), device=device)
    size = len(engine.vocabulary)
    state, logits = np.zeros((1, 2, 24), np.float32), np.zeros(size, np.float32)
    for bad in (
        {"prompts": [[]]},
        {"prompts": [[-1]]},
        {"prompts": [[size]]},
        {"banned": [size]},
        {"banned": list(range(size))},
        {"stops": [[1, -2]]},
        {"starts": []},
        {"starts": [(state[:, :1], logits, 1)]},
        {"starts": [(state, logits[1:], 1)]},
        {"starts": [(state, logits, 2)]},
    ):
        with pytest.raises(torch_engine.EngineError):
            torch_engine.SamplingSession(**sampling_options(engine, **bad))
    with pytest.raises(TypeError, match="option 'temprature' is unknown"):
        torch_engine.SamplingSession(**sampling_options(engine, temprature=1.0))
    searching = sampling_options(engine)
    with pytest.raises(TypeError, match="option 'width' is missing"):
        torch_engine.BeamSession(**searching)
    with pytest.raises(torch_engine.EngineError, match="not been fed"):
        torch_engine.SamplingSession(**sampling_options(engine)).prompt_state(0)
    with pytest.raises(torch_engine.EngineError, match="2 are expected"):
        engine.logits(np.zeros(3, np.int32))
    with pytest.raises(torch_engine.EngineError, match="vocabulary"):
        engine.logits(np.full((1, 1), size, np.int32))


def test_a_row_that_overflows_ends_and_the_others_go_on(device: str) -> None:
    engine = Engine(overflowing_checkpoint(), device=device)
    native = Engine(engine.checkpoint)
    ends = [
        [[(c.text, c.end) for c in best] for best in e.write_many(["a", "b"], Sampling(), n=4)]
        for e in (engine, native)
    ]
    assert ends[0] == ends[1]
    assert engine.write("b", Sampling()).end == "overflow"
    with pytest.raises(CharlmError, match="overflow at character 3"):
        engine.score("aba")


def test_ended_rows_free_their_place(device) -> None:
    checkpoint = random_checkpoint("gru", "sentence", end=2.0)
    session = Engine(checkpoint, device=device).start(["a"], Sampling(), n=200, max_length=100)
    sizes = []
    while not session.done:
        session.advance(8, budget_ms=10_000)
        sizes.append(sum(map(len, session._native._parts)))
    assert sizes[-1] == 0 and any(0 < size < 100 for size in sizes)
    native = Engine(checkpoint).write_many(["a"], Sampling(), n=200, max_length=100)[0]
    same = sum(a.text == b.text for a, b in zip(session.completions()[0], native, strict=True))
    assert same >= 195


class SmallMemory:
    """A device that cannot step more rows than `room` at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.refused = 0
        step = torch_engine.Model.step

        def limited(model: Any, state: Any, ids: Any) -> Any:
            if len(ids) > room:
                self.refused += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
            return step(model, state, ids)

        monkeypatch.setattr(torch_engine.Model, "step", limited)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_out_of_memory_means_smaller_batches_and_the_same_texts(
    strategy, device, monkeypatch
) -> None:
    engine = Engine(random_checkpoint("gru", "sentence", hidden_size=33, end=1.0), device=device)
    whole = events_of(engine, strategy, 7, n=4)
    memory = SmallMemory(monkeypatch, 4)
    halved = events_of(engine, strategy, 7, n=4)
    assert memory.refused > 2
    for a, b in zip(whole[:-1], halved[:-1], strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    assert [[c.text for c in p] for p in whole[-1]] == [[c.text for c in p] for p in halved[-1]]


def test_out_of_memory_while_scoring(device, monkeypatch) -> None:
    checkpoint = random_checkpoint("gru", "line", hidden_size=17)
    lines = "\n".join("abc de."[: n % 7 + 1] * (n % 11 + 1) for n in range(60))
    whole = Engine(checkpoint, device=device).score(lines).log_probs
    memory = SmallMemory(monkeypatch, 9)
    assert Engine(checkpoint, device=device).score(lines).log_probs == pytest.approx(
        whole, rel=1e-4, abs=1e-5
    )
    assert memory.refused > 2


def test_no_memory_for_a_single_row_is_one_line(device, monkeypatch) -> None:
    engine = Engine(random_checkpoint("gru", "line"), device=device)
    SmallMemory(monkeypatch, 0)
    for act in (lambda: engine.write("a"), lambda: engine.score("abc")):
        with pytest.raises(CharlmError, match=r"out of memory on .*: lower"):
            act()


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint: Checkpoint = random_checkpoint()
    monkeypatch.setattr("charlm.device.sees_cuda", lambda: False)
    with pytest.raises(CharlmError, match="PyTorch sees no CUDA device") as raised:
        Engine(checkpoint, device="cuda")
    assert raised.value.exit_code == 1
    engine = Engine(checkpoint, device="auto")
    assert (engine.device, engine.isa) == ("cpu", Engine(checkpoint).isa)
    assert "no CUDA device" in engine.notices[0]
    monkeypatch.setattr("charlm.device.find_spec", lambda name: None)
    with pytest.raises(CharlmError, match="not installed"):
        Engine(checkpoint, device="cuda")
    with pytest.raises(InputError, match="one of cpu, cuda, auto"):
        Engine(checkpoint, device="tpu")


def test_the_command_line_takes_a_device(
    make_run: MakeRun, device: str, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    from charlm.cli.main import main

    run = str(make_run(unit="sentence"))
    records = []
    for name in ("cpu", device):
        options = ["--prompt", "ab", "--max-length", "30", "--json", "--device", name]
        assert main(["write", run, *options]) == 0
        records.append(json.loads(capsys.readouterr().out))
    assert [record.pop("device") for record in records] == ["cpu", device]
    for record in records:
        record["log_prob"] = pytest.approx(record["log_prob"], rel=1e-5)
        record["score"] = pytest.approx(record["score"], rel=1e-5)
    assert records[0] == records[1]
    (tmp_path / "text").write_text("some text. and more!")
    assert main(["score", run, str(tmp_path / "text"), "--json", "--device", device]) == 0
    assert json.loads(capsys.readouterr().out)["device"] == device
