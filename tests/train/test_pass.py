"""`charlm._training.Pass` by itself, on NumPy: any size, any thread, nothing that is wrong.

No torch: these run under the sanitisers too.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from charlm import _training
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig, parameter_shapes

OFF = {
    "dropout": 0.0,
    "locked": False,
    "embedding_dropout": 0.0,
    "weight_dropout": 0.0,
    "recurrent_dropout": 0.0,
    "activation_penalty": 0.0,
    "slowness_penalty": 0.0,
}
ON = {**OFF, "dropout": 0.3, "embedding_dropout": 0.2, "activation_penalty": 2.0} | {
    "slowness_penalty": 1.0
}
KEY = (1, 2, 3)
Arrays = dict[str, np.ndarray]


def made(config: ModelConfig, threads: int = 1, **regularisers: Any) -> _training.Pass:
    return _training.Pass(
        cell=config.cell,
        vocabulary_size=config.vocabulary_size,
        embedding_size=config.embedding_size,
        hidden_size=config.hidden_size,
        layers=config.layers,
        bias=config.bias,
        padding=0,
        regularisers={**OFF, **regularisers},
        threads=threads,
    )


def weights_of(config: ModelConfig) -> Arrays:
    dice = np.random.default_rng(5)
    return {
        name: dice.normal(0, 0.3, parameter.shape).astype(np.float32)
        for name, parameter in parameter_shapes(config).items()
    }


def batch_of(config: ModelConfig, times: int, rows: int) -> dict[str, Any]:
    dice = np.random.default_rng(times * 100 + rows)
    ids = dice.integers(0, config.vocabulary_size, (2, times, rows))
    _, states, size = config.state_shape
    vectors = [dice.random((rows, size)).astype(np.float32) for _ in range(config.layers * states)]
    return {"inputs": ids[0].copy(), "targets": ids[1].copy(), "states": vectors}


def run(
    one: _training.Pass, config: ModelConfig, times: int, rows: int, mask: Any = KEY
) -> tuple[bytes, ...]:
    """All that a pass gives, as bytes: results, states, gradients."""
    batch, weights = batch_of(config, times, rows), weights_of(config)
    gradients = {name: np.full_like(weight, np.nan) for name, weight in weights.items()}
    results = one.run(weights=weights, mask=mask, gradients=gradients, **batch)
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    arrays = [*batch["states"], *gradients.values()]
    return repr(results).encode(), *(array.tobytes() for array in arrays)


def configs() -> Iterator[ModelConfig]:
    sizes = [(3, 1, 1), (5, 15, 16), (17, 16, 17), (33, 40, 50)]
    for cell, (characters, embedding, hidden) in itertools.product(CELLS, sizes):
        yield ModelConfig(
            cell,  # type: ignore[arg-type]
            characters,
            embedding,
            hidden,
            layers=1 + hidden % 3,
            bias=hidden != 17,
        )


@pytest.mark.parametrize("config", [*configs()], ids=str)
def test_a_pass_does_not_know_what_it_did_before(config: ModelConfig) -> None:
    """Buffers are kept: batches that grow and shrink, with what is hidden and without."""
    used = made(config, threads=2, **ON)
    for (times, rows), mask in itertools.product([(4, 3), (1, 1), (9, 7), (2, 5)], (KEY, None)):
        expected = run(made(config, **ON), config, times, rows, mask)
        assert run(used, config, times, rows, mask) == expected
        batch = batch_of(config, times, rows)
        used.run(weights=weights_of(config), mask=None, gradients=None, **batch)


@pytest.mark.parametrize("cell", CELLS)
def test_rows_that_are_padding_change_nothing(cell: Any) -> None:
    config = ModelConfig(cell, 9, 5, 18, layers=2)
    weights, batch = weights_of(config), batch_of(config, 4, 3)
    batch["targets"][batch["targets"] == 0] = 1
    wider = {
        name: np.concatenate([batch[name], np.zeros((4, 2), np.int64)], axis=1)
        for name in ("inputs", "targets")
    }
    states = [np.concatenate([s, np.ones((2, 18), np.float32)]) for s in batch["states"]]
    found = []
    for given in (batch, {**wider, "states": states}):
        gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
        results = made(config).run(weights=weights, mask=None, gradients=gradients, **given)
        found.append((results, gradients))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for name in weights:
        np.testing.assert_allclose(found[0][1][name], found[1][1][name], rtol=0, atol=1e-7)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("locked", [False, True])
def test_rows_of_a_batch_add_up_to_the_whole(cell: Any, locked: bool) -> None:
    """With all that hides and all that is paid for; some rows are all padding, one part too."""
    config = ModelConfig(cell, 9, 5, 18, layers=2)
    regularised = {**ON, "locked": locked, "recurrent_dropout": 0.2 if CELLS[cell].candidate else 0}
    regularised["weight_dropout"] = 0.2 if CELLS[cell].recurrent else 0
    weights, batch = weights_of(config), batch_of(config, 6, 7)
    batch["targets"][3:, 2:5] = 0
    batch["targets"][:, 4] = 0
    real = batch["targets"] != 0
    whole = int(real.sum()), int(real[1:].sum())

    def learned(first: int, end: int) -> tuple[tuple[float, int, float], Arrays, list[np.ndarray]]:
        gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
        states = [state[first:end].copy() for state in batch["states"]]
        results = made(config, threads=2, **regularised).run(
            weights=weights,
            inputs=batch["inputs"][:, first:end].copy(),
            targets=batch["targets"][:, first:end].copy(),
            states=states,
            mask=KEY,
            gradients=gradients,
            part=None if (first, end) == (0, 7) else (first, *whole),
        )
        return results, gradients, states

    results, gradients, states = learned(0, 7)
    parts = [learned(*rows) for rows in ((0, 3), (3, 4), (4, 5), (5, 7))]
    sums = [sum(part[0][i] for part in parts) for i in range(3)]
    assert sums == pytest.approx(results, rel=1e-6)
    for name, gradient in gradients.items():
        found = np.sum([part[1][name] for part in parts], axis=0, dtype=np.float64)
        np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-6)
    for number, state in enumerate(states):
        found = np.concatenate([part[2][number] for part in parts])
        assert (found == state).all()


def test_threads_may_share_a_pass() -> None:
    config = ModelConfig("lstm", 9, 5, 18, layers=2)
    one, expected = made(config, threads=2, **ON), run(made(config, **ON), config, 7, 5)
    found: list[tuple[bytes, ...]] = []
    threads = [
        threading.Thread(target=lambda: found.extend(run(one, config, 7, 5) for _ in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20


GOOD = ModelConfig("gru", 9, 5, 18, layers=2, bias=False)
WRONG: list[Any] = [
    None, "", "lstm", -1, 0, 1, 2**31, 2**63, 2**70, 0.5, float("nan"), b"x", [], [1], (1, 2), {},
    {"dropout": 1}, np.zeros(3), np.zeros((2, 2), np.float32), np.zeros((4, 3), np.int64),
    np.full((4, 3), -1), np.full((4, 3), 2**40), np.zeros((4, 3), np.int64)[:, ::-1],
    np.zeros((0, 0), np.int64), np.zeros((5, 0), np.float32), object(), True,
]  # fmt: skip


def test_wrong_calls_of_every_kind_are_refused_or_right() -> None:
    """Whatever is given, it is an error of Python's or a number; see also `make asan`."""
    dice, refused = random.Random(1), 0
    arguments = {
        "cell": "gru", "vocabulary_size": 9, "embedding_size": 5, "hidden_size": 18, "layers": 2,
        "bias": False, "padding": 0, "regularisers": ON, "threads": 2,
    }  # fmt: skip
    for _ in range(400):
        name = dice.choice([*arguments])
        try:
            _training.Pass(**{**arguments, name: dice.choice(WRONG)})
        except (TypeError, ValueError, OverflowError):
            refused += 1
    one = made(GOOD, threads=2, **ON)
    for _ in range(800):
        weights, batch = weights_of(GOOD), batch_of(GOOD, 4, 3)
        gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
        call = {"weights": weights, "gradients": gradients, "mask": KEY, **batch}
        inside = dice.choice(["", *(n for n in call if isinstance(call[n], dict | list))])
        wrong = dice.choice(WRONG)
        if not inside:
            call[dice.choice([*call])] = wrong
        elif isinstance(call[inside], list):
            call[inside][dice.randrange(len(call[inside]))] = wrong
        else:
            call[inside][dice.choice([*call[inside], "another"])] = wrong
        try:
            one.run(**call)
        except (TypeError, ValueError, OverflowError):
            refused += 1
    assert refused > 900
    run(one, GOOD, 4, 3)
    never_made = _training.Pass.__new__(_training.Pass)
    with pytest.raises(TypeError):
        never_made.run(weights={}, mask=None, gradients=None, **batch_of(GOOD, 1, 1))


