"""Speed and mean loss between two lines of the run log."""

from __future__ import annotations

import time

from charlm.train.position import Position


class Meter:
    """Means since the last reading. The losses are the position's, so that they survive a kill."""

    def __init__(self, position: Position, progress: float) -> None:
        self._position, self._first = position, progress
        self._characters = position.characters
        self._time = self._start = time.monotonic()

    def read(self, progress: float) -> dict[str, float]:
        """loss, characters_per_s, seconds_left."""
        now, position = time.monotonic(), self._position
        speed = (now - self._start) / max(progress - self._first, 1e-9)
        values = {
            "loss": sum(position.losses) / len(position.losses),
            "characters_per_s": (position.characters - self._characters)
            / max(now - self._time, 1e-9),
            "seconds_left": speed * (1 - progress),
        }
        position.losses, self._characters, self._time = [], position.characters, now
        return values
