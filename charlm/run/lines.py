"""Lines of a file that grows, made of what is read of it in pieces."""

from __future__ import annotations

_NOTHING = b"\0"  # which no parser takes for a line


class Lines:
    """Joins pieces and cuts them into lines; a line that has not ended waits for the rest.

    longest: bytes of a line. Of a longer one nothing is held, and a NUL stands in its place, so
    that no part of it is ever taken for a line.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""

    def of(self, data: bytes) -> list[bytes]:
        """The lines that have ended now, without their newlines."""
        *lines, self._rest = (
            line if len(line) <= self._longest else _NOTHING
            for line in (self._rest + data).split(b"\n")
        )
        return lines
