"""Hands the native modules, and what loads files, arguments that are wrong in every way.

python tests/support/fuzz_engine.py --calls 1000000 --seed 1

A case makes something and calls it some times; about half of all arguments are good, so that
calls get deep. Whatever comes in, an error is of the contract (ValueError, TypeError,
OverflowError, CharlmError), and what comes out without one is in range. `make fuzz` runs this
under AddressSanitizer. A case depends on the seed and its number alone: after a crash,
`--first CASE --trace` runs on from the last number printed and names each case.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from fuzz_training import TrainingCases
from fuzzing import INTEGERS, bad_array, damaged, spoiled

from charlm import _engine
from charlm.decoding import BeamSearch, Greedy, Sampling
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CharlmError
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.run.checkpoint import Checkpoint, checkpoint_bytes, load_checkpoint
from charlm.text.config import TextConfig
from charlm.text.vocabulary import Vocabulary

EXPECTED = (ValueError, TypeError, OverflowError, CharlmError)
CHARACTERS = "abcdefghi"
V, E, H = 2 + len(CHARACTERS), 3, 5
HANGS_AFTER = 120  # seconds without a case ending
SHARES = [0.5, 0.9, 1.0, 1e-6]


def small_checkpoint(cell: Any, layers: int, scale: float, seed: int) -> Checkpoint:
    """A model of the sizes above; a scale of 1e38 makes it overflow."""
    config = ModelConfig(cell, V, E, H, layers, bias=cell != "gru")
    random = np.random.default_rng(seed)
    tensors = {
        name: (random.uniform(-1, 1, parameter.shape) * scale).astype(np.float32)
        for name, parameter in parameter_shapes(config).items()
    }
    text = TextConfig("sentence", 1)
    return Checkpoint(config, text, Vocabulary(CHARACTERS), tensors, {"step": 1}, {"name": "x"})


def _as_array(random: Random, ids: list[int]) -> Any:
    """The ids as an array of the wanted type, now and then of another or in steps."""
    array = np.array(ids, np.int32)
    if random.random() < 0.05:
        return random.choice([array.astype(np.int64), array[:, None], np.repeat(array, 2)[::2]])
    return array


class Fuzzer:
    """Runs cases and counts their calls: accepted, and refused as the contract says."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._file = folder / "damaged"
        scales = [("rnn", 1, 1.0), ("gru", 2, 1.5), ("lstm", 1, 2.0), ("lstm", 2, 1e38)]
        self._checkpoints = [small_checkpoint(*s, seed=i) for i, s in enumerate(scales)]
        self._engines = []
        self._sealed = []
        for number, checkpoint in enumerate(self._checkpoints):
            data, digest = checkpoint_bytes(checkpoint)
            self._sealed.append(data)
            precision = "int8" if number % 2 else "float32"
            self._engines.append(Engine(replace(checkpoint, sha256=digest), precision=precision))
        self._states = [engine.feed("abcab") for engine in self._engines[:3]]
        self._states[0].save(self._file)
        self._sealed_state = self._file.read_bytes()
        training = TrainingCases(self._call)
        self._cases: list[Callable[[Random], None]] = [
            *(3 * [self._sampling]),
            *(3 * [self._beams]),
            *(2 * [self._scoring]),
            *(self._model, self._functions, self._checkpoint_file, self._state_file),
            self._state_value,
            *(2 * [training.passes]),
            training.functions,
        ]

    @property
    def calls(self) -> int:
        return self.accepted.total() + self.refused.total()

    def run_case(self, number: int) -> None:
        random = Random(self.seed << 40 | number)
        random.choice(self._cases)(random)

    def _call(
        self, random: Random, name: str, what: Callable[..., Any], arguments: dict[str, Any],
        wrong: float = 0.4,
    ) -> Any:  # fmt: skip
        """What the call gives, None if it is refused; its arguments spoiled, or not."""
        if arguments and random.random() < wrong:
            arguments = spoiled(random, arguments)
        try:
            result = what(**arguments)
        except EXPECTED:
            self.refused[name] += 1
            return None
        self.accepted[name] += 1
        return result

    def _native(self, random: Random) -> tuple[Any, int]:
        """A model, and the number of its checkpoint."""
        number = random.randrange(len(self._engines))
        return self._engines[number]._model, number

    def _decoder(self, random: Random, own: dict[str, Any]) -> dict[str, Any]:
        """Good arguments of a decoder with options of its own, and now and then spoiled options."""
        model, number = self._native(random)
        prompts = [_ids(random, 1, 6) for _ in range(random.choice([1, 1, 2, 3, 0]))]
        starts: list[Any] = [None] * len(prompts)
        if prompts and number < len(self._states) and random.random() < 0.4:
            state = self._states[number]
            prompts[0] = [*state.ids.tolist(), *_ids(random, 0, 2)]
            starts[0] = (state.state, state.logits, len(state.ids))
        options = own | {
            "no_repeat_ngram": random.choice([0, 0, 1, 2, 3, 65535]),
            "banned": random.choice([[], [0], [0, 1], [0, 3, 4]]),
            "max_length": random.choice([0, 1, 4, 9, 9, 2**31 - 1]),
            "min_length": random.choice([0, 0, 3, 100]),
            "stops": random.choice([[], [[3]], [[3, 3, 4], [2]]]),
        }
        return {
            "model": model,
            "prompts": prompts,
            "starts": starts,
            "dice": [
                (random.choice([1, 7, 2**64 - 1]), random.choice([0, 0, 2**32 - 2]))
                for _ in prompts
            ],
            "options": spoiled(random, options) if random.random() < 0.3 else options,
            "threads": random.choice([1, 1, 1, 1, 2, 5]),
        }

    def _sampling(self, random: Random) -> None:
        own = {
            "samples": random.choice([1, 1, 2, 5, 130]),
            "temperature": random.choice([0, 0.01, 1, 1, 0.7, 100]),
            "top_k": random.choice([0, 0, 1, 4, 2**31 - 1]),
            "top_p": random.choice(SHARES),
            "min_p": random.choice([0, 0, 0.2, 0.99]),
            "top_n_sigma": random.choice((0, 0.5, 3, 100)),
            "typical_p": random.choice(SHARES),
            "rivals": random.choice([-1, -1, 0, 3, V - 1]),
        }
        arguments = self._decoder(random, own)
        session = self._call(random, "SamplingSession", _engine.SamplingSession, arguments, 0.2)
        if session is None:
            return
        for _ in range(random.randrange(5)):
            events = self._advance(random, session, session.rows)
            if events is not None:
                ids, log_probs, finished, _ = events
                assert ids.shape == log_probs.shape == (len(ids), session.rows)
                assert ((ids >= 0) & (ids < V)).all()
                assert (log_probs <= 1e-5).all()
                assert finished.shape == (session.rows,)
            self._state_of(random, session)

    def _beams(self, random: Random) -> None:
        own = {
            "width": random.choice([1, 2, 3, 10, 97]),
            "length_penalty": random.choice([0, 0, 1, -10, 10]),
            "stop_rule": random.choice(["exact", "first", "patience"]),
            "patience": random.choice([1, 1, 0.1, 2.5, 1000]),
            "mode": random.choice(["off", "sample", "best"]),
            "top_p": random.choice(SHARES),
        }
        arguments = self._decoder(random, own)
        session = self._call(random, "BeamSession", _engine.BeamSession, arguments, 0.2)
        if session is None:
            return
        for _ in range(random.randrange(5)):
            events = self._advance(random, session, session.prompts * session.width)
            if events is not None:
                parents, ids, scores, _ = events
                shape = (len(ids), session.prompts, session.width)
                assert parents.shape == ids.shape == scores.shape == shape
                assert ((parents >= -1) & (parents < session.width)).all()
                assert ((ids >= 0) & (ids < V)).all()
                assert not np.isnan(scores).any()
            self._state_of(random, session)
            prompt = {"prompt": _prompt(random, session.prompts)}
            self._call(random, "BeamSession.best", session.best, prompt, 0.1)

    def _advance(self, random: Random, session: Any, rows: int) -> Any:
        """Some positions, or far too many of them in little time."""
        n = random.choice([0, 1, 1, 2, 5, *INTEGERS])
        short = n > 5 or rows > 100
        budget = random.choice([0, 0.01, 0.5] if short else [0, 1.0, 1e30, float("inf")])
        arguments = {"n": n, "budget_ms": budget}
        name = type(session).__name__ + ".advance"
        if random.random() < 0.05:
            arguments["budget_ms"] = random.choice([-1, float("nan"), "x", None])
        result = self._call(random, name, session.advance, arguments, 0)
        session.done()
        return result

    def _state_of(self, random: Random, session: Any) -> None:
        arguments = {"prompt": _prompt(random, 2)}
        fed, ids = session.prompt_progress()
        assert 0 <= fed <= ids
        name = type(session).__name__ + ".prompt_state"
        found = self._call(random, name, session.prompt_state, arguments, 0.1)
        if found is not None:
            state, logits = found
            assert state.shape[1:] in ((1, H), (2, H))
            assert logits.shape == (V,)

    def _scoring(self, random: Random) -> None:
        inputs = [_ids(random, 0, 8) for _ in range(random.choice([0, 1, 2, 5, 100]))]
        arguments = {
            "model": self._native(random)[0],
            "inputs": inputs,
            "targets": [_ids(random, len(text), len(text)) for text in inputs],
            "rivals": random.choice([-1, -1, 0, 3, V - 1]),
            "threads": random.choice([1, 1, 1, 3]),
        }
        if random.random() < 0.5:
            arguments["inputs"] = [_as_array(random, text) for text in inputs]
        session = self._call(random, "ScoringSession", _engine.ScoringSession, arguments)
        if session is None:
            return
        for _ in range(random.randrange(4)):
            self._advance(random, session, 1)
        assert all((x <= 1e-5).all() or np.isnan(x).any() for x in session.log_probs())
        session.details()
        scored, all_ = session.progress()
        assert 0 <= scored <= all_ == sum(map(len, session.log_probs()))

    def _model(self, random: Random) -> None:
        checkpoint = random.choice(self._checkpoints)
        config = checkpoint.config
        arguments = {
            **{name: getattr(config, name) for name in ("cell", "layers", "bias")},
            "vocabulary_size": V,
            "embedding_size": E,
            "hidden_size": H,
            "precision": random.choice(["float32", "int8"]),
            "tensors": checkpoint.tensors,
        }
        model = self._call(random, "Model", _engine.Model, arguments, 0.9)
        model = model or self._native(random)[0]
        for _ in range(3):
            ids = np.array([_ids(random, 4, 4) for _ in range(random.randrange(1, 4))], np.int32)
            logits = self._call(random, "Model.logits", model.logits, {"ids": ids})
            assert logits is None or logits.shape[-1] == V

    def _functions(self, random: Random) -> None:
        x = np.array([random.uniform(-100, 100) for _ in range(random.randrange(40))], np.float32)
        if len(x):
            x[0] = random.choice([0, np.nan, np.inf, -np.inf, 1e-40])
        arguments = {"name": random.choice(["exp", "log"]), "x": x}
        mapped = self._call(random, "map_function", _engine.map_function, arguments)
        assert mapped is None or mapped.ndim == 1
        words = {"counter": [1, 2, 3, 2**32 - 1], "key": [5, 6]}
        self._call(random, "philox4x32", _engine.philox4x32, words)

    def _checkpoint_file(self, random: Random) -> None:
        """What loads at all also writes, or is refused for it."""
        self._file.write_bytes(damaged(random, random.choice(self._sealed)))
        loaded = self._call(random, "load_checkpoint", load_checkpoint, {"path": self._file}, 0)
        if loaded is not None:
            self._call(random, "Engine", Engine, {"checkpoint": loaded}, 0)

    def _state_file(self, random: Random) -> None:
        self._file.write_bytes(damaged(random, self._sealed_state))
        state = self._call(random, "PromptState.load", PromptState.load, {"path": self._file}, 0)
        if state is not None:
            self._write_from(random, self._engines[0], state)

    def _state_value(self, random: Random) -> None:
        """A state with an array of it spoiled, as a prompt."""
        number = random.randrange(len(self._states))
        state = self._states[number]
        name = random.choice(["ids", "state", "logits"])
        array = bad_array(random, getattr(state, name))
        if isinstance(array, np.ndarray):
            state = replace(state, **{name: array})
            self._write_from(random, self._engines[number], state)

    def _write_from(self, random: Random, engine: Engine, state: PromptState) -> None:
        strategy = random.choice([Greedy(), Sampling(), BeamSearch(width=3)])
        arguments = {"prompt": state + "ab", "strategy": strategy, "max_length": 4}
        completion = self._call(random, "Engine.write", engine.write, arguments, 0)
        assert completion is None or len(completion.text) <= 4


def _ids(random: Random, low: int, high: int) -> list[int]:
    return [random.randrange(1, V) for _ in range(random.randint(low, high))]


def _prompt(random: Random, prompts: int) -> int:
    return random.choice(INTEGERS) if random.random() < 0.3 else random.randrange(max(1, prompts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--trace", action="store_true", help="say the number of each case")
    options = parser.parse_args()
    faulthandler.enable()
    start, case = time.monotonic(), options.first
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(options.seed, Path(folder))
        while fuzzer.calls < options.calls:
            if case % 1000 == 0:
                print(f"case {case:,}: {fuzzer.calls:,} calls", flush=True)
            if options.trace:
                print(case, flush=True)
            faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
            try:
                fuzzer.run_case(case)
            except BaseException:
                print(f"in case {case} of seed {options.seed}:", file=sys.stderr, flush=True)
                raise
            case += 1
        faulthandler.cancel_dump_traceback_later()
    for name in sorted(fuzzer.accepted | fuzzer.refused):
        print(f"{name:28} accepted {fuzzer.accepted[name]:8,} refused {fuzzer.refused[name]:8,}")
    print(f"{fuzzer.calls:,} calls in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
