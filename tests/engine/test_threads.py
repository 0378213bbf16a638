"""One engine, many threads of Python: the same texts as in turn, nothing left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from models import random_checkpoint

from charlm import _engine
from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy
from charlm.engine.engine import Engine
from charlm.engine.native import strategy_options

THREADS = 8
LENGTH = 12
STRATEGIES: list[Strategy] = [
    Greedy(),
    Sampling(temperature=0.8, top_p=0.9, no_repeat_ngram=3),
    Sampling(typical_p=0.7),
    BeamSearch(width=3, length_penalty=0.5),
    NucleusBeam(width=3, top_p=0.8),
]
CASES = [*product(["", "a", "the end"], STRATEGIES, [1, 2])]
PAGE = os.sysconf("SC_PAGE_SIZE")


def whole(engine: Engine, case: int) -> str:
    prompt, strategy, seed = CASES[case % len(CASES)]
    return engine.write(prompt, strategy, seed=seed, max_length=LENGTH).text


def cancelled(engine: Engine, case: int) -> str:
    """What is settled of a text after some positions; then its session is dropped."""
    prompt, strategy, seed = CASES[case % len(CASES)]
    session = engine.start([prompt], strategy, seed=seed, max_length=LENGTH)
    session.advance(1 + case % LENGTH)
    return session.settled(0)


def decode_on_all_threads(engine: Engine, decodes: int, expected: list[str]) -> int:
    """THREADS x `decodes` texts, every second one cancelled. Returns how many differ."""

    def decode(thread: int) -> int:
        together.wait()
        wrong = 0
        for n in range(decodes):
            # Odd and even by turns of all cases, so that every case comes both ways.
            case = thread + n // 2
            text = expected[case % len(CASES)]
            if n % 2:
                wrong += not text.startswith(cancelled(engine, case))
            else:
                wrong += whole(engine, case) != text
        return wrong

    together = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(decode, range(THREADS)))


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def check_decodes(threads: int, decodes: int, limit: int) -> None:
    """All texts right, and after a warm-up of a quarter no more memory than `limit` bytes."""
    engine = Engine(random_checkpoint(unit="sentence", end=0.5), threads=threads)
    expected = [whole(engine, case) for case in range(len(CASES))]
    assert len(set(expected)) > len(CASES) / 3
    assert decode_on_all_threads(engine, decodes // 4, expected) == 0
    gc.collect()
    before = resident()
    assert decode_on_all_threads(engine, decodes - decodes // 4, expected) == 0
    gc.collect()
    assert resident() - before < limit


@pytest.mark.parametrize("threads", [1, 2])
def test_texts_on_eight_threads_are_those_of_one(threads: int) -> None:
    check_decodes(threads, decodes=40, limit=2**24)


@pytest.mark.long
@pytest.mark.parametrize("threads", [1, 2])
def test_eight_thousand_texts_leave_nothing_behind(threads: int) -> None:
    check_decodes(threads, decodes=1000, limit=2**24)


def test_a_dropped_session_leaves_no_object_behind() -> None:
    engine = Engine(random_checkpoint())
    for case in range(len(CASES)):
        cancelled(engine, case)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for case in range(300):
            cancelled(engine, case)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


def sampling(model: _engine.Model) -> _engine.SamplingSession:
    return _engine.SamplingSession(
        model=model, prompts=[[1, 5], [1, 6, 7]], starts=[None, None],
        dice=[(3, 0), (4, 7)], threads=2,
        options={
            **strategy_options(Sampling(top_p=0.9)), "banned": [0], "max_length": 200,
            "min_length": 200, "stops": [], "samples": 2, "rivals": -1,
        },
    )  # fmt: skip


def run_on_four(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_threads_may_pull_one_session() -> None:
    """Each position goes to one of them, and together they have all."""
    model = Engine(random_checkpoint())._model
    alone = sampling(model).advance(200, 1e9)[0]
    session, pieces = sampling(model), []

    def pull(number: int) -> None:
        while not session.done():
            ids = session.advance(1 + number, 1e9)[0]
            pieces.append(ids)
            session.prompt_state(number % 2)

    run_on_four(pull)
    got = np.concatenate(pieces)
    assert got.shape == alone.shape
    # Who got which is not known, only that nothing is lost, doubled or mixed.
    assert sorted(map(tuple, got.tolist())) == sorted(map(tuple, alone.tolist()))


def test_scores_may_be_read_while_they_come() -> None:
    model = Engine(random_checkpoint())._model
    texts = [[1 + (i * j) % 30 for j in range(40)] for i in range(1, 150)]
    session = _engine.ScoringSession(model=model, inputs=texts, targets=texts, rivals=2, threads=2)

    def read(number: int) -> None:
        while not session.done():
            if number:
                session.advance(1, 0)
            session.log_probs()
            session.details()

    run_on_four(read)
    alone = _engine.ScoringSession(model=model, inputs=texts, targets=texts, rivals=-1, threads=1)
    while not alone.done():
        alone.advance(100, 1e9)
    for got, expected in zip(session.log_probs(), alone.log_probs(), strict=True):
        assert np.array_equal(got, expected)


def run_program(program: str) -> None:
    """Run Python in a process of its own, which must end well."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr


def test_threads_that_cannot_be_had_are_done_without() -> None:
    run_program("""
        import resource
        from models import random_checkpoint
        from charlm.decoding import Sampling
        from charlm.engine import Engine
        engine = Engine(random_checkpoint(), threads=60)
        def texts():
            completions = engine.write_many(60 * ["a"], Sampling(), max_length=5)
            return [many[0].text for many in completions]
        expected = texts()
        # Room for some stacks of 8 MB, not for 60 of them.
        pages = int(open("/proc/self/statm").read().split()[0])
        size = pages * resource.getpagesize() + 2**25
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        assert texts() == expected
    """)


def test_a_forked_process_goes_on_writing() -> None:
    """No thread outlives a call, so a copy of the process lacks nothing."""
    run_program("""
        import os, warnings
        from models import random_checkpoint
        from charlm.decoding import BeamSearch, Sampling
        from charlm.engine import Engine
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside NumPy's threads
        engine = Engine(random_checkpoint(), threads=3)
        def texts(session):
            while not session.done:
                session.advance(5)
            return repr(session.completions()).encode()
        for strategy in (Sampling(), BeamSearch(width=4)):
            session = engine.start(["a", "b", "c"], strategy, max_length=40)
            session.advance(7)
            end, begin = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(begin, texts(session))
                os._exit(0)
            os.waitpid(child, 0)
            assert os.read(end, 1 << 20) == texts(session)
    """)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_threads_share_the_steps_of_one_stream(cell: str, precision: str) -> None:
    """Every thread count, whichever steps were shared: one stream's and one beam's bits.

    Steps 8 to 15 are always shared, to see whether that is faster.
    """
    checkpoint = random_checkpoint(cell, hidden_size=600, layers=2)
    written = {
        threads: [
            Engine(checkpoint, threads=threads, precision=precision).write(
                "", strategy, max_length=40, ignore_eos=True
            )
            for strategy in (Sampling(), BeamSearch(width=3))
        ]
        for threads in (1, 2, 3)
    }
    assert all(len(completion.text) == 40 for completion in written[1])
    assert written[2] == written[1]
    assert written[3] == written[1]