def test_weights_that_are_not_there_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="weight_dropout is not for cell mingru"):
        made(ModelConfig("mingru", 9, 5, 18), weight_dropout=0.5)


def test_arrays_live_as_long_as_the_pass_works_on_them() -> None:
    """Whatever the mapping that holds them does, and ids may be written over."""

    class Fleeting(dict[str, np.ndarray]):
        def __getitem__(self, name: str) -> np.ndarray:
            return super().__getitem__(name).copy()

    config = ModelConfig("gru", 5, 5, 18, layers=2, bias=False)
    batch, weights = batch_of(config, 4, 3), Fleeting(weights_of(config))
    gradients = Fleeting({name: np.zeros_like(weight) for name, weight in weights.items()})
    made(config).run(weights=weights, mask=None, gradients=gradients, **batch)
    assert all(gradient.any() for gradient in gradients.values())

    config = ModelConfig("gru", 6, 5, 18, layers=2, bias=False)
    batch, weights = batch_of(config, 1, 3), weights_of(config)
    ids = batch["inputs"].view(np.float32).reshape(6)
    gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
    made(config).run(
        weights=weights, mask=None, gradients={**gradients, "output_bias": ids}, **batch
    )
    assert ids.any()


def test_arrays_that_cannot_be_written_are_refused() -> None:
    weights, batch = weights_of(GOOD), batch_of(GOOD, 4, 3)
    gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
    gradients["output_bias"].flags.writeable = False
    with pytest.raises(ValueError, match="is read-only"):
        made(GOOD).run(weights=weights, mask=None, gradients=gradients, **batch)
    for array in weights.values():
        array.flags.writeable = False  # these are only read
    gradients["output_bias"].flags.writeable = True
    made(GOOD).run(weights=weights, mask=None, gradients=gradients, **batch)
