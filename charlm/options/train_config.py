"""The options of a training as one frozen value: what is left open is filled, the rest checked.

The options themselves stand in `charlm.options.train_fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from charlm.device import CPU, check_device
from charlm.errors import InputError
from charlm.model.cells import CELLS
from charlm.model.config import ModelConfig
from charlm.options.proposal import (
    USUAL_CHARACTERS,
    USUAL_VOCABULARY,
    cores,
    proposed_batch,
    proposed_characters,
    proposed_dropout,
    proposed_hidden,
    usual_pace,
)
from charlm.options.rates import FINE_TUNING_RATE, default_rate, default_warm_up
from charlm.options.train_fields import (
    BUDGETS,
    FLOAT32,
    LOOP,
    MASKED,
    MASKED_IN_WORDS,
    MOST_THREADS,
    NATIVE,
    OPTIMISERS,
    OPTIONS,
    PROPOSED,
    TrainFields,
)
from charlm.text.preparation import AUTO

_DEFAULT_PLATEAU = 2


@dataclass(frozen=True, kw_only=True)
class TrainConfig(TrainFields):
    """What a training is to do. `None`, where a field may have it, means that it is not given.

    What is left open is filled when the value is made; what is proposed for a text (`PROPOSED`) is
    so for a usual one until `for_text` tells how long it is. Raises InputError for options that do
    not go together.
    """

    #: How many characters there are to learn from; 0 while the text is not known.
    text_characters: int = 0
    #: The fields that were left open: they hold what is proposed, for a usual text or for this one.
    proposed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        left_open = [name for name in PROPOSED if getattr(self, name) is None]
        if any(getattr(self, name) is not None for name in BUDGETS):
            left_open = [name for name in left_open if name != "characters"]
        object.__setattr__(self, "proposed", tuple(left_open) or self.proposed)
        self._fill({n: value for n, value in self._by_text().items() if n in left_open})
        self._fill(self._by_others())
        self._check()

    def _fill(self, values: Mapping[str, float | str | None]) -> None:
        for name, value in values.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def for_text(self, characters: int) -> TrainConfig:
        """Itself, with what is proposed for a text of so many characters to learn from."""
        left_open: dict[str, Any] = dict.fromkeys(self.proposed)
        return replace(self, text_characters=characters, **left_open)

    def _by_text(self) -> dict[str, float]:
        """What the fields that are left open become by the text."""
        size = self.text_characters or USUAL_CHARACTERS
        return {
            "hidden": self.embedding if self.tied else proposed_hidden(size),
            "batch": proposed_batch(size),
            "characters": proposed_characters(size),
        }

    def _by_others(self) -> dict[str, float | str | None]:
        """What they become by other fields: passes, optimiser, schedule, cell, units, device.

        With --device auto sequence and threads stay open until the device is known.
        """
        taken = OPTIMISERS[self.optimiser]
        own = default_rate(self.cell, self.hidden, self.layers)
        rate = FINE_TUNING_RATE if self.start_from else own
        sequence = self.sequence or {AUTO: None, CPU: NATIVE}.get(self.device, LOOP)
        threads = {None: None, LOOP: 1, NATIVE: min(MOST_THREADS, cores())}
        return {
            "dropout": proposed_dropout(self.passes, self.share),
            "learning_rate": taken.get("learning_rate", rate),
            "warm_up": 0 if self.start_from else default_warm_up(self.layers, self.updates),
            "weight_decay": taken["weight_decay"],
            "momentum": taken.get("momentum"),
            "plateau": _DEFAULT_PLATEAU if self.schedule == "plateau" else None,
            "sequence": sequence,
            "threads": threads[sequence],
        }

    @property
    def share(self) -> float:
        """Parameters for each character to learn from, about: by a usual vocabulary."""
        size = self.text_characters or USUAL_CHARACTERS
        return self.model(USUAL_VOCABULARY).parameter_count / size

    @property
    def passes(self) -> float:
        """How often the text is read, about: of a budget in minutes, at a usual pace."""
        size = self.text_characters or USUAL_CHARACTERS
        held = (
            (self.characters, 1.0),
            (self.steps, self._per_step),
            (self.epochs, float(size)),
            (self.minutes, 60 * usual_pace(self.hidden, self.layers)),
        )
        return min(budget * each for budget, each in held if budget) / size

    @property
    def updates(self) -> float:
        """How often the weights change, about."""
        size = self.text_characters or USUAL_CHARACTERS
        return self.passes * size / self._per_step

    @property
    def _per_step(self) -> float:
        """Characters of an update, at most."""
        return self.batch * self.length * self.accumulate

    def _check(self) -> None:
        if self.momentum is not None and "momentum" not in OPTIMISERS[self.optimiser]:
            raise InputError(f"--momentum does not go with --optimiser {self.optimiser}")
        if self.schedule != "plateau" and self.plateau is not None:
            raise InputError(f"--plateau does not go with --schedule {self.schedule}")
        if self.recurrent_dropout and self.cell not in MASKED:
            raise InputError(
                f"--recurrent-dropout goes with --cell {MASKED_IN_WORDS}: an {self.cell} has no"
                " gate"
            )
        if self.weight_dropout and not CELLS[self.cell].recurrent:
            raise InputError(
                f"--weight-dropout does not go with --cell {self.cell}: it has no recurrent weights"
            )
        if self.tied and self.embedding != self.hidden:
            raise InputError("--tied needs --embedding as large as --hidden")
        if self.random_length and self.unit not in ("auto", "continuous"):
            raise InputError("--random-length goes with --unit continuous alone")
        check_device(self.device)
        if self.sequence == NATIVE and self.device not in (CPU, AUTO):
            raise InputError(
                f"--sequence {NATIVE} is the CPU's alone: leave it out, or take --device {CPU}"
            )
        if self.precision != FLOAT32 and self.device == CPU:
            raise InputError(
                f"--precision {self.precision} goes with --device cuda alone: on the CPU a training"
                f" computes in {FLOAT32}"
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The config of plain values, as a resume file or a command line has them.

        Options that are not among them have their defaults. Raises InputError.
        """
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**given)

    def plain(self) -> dict[str, Any]:
        """Its values as JSON has them, for a resume file."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}

    def model(self, vocabulary_size: int) -> ModelConfig:
        """The model that is trained."""
        return ModelConfig(
            self.cell,
            vocabulary_size,
            self.embedding,
            self.hidden,
            self.layers,
            bias=CELLS[self.cell].biased or self.gru_bias,
        )
