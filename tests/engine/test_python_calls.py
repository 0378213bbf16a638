"""The engine as Python code meets it: details, pickles, names of options, threads, errors."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from models import random_checkpoint

from charlm import _engine, torch_engine
from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.engine.call_options import _OF_LOAD
from charlm.engine.engine import Engine
from charlm.errors import InputError
from charlm.run.checkpoint import Checkpoint

SAMPLE = Sampling(top_k=5)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(random_checkpoint("lstm", "sentence", end=0.5))


# Details


@pytest.mark.parametrize("strategy", [SAMPLE, Greedy()], ids=str)
def test_a_completion_tells_what_the_model_thought(engine: Engine, strategy: Any) -> None:
    plain = engine.write("the ", strategy, max_length=30, seed=5)
    told = engine.write("the ", strategy, max_length=30, seed=5, details=3)
    assert told == plain and plain.details is None
    details = told.details
    assert details is not None
    assert "".join(details.characters) == told.text and len(details.characters) == told.length
    assert details.log_probs.sum(dtype=np.float64) == pytest.approx(told.log_prob)
    assert details.rival_log_probs.shape == (told.length, 3)
    for place, character in enumerate(details.characters):
        rank, rivals = details.ranks[place], details.rivals[place]
        assert len(rivals) == 3
        if rank < 3:
            assert rivals[rank] == character
            assert details.rival_log_probs[place, rank] == details.log_probs[place]
    assert np.isneginf(details.rival_kept_log_probs).any() == isinstance(strategy, Greedy)
    assert "details" not in repr(told)


def test_details_of_many_completions_are_those_of_each(engine: Engine) -> None:
    both = engine.write_many(["a", "the "], SAMPLE, n=2, max_length=20, details=0)
    for prompt, completions in zip(["a", "the "], both, strict=True):
        for sample, completion in enumerate(completions):
            session = engine.start([prompt], SAMPLE, first_sample=sample, max_length=20, details=0)
            while not session.done:
                session.advance(20)
            alone = session.details(0)
            assert completion.details is not None
            assert "".join(completion.details.characters) == completion.text
            assert completion.details.log_probs.tobytes() == alone.log_probs.tobytes()
            assert completion.details.entropies.tobytes() == alone.entropies.tobytes()
            assert completion.details.rivals == ((),) * completion.length
    nothing = engine.write("a", SAMPLE, max_length=0, details=2).details
    assert nothing is not None and nothing.characters == ()
    assert nothing.rival_log_probs.shape == (0, 2)
    for strategy in (BeamSearch(2), NucleusBeam(2)):
        with pytest.raises(InputError, match="a beam has none"):
            engine.write("a", strategy, details=1)
    with pytest.raises(InputError, match="details"):
        engine.write("a", details=-1)
    with pytest.raises(InputError, match="no details were asked for"):
        session = engine.start(["a"], SAMPLE, max_length=2)
        session.advance(2)
        session.told(0)


def test_a_session_that_never_ran_tells_of_no_characters(engine: Engine) -> None:
    session = engine.start(["a", "b"], SAMPLE, n=2, details=4)
    ids, log_probs, told = session.told(3)
    assert len(ids) == len(log_probs) == 0 and told.rival_ids.shape == (0, 4)
    assert session.details(0).characters == ()


# Pickles, copies, words


def written(engine: Engine) -> Any:
    prompts = ["the ", "", "the "]
    return [
        engine.write_many(prompts, strategy, n=2, seed=3, max_length=25)
        for strategy in (SAMPLE, BeamSearch(3))
    ]


def written_of(engine: Engine, prompt: str) -> str:
    return engine.write(prompt, SAMPLE, seed=3, max_length=25).text


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_an_engine_out_of_its_pickle_writes_the_same(precision: str) -> None:
    engine = Engine(random_checkpoint("gru", "sentence"), threads=2, precision=precision)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(engine, protocol))
        assert again is not engine and written(again) == written(engine)
        assert (again.threads, again.precision, again.device) == (2, precision, "cpu")
        assert again.checkpoint.identity == engine.checkpoint.identity
    for copied in (copy.deepcopy(engine), copy.copy(engine)):
        assert written(copied) == written(engine)
    torch = Engine(engine.checkpoint, device="torch-cpu")
    assert pickle.loads(pickle.dumps(torch)).device == "torch-cpu"


def test_an_engine_goes_to_another_process(engine: Engine) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        texts = pool.starmap(written_of, [(engine, "the "), (engine, "a")])
    assert texts == [written_of(engine, "the "), written_of(engine, "a")]


def test_words_for_an_engine_and_a_session(engine: Engine) -> None:
    shown = repr(engine)
    for words in ("lstm", "1 x 24", "sentence", "float32", "cpu", engine.checkpoint.identity[:12]):
        assert words in shown
    session = engine.start(["a", "b"], SAMPLE, n=3, max_length=4)
    assert repr(session).startswith("<SampleSession: 2 prompts, n 3, Sampling, prompts read to 0%")
    session.advance(1, budget_ms=1e9)
    assert "of 6 rows finished" in repr(session)
    while not session.done:
        session.advance(9)
    assert repr(session).endswith("Sampling, done>")
    assert "BeamSession" in repr(engine.start(["a"], BeamSearch(2)))
    for way in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a session cannot be pickled"):
            way(session)


# Names


def test_a_mistyped_option_names_the_call_and_the_nearest(engine: Engine) -> None:
    calls: dict[str, Any] = {
        "write": lambda **o: engine.write("a", **o),
        "write_many": lambda **o: engine.write_many(["a"], **o),
        "stream": lambda **o: engine.stream("a", **o),
    }
    for name, call in calls.items():
        for typed, meant in (
            ("max_len", "max_length"),
            ("max_new_tokens", "max_length"),
            ("sed", "seed"),
            ("stops", "stop"),
            ("detail", "details"),
            ("unkown", "unknown"),
        ):
            with pytest.raises(TypeError, match=rf"^{name}\(\) .* {typed}: did you mean {meant}\?"):
                call(**{typed: 3})
        for typed, meant in (
            ("top_k", "top_k is of the strategy: Sampling(top_k=...)"),
            ("top_p", "top_p is of the strategy: Sampling(top_p=...)"),
            ("width", "width is of the strategy: BeamSearch(width=...)"),
            ("mode", "mode is of the strategy: NucleusBeam(mode=...)"),
            ("ban", "ban is of the strategy: Sampling(ban=...)"),
            ("temprature", "did you mean Sampling(temperature=...)?"),
            ("device", "device is of the engine: Engine.load(..., device=...)"),
        ):
            with pytest.raises(TypeError, match=f" {typed}: {re.escape(meant)}$"):
                call(**{typed: 3})
        with pytest.raises(TypeError, match=rf"^{name}\(\) has no option xyzzy$"):
            call(xyzzy=3)
    with pytest.raises(TypeError, match=r"n: write_many\(\) has it"):
        engine.write("a", n=3)  # type: ignore[call-arg]


def test_what_loading_takes_is_known() -> None:
    taken = inspect.signature(Engine.load).parameters
    assert set(_OF_LOAD) == {*taken} - {"path"}


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_a_wrong_argument_is_an_error_of_ours(device: str) -> None:
    engine: Any = Engine(random_checkpoint(), device=device)
    session = engine.start(["a"], SAMPLE, details=1)
    sums = engine.start_score("abc", keep=False)
    named = re.escape("give Sampling(...) or BeamSearch(...)")
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: session.advance(1, -1), "^budget_ms is -1"),
        (lambda: session.advance(1, float("nan")), "^budget_ms is nan"),
        (lambda: session.advance(1, "x"), "^budget_ms is 'x'"),
        (lambda: sums.advance(1, -1), "^budget_ms is -1"),
        (lambda: session.details(7), "^row is 7: it must be an integer from 0 to 0"),
        (lambda: session.details(-1), "^row is -1"),
        (sums.score, "^keep=False keeps sums alone: ask for totals"),
        *((partial(engine.start_score_ids, ids), "^ids is")
          for ids in ([10**6], [10**30], [-1], [0.5], ["a"], [[1], [1, 2]], 3, None)),
        (lambda: engine.start_score_ids([]), "the text to score is empty"),
        *((partial(engine.write, "a", wrong), named) for wrong in ("beam", "", BeamSearch, 0)),
        (lambda: engine.stream("a", "beam"), named),
        (lambda: engine.start(["a"], "beam"), named),
        (lambda: engine.write_many(["a"], BeamSearch), named),
        (lambda: engine.write(None), "^prompt is None: it must be a text"),
        (lambda: engine.feed(3), "^prompt is 3: it must be a text"),
        (lambda: engine.read_prompts(["a", None]), "^prompt 2: prompt is None"),
        (lambda: engine.score(None), "^text is None: it must be a text"),
        (lambda: engine.score(b"abc"), "^text is b'abc'"),
        (lambda: engine.score_many(["a", None]), "^text 2: text is None"),
        (lambda: engine.score_many("abc"), "^texts is 'abc': it must be a list of texts"),
        (lambda: engine.write_many("ab"), "^prompts is 'ab': it must be a list of prompts"),
        (lambda: engine.start("ab", SAMPLE), "^prompts is 'ab'"),
        (lambda: engine.write_many(None), "^prompts is None"),
    ]  # fmt: skip
    for call, said in calls:
        with pytest.raises(InputError, match=said):
            call()
    for way in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a scoring cannot be pickled"):
            way(sums)


# Threads


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("strategy", [SAMPLE, BeamSearch(4)], ids=str)
def test_threads_that_share_a_session_keep_the_order_of_its_text(
    device: str, strategy: Any
) -> None:
    engine = Engine(random_checkpoint(), device=device)
    length = 3000 if device == "cpu" else 60
    session = engine.start(["the ", "a"], strategy, max_length=length)
    errors: list[Exception] = []

    def pull() -> None:
        try:
            while not session.done:
                session.advance(3, budget_ms=0)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    expected = engine.write_many(["the ", "a"], strategy, max_length=length)
    assert [[c.text for c in cs] for cs in session.completions()] == [
        [c.text for c in cs] for cs in expected
    ]


# Streams


@pytest.mark.parametrize(
    "strategy", [SAMPLE, Greedy(), BeamSearch(3), NucleusBeam(3)], ids=lambda s: type(s).__name__
)
@pytest.mark.parametrize("end", [0.0, 2.0])
def test_the_pieces_of_a_stream_are_the_text(strategy: Any, end: float) -> None:
    for unit in ("continuous", "sentence"):
        engine = Engine(random_checkpoint(unit=unit, end=end))
        for length in (0, 1, 63, 64, 65, 700):
            pieces = list(engine.stream("the ", strategy, max_length=length, seed=2))
            assert "".join(pieces) == engine.write("the ", strategy, max_length=length, seed=2).text
            assert all(pieces)


def test_a_stream_looks_at_a_text_no_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each character is turned to text once, so a stream takes time that grows with its length."""
    engine = Engine(random_checkpoint())
    looked = []
    turn = type(engine.vocabulary).code2string

    def counted(self: Any, ids: Any) -> str:
        looked.append(len(ids))
        return turn(self, ids)

    monkeypatch.setattr(type(engine.vocabulary), "code2string", counted)
    for strategy, most in ((SAMPLE, 20_100), (BeamSearch(2), 20_000 * 12)):
        looked.clear()
        for _ in engine.stream("the ", strategy, max_length=20_000):
            pass
        assert 20_000 <= sum(looked) <= most


