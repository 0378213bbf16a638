"""A session whose rows are beams, one of each prompt."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.decoding import BeamSearch, NucleusBeam
from charlm.engine.contract import Given, NativeBeams, refusals
from charlm.engine.events import BeamEvents, Completion
from charlm.engine.prompts import AnyPrompt
from charlm.engine.session import NO_DETAILS, Session, Task
from charlm.errors import InputError, argument
from charlm.wording import counted


class BeamSession(Session):
    """Row r is the beam of prompt r. Raises InputError where a beam has not what is asked."""

    _native: NativeBeams

    def __init__(self, task: Task, prompts: Sequence[AnyPrompt]) -> None:
        self.rows = len(prompts)
        super().__init__(task, prompts)

    def _open(self, given: Given) -> NativeBeams:
        task, strategy = self._task, self._task.strategy
        assert isinstance(strategy, BeamSearch | NucleusBeam)
        if task.n > strategy.width:
            raise InputError(
                argument("n"), f" is {task.n}: a beam of width {strategy.width} has no more texts"
            )
        if task.rivals != -1:
            raise InputError(NO_DETAILS)
        return task.loaded.beams(**given)

    def _advance(self, n: int, budget_ms: float) -> BeamEvents:
        return BeamEvents(*self._native.advance(n, budget_ms))

    def completions(self) -> list[list[Completion]]:
        """For every prompt its n best texts as they stand."""
        with self._lock:
            return [
                [self._completion(row, *best) for best in self._native.best(row)[: self.n]]
                for row in range(self.rows)
            ]

    def written_ids(self, prompt: int, rank: int) -> list[int]:
        """The ids of one of a prompt's completions as they stand, its end included."""
        with refusals():
            best = self._native.best(prompt)
        if rank >= len(best):
            found = counted(len(best), "text")
            raise InputError(argument("rank"), f" is {rank}: the beam has found {found}")
        return list(best[rank][0])

    def settled(self, row: int) -> str:
        """What every hypothesis that may still win agrees on."""
        best = [ids for ids, *_ in self._native.best(row)]
        if self.done:
            best = best[:1]
        if not best:
            return ""
        low, high = min(best), max(best)
        same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), None)
        return self.vocabulary.code2string(low[:same])

    def _completion(
        self,
        row: int,
        ids: Sequence[int],
        log_prob: float,
        score: float,
        length: int,
        finished: bool,
    ) -> Completion:
        return Completion(
            self.prompts[row],
            self.vocabulary.code2string(ids),
            log_prob,
            score,
            length,
            self._end(row, ids, length, finished),
        )
