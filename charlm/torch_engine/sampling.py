"""A batch of completions being sampled: N = prompts x samples rows, in that order.

Shapes: N rows of the session, R rows of a part, V vocabulary, n positions, J rivals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.text.vocabulary import PAD
from charlm.torch_engine.details import check_rivals, details_of
from charlm.torch_engine.dice import Dice, keys_of
from charlm.torch_engine.filters import Filters
from charlm.torch_engine.model import Model
from charlm.torch_engine.options import check_all_taken, take
from charlm.torch_engine.parts import Given
from charlm.torch_engine.prompts import FloatArray
from charlm.torch_engine.pulled import PulledSession, fetched
from charlm.torch_engine.rules import Past, RuleOptions, Rules

if TYPE_CHECKING:
    from charlm.engine.contract import DetailArrays, Start

    Events = tuple[NDArray[np.int32], FloatArray, NDArray[np.bool_], DetailArrays | None]


@dataclass(frozen=True)
class _Asked:
    """Options that neither the filters nor the rules have."""

    samples: int
    max_length: int
    rivals: int


@dataclass(frozen=True)
class _Settings:
    """What all rows share."""

    model: Model
    filters: Filters
    rules: Rules
    max_length: int
    rivals: int

    def draw(self, logits: Tensor, noise: Tensor | None, allowed: Tensor) -> Given:
        """ids [R] and log_probs [R], one for each row of logits [R, V], and details if asked."""
        T = self.filters.temperature
        kept = self.filters.keep(logits, allowed)
        perturbed = logits if noise is None else logits + T * noise
        ids = perturbed.masked_fill(~kept, -torch.inf).argmax(1)
        log_probs = torch.log_softmax(logits, 1)
        drawn = (ids, log_probs.gather(1, ids[:, None])[:, 0])
        if self.rivals < 0:
            return drawn
        if T == 0:
            kept = torch.zeros_like(kept).scatter(1, ids[:, None], True)
        kept_logits = (logits / (T or 1)).masked_fill(~kept, -torch.inf)
        kept_log_probs = torch.log_softmax(kept_logits, 1)
        return drawn + details_of(log_probs, ids, kept_log_probs, self.rivals)


@dataclass
class _SampledRows:
    """Some rows; the newest ids have been drawn and not yet been fed."""

    settings: _Settings
    rows: Tensor  # [R] their places in the session
    dice: Dice | None  # greedy rows throw none
    past: Past
    state: Tensor  # [R, L, S, H]
    logits: Tensor  # [R, V], as of the first position
    open: Tensor  # bool [R], still being written
    ids: Tensor  # [R]
    given: Given = ()  # of the newest position: ids, log_probs, details
    produced: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Tensor) -> _SampledRows:
        rows = rows.to(self.rows.device)
        return replace(
            self,
            rows=self.rows[rows],
            dice=None if self.dice is None else self.dice.take(rows),
            past=self.past.take(rows),
            state=self.state[rows],
            logits=self.logits[rows],
            open=self.open[rows],
            ids=self.ids[rows],
        )

    def step(self) -> None:
        """Draw one id for every open row; it is fed when the next one is asked for."""
        model, rules = self.settings.model, self.settings.rules
        state, logits = self.state, self.logits
        if self.produced > 0:
            state = model.step(state, self.ids)
            logits = model.output(state)
        noise = None
        if self.dice is not None:
            noise = self.dice.at(self.produced, self.settings.max_length)
        drawn = self.settings.draw(logits, noise, rules.allowed(self.past))
        # A row whose logits overflow ends here, without an id.
        sound = self.open & logits.isfinite().all(1)
        ids = torch.where(sound, drawn[0], PAD)
        open_ = sound & ~rules.ending(self.past, ids)
        past = rules.after(self.past, ids)
        self.given = tuple(_blank(sound, tensor) for tensor in drawn)
        self.state, self.logits, self.past, self.open, self.ids = state, logits, past, open_, ids
        self.produced += 1


def _blank(open_: Tensor, tensor: Tensor) -> Tensor:
    """Zero (and PAD is 0) where a row has ended."""
    return torch.where(open_.view(-1, *(1,) * (tensor.dim() - 1)), tensor, 0)


class SamplingSession(PulledSession[_SampledRows]):
    """N rows being sampled, as `_engine.pyi` describes it. threads is not used."""

    @torch.inference_mode()
    def __init__(
        self,
        *,
        model: Model,
        prompts: Sequence[Sequence[int]],
        starts: Sequence[Start | None],
        dice: Sequence[tuple[int, int]],
        options: Mapping[str, object],
        threads: int,
    ) -> None:
        left = dict(options)
        filters, ruled, asked = take(left, Filters), take(left, RuleOptions), take(left, _Asked)
        check_all_taken(left)
        self.rows = len(prompts) * asked.samples
        super().__init__(model, prompts, starts, self.rows, asked.max_length)
        check_rivals(asked.rivals, model.config.vocabulary_size)
        rules = Rules(model.config.vocabulary_size, model.device, ruled)
        self._settings = _Settings(model, filters, rules, asked.max_length, asked.rivals)
        self._past = rules.begin(prompts)
        self._samples = asked.samples
        self._keys, self._first_samples = keys_of(dice, model.device)

    def advance(self, n: int, budget_ms: float) -> Events:
        """Run up to n positions, or until the budget is used: ids, log_probs, finished, details."""
        drawn = self._run(n, budget_ms)
        ids = fetched(drawn, 0, (self.rows,), np.int32)
        log_probs = fetched(drawn, 1, (self.rows,), np.float32)
        count = int((ids != PAD).any(1).sum())  # behind the last row's end nothing was asked for
        details = None
        if self._settings.rivals >= 0:
            rows, rivals = (self.rows,), (self.rows, self._settings.rivals)
            details = (
                fetched(drawn, 2, rows, np.int32)[:count],
                fetched(drawn, 3, rows, np.float32)[:count],
                fetched(drawn, 4, rivals, np.int32)[:count],
                fetched(drawn, 5, rivals, np.float32)[:count],
                fetched(drawn, 6, rivals, np.float32)[:count],
            )
        return ids[:count], log_probs[:count], self._finished.copy(), details

    def _begin(self) -> _SampledRows:
        settings, device = self._settings, self._model.device
        rows = torch.arange(self.rows, device=device)
        prompt = rows // self._samples
        state, logits = self._prompts.ends()
        dice = None
        if settings.filters.temperature > 0:
            sample = self._first_samples[prompt] + rows % self._samples
            position, slot = self._prompts.lengths[prompt], torch.zeros_like(rows)
            dice = Dice(logits.shape[1], self._keys[prompt], sample, position, slot)
        return _SampledRows(
            settings=settings,
            rows=rows,
            dice=dice,
            past=self._past.take(prompt),
            state=state[prompt],
            logits=logits[prompt],
            open=torch.ones(self.rows, dtype=torch.bool, device=device),
            ids=torch.zeros_like(rows),
        )

    def _drop(self, part: _SampledRows, ended: Tensor) -> None:
        """Nothing: what was drawn has been given."""