# One error


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_a_state_before_anything_was_fed_is_one_error(device: str) -> None:
    engine = Engine(random_checkpoint(), device=device)
    for strategy in (SAMPLE, BeamSearch(2)):
        session = engine.start(["the cat"], strategy)
        with pytest.raises(InputError, match=r"^the prompt has not been fed yet$"):
            session.prompt_state(0)
        with pytest.raises(InputError, match=r"^the prompt has not been fed yet$"):
            engine.state_after(session)
        with pytest.raises(InputError, match="prompt 1 of 1"):
            session.prompt_state(1)
    assert torch_engine.EngineError is _engine.EngineError


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_a_session_says_how_much_of_its_prompts_is_read(device: str) -> None:
    checkpoint: Checkpoint = random_checkpoint()
    engine = Engine(checkpoint, device=device)
    for strategy in (SAMPLE, BeamSearch(2)):
        session = engine.start(["a" * 299, "b" * 99], strategy, max_length=1)
        assert (session.prompt_ids, session.prompts_read) == (400, 0)
        shares = [session.prompts_read]
        while session.prompts_read < 1:
            session.advance(1, budget_ms=0)
            shares.append(session.prompts_read)
        assert shares == sorted(shares) and len(set(shares)) > 100
        assert 0.5 in shares or any(0.4 < share < 0.6 for share in shares)
        state = engine.feed("a" * 299)
        going_on = engine.start([state + "b"], strategy)
        assert going_on.prompt_ids == 1 and going_on.prompts_read == 300 / 301
    assert engine.start([], SAMPLE).prompts_read == 1
