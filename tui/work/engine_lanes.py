"""Several texts of one prompt from the engine, written side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from charlm.decoding import is_beam
from charlm.display import visible
from charlm.events import Details
from charlm.stream import TextStream
from charlm.vocabulary import EOS
from tui.messages.writing import LaneWritten, Together
from tui.work.log_ratio import MAX_RIVALS, log_ratios

_MANY = 4096


class EngineLanes:
    """The rows of sessions with the same prompt, in order; a beam is one.

    Compared with the other decoder, a beam is scored when its text is whole.
    """

    def __init__(self, engine: Any, together: Together, sessions: Sequence[Any]) -> None:
        self._engine, self._number, self._sessions = engine, together.number, sessions
        self._sides = [request.strategy for request in together.requests[:2]]
        self._compared = together.compared
        self._looks: list[_Look] = []
        ends = engine.checkpoint.text.unit != "continuous"
        self._never = () if ends else (EOS,)
        self._streams = [TextStream(session, filtered=False) for session in sessions]
        self._counts = [[0] * session.rows for session in sessions]
        self._log_probs = [[0.0] * session.rows for session in sessions]
        self.prompt: str = sessions[0].prompts[0]
        notices = dict.fromkeys(str(notice) for session in sessions for notice in session.notices)
        self.notices = tuple(map(visible, notices))

    @property
    def done(self) -> bool:
        """Whether every text is over, and looked at."""
        return all(stream.done for stream in self._streams) and not self._looks

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
        return written + list(self._look(budget_ms / len(self._sessions)))

    def _advance(self, place: int, n: int, budget_ms: float, first: int) -> list[LaneWritten]:
        session, stream = self._sessions[place], self._streams[place]
        counts, log_probs = self._counts[place], self._log_probs[place]
        # A stream that is not done has a session that is not: its events are new.
        changes = stream.advance(n, budget_ms)
        events: Any = stream.events
        if is_beam(session.strategy):
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
                self._ratios(events) if change.text else (),
            )
            for change in changes
        ]  # fmt: skip
        if self._compared and is_beam(session.strategy) and stream.done and stream.text(0):
            self._looks.append(_Look(self._engine, self.prompt, stream.text(0), written[-1]))
        return written

    def _ratios(self, events: Any) -> tuple[float, ...]:
        """Of what a row of its own has just written."""
        details = getattr(events, "details", None)
        if details is None or not self._compared:
            return ()
        ratios = log_ratios(_column(details), self._sides, self._never)
        return tuple(ratios[events.ids[:, 0] > EOS].tolist())

    def _look(self, budget_ms: float) -> Iterator[LaneWritten]:
        """Go on scoring the beams that are over; they are told once more, with their ratios."""
        for look in self._looks[:]:
            look.scoring.advance(_MANY, budget_ms)
            if look.scoring.done:
                self._looks.remove(look)
                details = look.scoring.score().details
                ratios = log_ratios(details, self._sides, self._never)[-len(look.text) :]
                yield look.last._replace(keep=0, text=look.text, ratios=tuple(ratios.tolist()))


class _Look:
    """A look back at the text of a beam, and what was last told of it."""

    def __init__(self, engine: Any, prompt: str, text: str, last: LaneWritten) -> None:
        self.text, self.last = text, last
        ids = engine.vocabulary.string2code(prompt + text)
        self.scoring = engine.start_score_ids(ids, details=MAX_RIVALS)


def _column(details: Any) -> Details:
    """The first row of details [n, N, ...]."""
    return Details(*(getattr(details, field.name)[:, 0] for field in fields(Details)))


def _row(texts: Any, session: Any, row: int) -> Any:
    return texts[row][0] if is_beam(session.strategy) else texts[0][row]
