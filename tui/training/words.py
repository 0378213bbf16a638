"""What is said of a training that runs, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.wording import duration

if TYPE_CHECKING:
    from .snapshots import Curves  # the first paint has none


def training_text(curves: Curves | None) -> str:
    """Progress of a running training in a few words."""
    if curves is None or curves.progress is None:
        return "training"
    if curves.paused:
        return f"training paused at {100 * curves.progress:.0f} %"
    return f"training {100 * curves.progress:.0f} %" + "".join(f", {word}" for word in rest(curves))


def rest(curves: Curves) -> list[str]:
    """What is left of a running training, in words; none where the log does not say."""
    if curves.progress is not None and curves.progress >= 1:
        return ["finishing"]  # it evaluates and saves once more
    left = curves.seconds_left
    return [] if left is None else [f"{duration(left)} left"]
