"""Speed and mean loss between two lines of the run log."""

from __future__ import annotations

from charlm.train.position import Position


class Meter:
    """Means since the last reading. The losses are the position's, so that they survive a kill.

    So is the time: a pause is none.
    """

    def __init__(self, position: Position, progress: float) -> None:
        self._position, self._first = position, progress
        self._characters = position.characters
        self._seconds = self._start = position.seconds

    def read(self, progress: float) -> dict[str, float]:
        """loss, characters_per_s, seconds_left."""
        position = self._position
        now = position.seconds
        speed = (now - self._start) / max(progress - self._first, 1e-9)
        values = {
            "loss": sum(position.losses) / len(position.losses),
            "characters_per_s": (position.characters - self._characters)
            / max(now - self._seconds, 1e-9),
            "seconds_left": speed * (1 - progress),
        }
        position.losses, self._characters, self._seconds = [], position.characters, now
        return values
