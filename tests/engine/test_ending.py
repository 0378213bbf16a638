"""Python ends, or forks, while threads of it are in native code: no abort, no hang, its own code.

Each program runs in a process of its own. What its threads do begins before Python ends and goes
on until the process has gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

#: Seconds after which a process that hangs is ended.
_PATIENCE = 120
_CODE = 7

#: `endless(work)`, once for each thread, returns when all of them are in the middle of theirs.
_BEGIN = """
    import os, sys, threading, warnings
    import numpy as np
    from models import random_checkpoint
    from charlm import _training
    from charlm.decoding import BeamSearch, NucleusBeam, Sampling
    from charlm.engine import Engine
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads
    checkpoint = random_checkpoint()
    engine = Engine(checkpoint, threads=2)
    ones = np.ones(9999, "f")

    def learn():
        config, weights = checkpoint.config, dict(checkpoint.tensors)
        names = "cell", "vocabulary_size", "embedding_size", "hidden_size", "layers", "bias"
        options = dict.fromkeys((
            "dropout", "locked", "embedding_dropout", "weight_dropout", "recurrent_dropout",
            "activation_penalty", "slowness_penalty"), 0)
        model = _training.Pass(**{name: getattr(config, name) for name in names},
                               padding=0, regularisers=options, threads=2)
        ids, state = np.ones((50, 9), "q"), [np.zeros((9, config.hidden_size), "f")] * 2
        gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
        model.run(weights=weights, inputs=ids, targets=ids, states=state, mask=None,
                  gradients=gradients, part=None)

    def endless(*works):
        for work in works:
            work()  # what is wrong with it is said here
        begun = [threading.Event() for _ in works]
        def repeat(work, event):
            while True:
                work()
                event.set()
        for work, event in zip(works, begun):
            threading.Thread(target=repeat, args=(work, event), daemon=True).start()
        for event in begun:
            event.wait()
"""
WORKS = {
    "write": "lambda: engine.write('a', Sampling(), max_length=50)",
    "many": "lambda: engine.start(['a'] * 200, Sampling(), max_length=50).advance(9, 1e9)",
    "stream": "lambda: list(engine.stream('a', Sampling(), max_length=50))",
    "session": "lambda: engine.start(['a', 'b'], Sampling(), max_length=50).advance(5)",
    "beam": "lambda: engine.write('a', BeamSearch(width=9), max_length=50)",
    "nucleus beam": "lambda: engine.write('a', NucleusBeam(width=9), max_length=50)",
    "score": "lambda: engine.score('the end of it ' * 20)",
    "a model made": "lambda: Engine(checkpoint)",
    "learning": "learn",
    "averaging": "lambda: _training.approach(mean=ones.copy(), x=ones, share=0.5)",
}


def ended(program: str) -> subprocess.CompletedProcess[str]:
    """A program that has ended by itself."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_BEGIN) + textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )


def check(program: str) -> None:
    done = ended(program)
    assert (done.returncode, done.stderr) == (_CODE, "")


@pytest.mark.parametrize("name", ["write", "learning"])
def test_a_daemon_thread_in_native_code_does_not_abort_the_end(name: str) -> None:
    check(f"""
        endless({WORKS[name]}, {WORKS[name]})
        sys.exit({_CODE})
    """)


def test_nor_do_threads_of_every_kind_at_once() -> None:
    check(f"""
        endless({", ".join(WORKS.values())})
        sys.exit({_CODE})
    """)


@pytest.mark.long
@pytest.mark.parametrize("name", WORKS)
def test_nor_does_each_kind_again_and_again(name: str) -> None:
    for _ in range(5):
        check(f"""
            endless(*[{WORKS[name]}] * 4)
            sys.exit({_CODE})
        """)


def test_an_error_of_the_program_is_what_is_told() -> None:
    done = ended(f"""
        endless({WORKS["write"]}, {WORKS["beam"]})
        raise ValueError("mine")
    """)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ValueError: mine"
    assert "terminate called" not in done.stderr


@pytest.mark.parametrize("end", ["sys.exit", "os._exit"])
def test_a_fork_beside_threads_that_decode_goes_on(end: str) -> None:
    """The child lacks the threads and has all else; both end with their own code."""
    check(f"""
        expected = engine.write("b", BeamSearch(width=4), max_length=40).text
        endless({", ".join(WORKS.values())})
        for _ in range(5):
            child = os.fork()
            if child == 0:
                right = engine.write("b", BeamSearch(width=4), max_length=40).text == expected
                {end}(3 if right else 4)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        sys.exit({_CODE})
    """)
