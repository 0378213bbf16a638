"""The fuzzer's cases of `charlm._training`: see fuzz_engine.py."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from fuzzing import EXTREMES, INTEGERS

from charlm import _training
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig, parameter_shapes

SIZES = "vocabulary_size", "embedding_size", "hidden_size"
SHARES = [0, 0, 0.3, 0.999]
Arrays = dict[str, np.ndarray]
#: What calls, perhaps with arguments that it spoiled, and counts: random, name, what, arguments,
#: and how often they are spoiled.
Call = Callable[..., Any]


class TrainingCases:
    """What is called, and what must hold of that which comes out."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def passes(self, random: Random) -> None:
        """A pass, and some batches through it."""
        cell: Any = random.choice([*CELLS])
        config = ModelConfig(cell, 11, 3, random.choice([1, 5, 17]), random.choice([1, 2]))
        arguments = {
            **{name: getattr(config, name) for name in ("cell", "layers", "bias")},
            **{name: getattr(config, name) for name in SIZES},
            "padding": random.choice([0, 0, 3, -1, 2**40]),
            "regularisers": {
                "dropout": random.choice(SHARES),
                "locked": random.random() < 0.5,
                "embedding_dropout": random.choice(SHARES),
                "weight_dropout": random.choice(SHARES) if CELLS[cell].recurrent else 0,
                "recurrent_dropout": random.choice(SHARES),
                "activation_penalty": random.choice([0, 2.0, 1e30]),
                "slowness_penalty": random.choice([0, 1.0, 1e30]),
            },
            "threads": random.choice([1, 1, 2, 5]),
        }
        made = self._call(random, "Pass", _training.Pass, arguments, 0.2)
        for _ in range(random.randrange(4) if made else 0):
            self._run(random, made, config)

    def _run(self, random: Random, made: _training.Pass, config: ModelConfig) -> None:
        dice = np.random.default_rng(random.getrandbits(32))
        times, rows = random.choice([1, 2, 5]), random.choice([1, 2, 3, 9])
        weights = _numbers(random, dice, config)
        _, vectors, size = config.state_shape
        states = [dice.random((rows, size)).astype("f4") for _ in range(config.layers * vectors)]
        ids = dice.integers(0, config.vocabulary_size, (2, times, rows))
        wide = times, rows, len(config.gates) * config.hidden_size
        how = random.choice(["back", "back", "gates", "alone"])
        back = {name: np.empty_like(weight) for name, weight in weights.items()}
        gates = [np.empty(wide, "f4") for _ in range(config.layers)]
        arguments = {
            "weights": weights,
            "inputs": ids[0].copy(),
            "targets": ids[1].copy(),
            "states": states,
            "mask": random.choice([None, (1, 2, 3), (2**64 - 1, 2**32 - 1, 2**32 - 1)]),
            "gradients": back if how == "back" else None,
            "gates": gates if how == "gates" else None,
            "part": random.choice([None, (0, 9, 5), (2**32 - 1, 2**32 - 1, 0), (1, 0, 2**32 - 1)]),
        }
        found = self._call(random, "Pass.run", made.run, arguments)
        if found is not None:
            loss, count, _ = found
            assert count >= 0
            assert count or loss == 0

    def functions(self, random: Random) -> None:
        """What an update is made of, and the masks."""
        dice, n = np.random.default_rng(random.getrandbits(32)), random.choice([0, 1, 15, 16, 40])
        w, g, m, v = (dice.normal(size=n).astype("f4") for _ in range(4))
        if n:
            g[0] = random.choice([*EXTREMES, 0])
        betas = {"beta1": 0.9, "new1": 0.1, "beta2": 0.99, "new2": 0.01}
        moments = {"weights": w, "gradient": g, "mean": m, "square": v * v}
        rest = {"keep": 0.999, "rate": 0.01, "root": 1.0, "epsilon": 1e-8}
        self._call(random, "adamw", _training.adamw, moments | betas | rest)
        rates = {"rate": 0.1, "momentum": random.choice([0, 0.9]), "decay": 0.1}
        moved = {"weights": w, "gradient": g, "velocity": m}
        self._call(random, "sgd", _training.sgd, moved | rates)
        self._call(random, "approach", _training.approach, {"mean": m, "x": w, "share": 0.1})
        squares = self._call(random, "squares", _training.squares, {"x": g})
        assert squares is None or not squares < 0
        share = random.choice(SHARES)
        place = {"place": random.randrange(5), "layer": 1, "time": random.choice(INTEGERS)}
        row = {"row": random.choice(INTEGERS), "size": random.choice([0, 1, 130, 1000])}
        named = {"key": (random.choice(INTEGERS), 1, 2), "share": share} | place | row
        mask = self._call(random, "mask", _training.mask, named, 0.2)
        assert mask is None or (mask >= 0).all()


def _numbers(random: Random, dice: np.random.Generator, config: ModelConfig) -> Arrays:
    """Weights, of which a few may be out of all bounds."""
    made = {
        name: dice.normal(0, 0.5, parameter.shape).astype("f4")
        for name, parameter in parameter_shapes(config).items()
    }
    if random.random() < 0.1:
        spoiled = made[random.choice([*made])]
        spoiled.flat[random.randrange(spoiled.size)] = random.choice(EXTREMES)
    return made
