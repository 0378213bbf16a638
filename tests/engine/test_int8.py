"""int8: every step against the reference, exact sums, and the same bits in any company."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from agreement import written
from models import random_checkpoint
from strategies import BOUNDED, CELLS, SIZES, STRATEGIES, random_ids

from charlm import _engine
from charlm.engine.engine import Engine
from charlm.engine.prompt_state import PromptState
from charlm.errors import CharlmError, InputError
from charlm.model.config import Precision
from charlm.reference import Margin, ReferenceModel
from charlm.run.checkpoint import Checkpoint

NEAR = 1e-4  # of a 127th: nearer to a tie than this, a state may be rounded either way
TEXT = "the cat sat, on. a mat? zzz"


def int8(checkpoint: Checkpoint, threads: int = 1) -> Engine:
    return Engine(checkpoint, threads=threads, precision="int8")


@pytest.fixture
def isas(monkeypatch: pytest.MonkeyPatch) -> Any:
    """isas(make) -> what make() gives on every instruction set that the processor has."""

    def each(make: Any) -> dict[str, Any]:
        made = {}
        for isa in _engine.instruction_sets():
            monkeypatch.setenv("CHARLM_FORCE_ISA", isa)
            made[isa] = make()
        return made

    return each


def off_by(engine: Engine, precision: Precision = "int8") -> list[float]:
    """How far each step of a text is from the reference's, relative; ties are left out.

    Every step begins with the engine's own state, so that one that was rounded otherwise does
    not make the next ones differ.
    """
    reference = ReferenceModel(engine.checkpoint, precision)
    before, off = engine.feed(""), []
    for character in TEXT:
        after = engine.feed(before + character)
        old = [tuple(layer.astype(np.float64)) for layer in before.state]
        reference.margin = Margin()
        new, logits = reference.step(old, engine.vocabulary.to_id[character])
        if reference.margin.least >= NEAR:
            expected = np.concatenate([*(array for layer in new for array in layer), logits])
            actual = np.concatenate([after.state.ravel(), after.logits])
            off.append(float(np.abs((actual - expected) / np.maximum(1, np.abs(expected))).max()))
        before = after
    return off


@pytest.mark.parametrize("cell", [name for name in CELLS if name not in BOUNDED])
def test_a_state_without_bounds_is_refused_in_one_line(cell: str) -> None:
    with pytest.raises(InputError, match=f"^precision int8 is not for cell {cell}: .*$"):
        int8(random_checkpoint(cell))


@pytest.mark.parametrize("cell", BOUNDED)
@pytest.mark.parametrize(("size", "layers"), SIZES)
def test_a_step_equals_the_reference(cell: Any, size: int, layers: int) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=size, layers=layers)
    off = off_by(int8(checkpoint))
    assert len(off) > len(TEXT) / 2 and max(off) < 2e-6
    # The comparison sees the rounding: without it, it fails.
    assert max(off_by(int8(checkpoint), "float32")) > 1e-4
    assert max(off_by(Engine(checkpoint), "int8")) > 1e-4


@pytest.mark.parametrize("cell", BOUNDED)
@pytest.mark.parametrize(("size", "layers"), SIZES)
def test_logits_do_not_know_their_neighbours_nor_the_instruction_set(
    cell: Any, size: int, layers: int, isas: Any
) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=size, layers=layers)
    ids = random_ids(int8(checkpoint), 64, 6)
    engines: dict[str, Engine] = isas(lambda: int8(checkpoint))
    alone = np.concatenate([engines["portable"].logits(ids[n : n + 1]) for n in range(64)])
    for rows in range(1, 65):
        order = np.random.default_rng(rows).permutation(64)[:rows]
        batch = np.ascontiguousarray(ids[order])
        for isa, engine in engines.items():
            if isa != "portable" or rows in (2, 5, 49):
                assert engine.logits(batch).tobytes() == alone[order].tobytes(), (isa, rows)


@pytest.mark.parametrize("cell", BOUNDED)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_a_text_does_not_know_its_neighbours_nor_the_threads(
    cell: Any, strategy: Any, isas: Any
) -> None:
    checkpoint = random_checkpoint(cell, "sentence", hidden_size=33, layers=2, end=1.0)
    prompts = ["", "a", "the end", "abc. ", "zzzz?", "é", "no", "yes, "] * 3
    options: Any = {"max_length": 30, "seed": 5}
    engine = int8(checkpoint)
    firsts = engine.sample_indices(prompts, strategy)
    alone = [
        written(engine, [p], strategy, first_sample=first, **options)[0]
        for p, first in zip(prompts, firsts, strict=True)
    ]
    backwards: Any = {"first_sample": firsts[::-1], **options}
    for threads in (1, 2, 3, 4):
        together = int8(checkpoint, threads)
        assert written(together, prompts[::-1], strategy, **backwards) == alone[::-1]
    for texts in isas(lambda: int8(checkpoint).write_many(prompts, strategy, **options)).values():
        assert texts == alone
    assert Engine(checkpoint).write_many(prompts, strategy, **options) != alone


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_log_prob_is_what_scoring_gives_back(strategy: Any) -> None:
    engine = int8(random_checkpoint("gru", hidden_size=33, layers=2))
    whole = engine.write("ab", strategy, max_length=30)
    score = engine.score("ab" + whole.text)
    assert score.log_probs[2:].sum(dtype=np.float64) == pytest.approx(whole.log_prob, rel=1e-6)


def with_weights(checkpoint: Checkpoint, change: Any) -> Checkpoint:
    """change(name, weights) of every tensor."""
    tensors = {
        name: np.ascontiguousarray(change(name, w), dtype=np.float32)
        for name, w in checkpoint.tensors.items()
    }
    return replace(checkpoint, tensors=tensors)


@pytest.mark.parametrize("cell", BOUNDED)
def test_a_row_of_zeros_keeps_its_place(cell: Any) -> None:
    def change(name: str, w: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(w))[:, None] % 3 == 1, 0, w) if w.ndim == 2 else w

    engine = int8(with_weights(random_checkpoint(cell, hidden_size=33, layers=2), change))
    assert max(off_by(engine)) < 2e-6
    state = engine.feed(TEXT)
    bias = engine.checkpoint.tensors["output_bias"]
    assert (state.logits[1::3] == bias[1::3]).all() and (state.logits[::3] != bias[::3]).all()


@pytest.mark.parametrize("cell", BOUNDED)
@pytest.mark.parametrize("size", [1e30, 1e5, 1e-5, 1e-36, 1e-44])
def test_weights_of_any_size(cell: Any, size: float, isas: Any) -> None:
    checkpoint = random_checkpoint(cell, hidden_size=33, layers=2)

    def change(name: str, w: np.ndarray) -> np.ndarray:
        return w * np.float32(size) if "weight" in name else w

    checkpoint = with_weights(checkpoint, change)
    states: dict[str, PromptState] = isas(lambda: int8(checkpoint).feed(TEXT))
    for state in states.values():
        assert np.isfinite(state.state).all() and np.isfinite(state.logits).all()
        assert state.state.tobytes() == states["portable"].state.tobytes()
        assert state.logits.tobytes() == states["portable"].logits.tobytes()
    if size < 1:
        assert max(off_by(int8(checkpoint))) < 2e-6


def test_weights_past_every_number_are_told() -> None:
    checkpoint = with_weights(
        random_checkpoint(hidden_size=33), lambda name, w: w * np.float32(1e38) / np.abs(w).max()
    )
    with pytest.raises(CharlmError, match="overflow"):
        int8(checkpoint).score(TEXT)


SIGNS = ["all up", "all down", "one of each", "random"]


def signs(kind: str, size: int) -> np.ndarray:
    random = np.random.default_rng(1).choice([-1, 1], size)
    each = np.where(np.arange(size) % 2, 1, -1)
    return {"all up": np.ones(size), "all down": -np.ones(size), "one of each": each}.get(
        kind, random
    )


@pytest.mark.parametrize("size", [1, 7, 130, 1000])
@pytest.mark.parametrize("states", SIGNS)
@pytest.mark.parametrize("weights", [*SIGNS, "whole"])
def test_sums_are_exact_at_their_extremes(size: int, states: str, weights: str, isas: Any) -> None:
    """States of +-1 and weights of +-127 scales: the logits must be those integers, scaled."""
    checkpoint = random_checkpoint("rnn", hidden_size=size)
    V = checkpoint.config.vocabulary_size
    random = np.random.default_rng(2)
    q = random.integers(-127, 128, (V, size)) if weights == "whole" else None
    q = np.tile(127 * signs(weights, size), (V, 1)) if q is None else q
    q[:, 0] = 127  # so that the scale is known
    h = signs(states, size)

    def change(name: str, w: np.ndarray) -> np.ndarray:
        given = {"layers.0.bias": 1e4 * h, "output_weight": q / 64, "output_bias": np.zeros(V)}
        return np.asarray(given.get(name, w))

    checkpoint = with_weights(checkpoint, change)
    sums = (q @ (127 * h)).astype(np.int64)
    expected = sums.astype(np.float32) * (np.float32(1 / 64) / np.float32(127))
    for isa, logits in isas(lambda: int8(checkpoint).logits(np.ones((7, 1), np.int32))).items():
        assert (logits == expected).all(), isa


@pytest.mark.parametrize("cell", BOUNDED)
@pytest.mark.parametrize("kind", SIGNS)
def test_a_step_from_a_state_at_its_ends(cell: Any, kind: str, isas: Any) -> None:
    """All |h| = 1 and all |q| = 127 in every product of two layers."""
    checkpoint = random_checkpoint(cell, hidden_size=130, layers=2)

    def change(name: str, w: np.ndarray) -> np.ndarray:
        return np.tile(signs(kind, w.shape[1]) / 1024, (len(w), 1)) if w.ndim == 2 else w

    checkpoint = with_weights(checkpoint, change)
    reference = ReferenceModel(checkpoint, "int8")

    def step() -> tuple[PromptState, PromptState]:
        engine = int8(checkpoint)
        ends = engine.feed("a")
        ends.state[:] = signs(kind, 130)
        return ends, engine.feed(ends + "b")

    for isa, (before, after) in isas(step).items():
        old = [tuple(layer.astype(np.float64)) for layer in before.state]
        new, logits = reference.step(old, checkpoint.vocabulary.to_id["b"])
        assert reference.margin.least >= NEAR
        expected = np.array(new)
        assert np.abs(after.state - expected).max() < 2e-6, isa
        assert np.abs(after.logits - logits).max() < 2e-6 * np.abs(logits).max(), isa
