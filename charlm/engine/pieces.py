"""A text in pieces, as they come, in time that grows with the text alone."""

from __future__ import annotations

from collections.abc import Iterator

from charlm.engine.events import SampleEvents
from charlm.engine.session import Session


def pieces(session: Session) -> Iterator[str]:
    """The text of a session's first row in pieces that never change again."""
    written = looked = position = 0
    while not session.done:
        events = session.advance(64)
        if isinstance(events, SampleEvents):
            if text := session.vocabulary.code2string(events.ids[:, 0]):
                yield text
            continue
        position += len(events.ids)
        # A look takes time that grows with the text, so they become rarer as it does.
        if position < looked + max(1, looked // 8) and not session.done:
            continue
        looked, settled = position, session.settled(0)
        if len(settled) > written:
            yield settled[written:]
            written = len(settled)
