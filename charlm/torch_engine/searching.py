"""A batch of beam searches, one a prompt: what is pulled from them, and their best texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.torch_engine.beams import Searches, SearchOptions, SearchSettings, Slots
from charlm.torch_engine.dice import keys_of
from charlm.torch_engine.filters import Filters
from charlm.torch_engine.model import Model
from charlm.torch_engine.options import check_all_taken, take
from charlm.torch_engine.parts import EngineError
from charlm.torch_engine.pulled import PulledSession, fetched
from charlm.torch_engine.rules import RuleOptions, Rules

if TYPE_CHECKING:
    from charlm.engine.contract import Best, Start

IntArray = NDArray[np.int32]


class _Found(NamedTuple):
    """A hypothesis on the host; parent is its slot at the position before its last."""

    score: float
    log_prob: float
    length: int
    parent: int
    id: int
    finished: bool


class BeamSession(PulledSession[Searches]):
    """P searches of K hypotheses, as `_engine.pyi` describes it. threads is not used."""

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
        ruled, asked = take(left, RuleOptions), take(left, SearchOptions)
        check_all_taken(left)
        super().__init__(model, prompts, starts, len(prompts), asked.max_length)
        rules = Rules(model.config.vocabulary_size, model.device, ruled)
        self.prompts, self.width = len(prompts), asked.width
        self._settings = SearchSettings(
            **vars(asked), model=model, rules=rules, filters=Filters(top_p=asked.top_p)
        )
        self._past = rules.begin(prompts)
        self._keys, self._samples = keys_of(dice, model.device)
        self._parents: list[IntArray] = []  # [P, K] of each position
        self._ids: list[IntArray] = []
        self._ended: dict[int, list[_Found]] = {}  # of searches whose place was given up

    def advance(
        self, n: int, budget_ms: float
    ) -> tuple[IntArray, IntArray, NDArray[np.float64], NDArray[np.bool_]]:
        """Run up to n positions: parents, ids, scores [n, P, K], finished [P]."""
        given = self._run(n, budget_ms)
        slots = (self.prompts, self.width)
        parents = fetched(given, 0, slots, np.int32) - 1
        ids = fetched(given, 1, slots, np.int32)
        scores = fetched(given, 2, slots, np.float64)
        # Behind the last search's end nothing was asked for.
        count = int(fetched(given, 3, (self.prompts,), np.bool_).any(1).sum())
        self._parents += list(parents[:count])
        self._ids += list(ids[:count])
        return parents[:count], ids[:count], scores[:count], self._finished.copy()

    def best(self, prompt: int) -> list[Best]:
        """(ids, log_prob, score, length, finished) of the K best as they stand, best first."""
        if not 0 <= prompt < self.prompts:
            raise EngineError(f"prompt {prompt} of {self.prompts}")
        if self._produced == 0:
            return [([], 0.0, 0.0, 0, False)]
        ranked = sorted(self._found(prompt), key=lambda found: -found.score)[: self.width]
        return [
            (self._text(prompt, found), found.log_prob, found.score, found.length, found.finished)
            for found in ranked
        ]

    def _found(self, prompt: int) -> list[_Found]:
        for part in self._parts:
            for place in (part.rows == prompt).nonzero()[:, 0].tolist():
                return _found_in(part, place)
        return self._ended[prompt]

    def _text(self, prompt: int, found: _Found) -> list[int]:
        """The ids of a hypothesis, traced back from its last."""
        ids, slot = [found.id], found.parent
        for position in range(found.length - 2, -1, -1):
            ids.append(int(self._ids[position][prompt, slot]))
            slot = self._parents[position][prompt, slot]
        return ids[::-1]

    def _begin(self) -> Searches:
        device, count = self._model.device, self.prompts
        state, logits = self._prompts.ends()
        zero = torch.zeros(count, 1, dtype=torch.float64, device=device)
        none = torch.zeros(count, 1, dtype=torch.int64, device=device)
        root = Slots(zero, zero, zero, none, none, none)
        nothing = Slots(*(tensor.expand(count, self.width) for tensor in root))
        everywhere = torch.ones(count, 1, dtype=torch.bool, device=device)
        return Searches(
            settings=self._settings,
            rows=torch.arange(count, device=device),
            key=self._keys,
            sample=self._samples,
            position=self._prompts.lengths,
            past=self._past,
            state=state,
            logits=logits,
            dice=None,
            slots=root,
            finished=nothing.blank(everywhere),
            count=none[:, 0],
            length=zero.new_zeros(()),
            open=everywhere[:, 0],
        )

    def _drop(self, part: Searches, ended: Tensor) -> None:
        for place in ended.tolist():
            self._ended[int(part.rows[place])] = _found_in(part, place)


def _found_in(part: Searches, place: int) -> list[_Found]:
    """Finished and open hypotheses of a search, as they stand; the finished first."""
    found = []
    for slots, finished in ((part.finished, True), (part.slots, False)):
        columns = (slots.score, slots.log_prob, slots.length, slots.parent, slots.id)
        numbers = torch.stack([column[place].double() for column in columns], 1)
        for score, log_prob, *integers in numbers[numbers[:, 0] > -torch.inf].tolist():
            length, parent, id = map(int, integers)
            found.append(_Found(score, log_prob, length, parent, id, finished))
    return found
