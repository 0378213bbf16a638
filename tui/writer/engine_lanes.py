"""Several texts of one prompt from the engine, written side by side."""

from __future__ import annotations

from collections.abc import Sequence

from charlm.decoding import is_beam
from charlm.display import visible
from charlm.engine.events import Completion, SampleEvents
from charlm.engine.session import Session
from charlm.engine.stream import TextStream
from charlm.text.vocabulary import EOS

from .duel import Duel
from .snapshots import LaneWritten


class EngineLanes:
    """The rows of sessions with the same prompt, in order; a beam is one.

    duel: compares the two of them, where they are to be compared.
    """

    def __init__(self, number: int, sessions: Sequence[Session], duel: Duel | None) -> None:
        self._number, self._sessions, self._duel = number, sessions, duel
        self._streams = [TextStream(session, filtered=False) for session in sessions]
        self._counts = [[0] * session.rows for session in sessions]
        self._log_probs = [[0.0] * session.rows for session in sessions]
        self.prompt = sessions[0].prompts[0]
        notices = dict.fromkeys(notice for session in sessions for notice in session.notices)
        self.notices = tuple(map(visible, notices))

    @property
    def read(self) -> float:
        """The share of the prompt that all have read, from 0 to 1."""
        return min(session.prompts_read for session in self._sessions)

    @property
    def done(self) -> bool:
        """Whether every text is over, and looked at."""
        looks = self._duel is not None and self._duel.looks
        return all(stream.done for stream in self._streams) and not looks

    @property
    def characters(self) -> int:
        """Of the longest text."""
        return max(max(counts) for counts in self._counts)

    def advance(self, n: int, budget_ms: float) -> list[LaneWritten]:
        """Up to n characters of each text; the change of every text that has one."""
        written: list[LaneWritten] = []
        first = 0
        for place, session in enumerate(self._sessions):
            if not self._streams[place].done:
                written += self._advance(place, n, budget_ms / len(self._sessions), first)
            first += session.rows
        return written + (self._duel.advance(budget_ms) if self._duel is not None else [])

    def _advance(self, place: int, n: int, budget_ms: float, first: int) -> list[LaneWritten]:
        session, stream = self._sessions[place], self._streams[place]
        counts, log_probs = self._counts[place], self._log_probs[place]
        # A stream that is not done has a session that is not: its events are new.
        changes = stream.advance(n, budget_ms)
        events = stream.events
        if not isinstance(events, SampleEvents):
            counts[0], log_probs[0] = stream.characters, stream.log_prob
        else:
            for row in range(session.rows):
                counts[row] += int((events.ids[:, row] > EOS).sum())
                log_probs[row] += float(events.log_probs[:, row].sum(dtype="float64"))
        texts = session.completions() if any(change.finished for change in changes) else []
        written = [
            LaneWritten(
                self._number, first + change.row, change.keep, change.text, counts[change.row],
                log_probs[change.row], change.finished,
                change.finished and _row(texts, session, change.row).finished,
                self._duel.told(events) if self._duel is not None and change.text else (),
            )
            for change in changes
        ]  # fmt: skip
        if self._duel is not None and is_beam(session.strategy) and stream.done:
            self._duel.look_back(self.prompt, stream.text(0), written[-1])
        return written


def _row(texts: list[list[Completion]], session: Session, row: int) -> Completion:
    return texts[row][0] if is_beam(session.strategy) else texts[0][row]
