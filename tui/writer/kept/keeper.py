"""The thread that keeps: it writes what was written with a model, and forgets it.

Of several screens on one model the last that writes has its way: each file is whole, and a screen
on which nothing was done writes nothing.
"""

from __future__ import annotations

import time
from functools import partial

from charlm.display import visible
from charlm.errors import reason_of
from charlm.run.places import is_own

from ...threads import Job, Worker
from ..snapshots import ModelFacts
from .folder import KeptFolder, can_name
from .values import Kept

#: Seconds at least from one file to the next: a knob that is held down ends many texts.
_CALM = 1.0
#: Seconds that are waited for a disk at the end.
_PATIENCE = 5.0
#: Characters at the end of the name of a file that was set aside, without the model's.
_ASIDE = 15


class Keeper(Worker[str]):
    """Keeps what is handed to it. It posts what went wrong, in words: of keeping, once."""

    def __init__(self, folder: KeptFolder) -> None:
        super().__init__("keep")
        self._folder = folder
        self._waiting: dict[str, Kept] = {}
        self._forgetting: list[str] = []
        self._written: tuple[str, Kept] | None = None
        self._next = 0.0
        self._failed = False

    def keeps(self, facts: ModelFacts) -> bool:
        """Whether anything is kept of this model: it is known by its weights, and one's own."""
        return can_name(facts.identity) and is_own(facts.path)

    def recall(self, facts: ModelFacts) -> Kept | None:
        """What is kept of a model; on whatever thread it was read. It raises nothing."""
        if not self.keeps(facts):
            return None
        with self._wake:
            waiting = self._waiting.get(facts.identity)
            forgotten = "" in self._forgetting or facts.identity in self._forgetting
        if waiting is not None or forgotten:
            return waiting
        try:
            from .form import kept_of

            data = self._folder.read(facts.identity)
            kept = None if data is None else kept_of(data, facts.identity)
        except Exception as error:  # whatever a file does to its reader, the model is there
            self._set_aside(facts, visible(reason_of(error)))
            return None
        if kept is not None:
            self._written = facts.identity, kept
        return kept

    def save(self, facts: ModelFacts, kept: Kept) -> None:
        """Keep this of a model, if it is not what is kept of it."""
        if self.keeps(facts):
            with self._wanting():
                self._waiting[facts.identity] = kept

    def forget(self, facts: ModelFacts | None = None) -> None:
        """Keep nothing of this model, or of any, until something is handed over again."""
        with self._wanting():
            if facts is None:
                self._waiting.clear()
            elif self.keeps(facts):
                self._waiting.pop(facts.identity, None)
            if facts is None or self.keeps(facts):
                self._forgetting.append("" if facts is None else facts.identity)

    def close(self, timeout: float = _PATIENCE) -> None:
        """End the thread, then write what is left. A disk that hangs is waited for no longer."""
        super().close(timeout)
        while not self._thread.is_alive() and (job := self._any_job()) is not None:
            self._try(job)

    def _next_job(self) -> Job | None:
        calm = time.monotonic() >= self._next
        return self._any_job() if calm or self._forgetting else None

    def _idle_job(self) -> tuple[float, Job] | None:
        job = self._any_job()
        return None if job is None else (max(0.0, self._next - time.monotonic()), job)

    def _any_job(self) -> Job | None:
        if self._forgetting:
            return Job(partial(self._forget, self._forgetting[0]), self._say_it_stays)
        for identity, kept in self._waiting.items():
            return Job(partial(self._save, identity, kept), self._say_once)
        return None

    def _save(self, identity: str, kept: Kept) -> None:
        try:
            if self._written != (identity, kept):
                self._write(identity, kept)
        except Exception as error:
            self._say_once(visible(reason_of(error)))
        finally:  # whatever it is, the next text is tried, and after a while
            with self._wake:
                if self._waiting.get(identity) is kept:
                    del self._waiting[identity]

    def _write(self, identity: str, kept: Kept) -> None:
        try:
            from .form import data_of  # here: the first paint does not need it

            self._folder.write(identity, data_of(kept, identity))
            self._written = identity, kept
        finally:
            self._next = time.monotonic() + _CALM

    def _say_once(self, message: str) -> None:
        """Say once that nothing is kept."""
        if not self._failed:
            self._failed = True
            self._post(f"prompts and texts are not kept for the next time: {message}")

    def _forget(self, identity: str) -> None:
        self._written = None
        try:
            self._folder.forget(identity)
        except Exception as error:
            self._say_it_stays(visible(reason_of(error)))
        finally:
            with self._wake:
                self._forgetting = [other for other in self._forgetting if other != identity]

    def _say_it_stays(self, message: str) -> None:
        self._post(f"what was kept could not be removed: {message}")

    def _set_aside(self, facts: ModelFacts, reason: str) -> None:
        """Make room for what will be kept, beside a file that cannot be used."""
        try:
            aside = self._folder.set_aside(facts.identity)
        except OSError:
            self._say_once(reason)
        else:
            shown = f"{aside[:8]}…{aside[-_ASIDE:]}"
            self._post(f"what was kept of {facts.name} is not used: {reason}; it is now {shown}")
