"""How near a choice was to another one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from charlm.reference.arrays import Vector


@dataclass
class Margin:
    """The smallest difference that a choice hung on; below 1e-4 another arithmetic may differ."""

    least: float = math.inf

    def between(self, chosen: float, others: Sequence[float] | Vector) -> None:
        """Note how far `chosen` is from each of the others."""
        if len(others):
            self.least = min(self.least, float(np.abs(np.asarray(others) - chosen).min()))

    def between_neighbours(self, ranked: Sequence[float] | Vector) -> None:
        """Note the smallest step of a ranking."""
        if len(ranked) > 1:
            self.least = min(self.least, float(np.abs(np.diff(ranked)).min()))
