"""Python's collector of garbage: it would hold up a frame, so it rests, and then seldom runs."""

from __future__ import annotations

import gc

#: Objects made between two collections: text makes many small ones, none of them in circles.
_THRESHOLD = 50_000


def rest() -> None:
    """Collect nothing until `calm`: what is imported stays."""
    gc.disable()


def calm() -> None:
    """After the first paint: what is there now stays; what comes is looked at now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THRESHOLD, 20, 50)
    gc.enable()
