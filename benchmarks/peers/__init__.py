"""The writers that are compared: the engine, and what one would use in its place.

Each writes the same LSTM or GRU with the same nucleus. A nucleus so small that only the best
character is left makes all of them greedy, which is how the tests see that they do the same work.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm.run.checkpoint import Checkpoint

Ids = NDArray[np.int64]
#: Writes n positions of every row, from the start id on: ids [n, rows].
Writer = Callable[[int], Ids]
#: The best text of a beam search from each prompt: prompts [P, T] (start id first), K hypotheses
#: and n positions -> ids [P, n].
BeamWriter = Callable[[Ids, int, int], Ids]


class Peer:
    """One way to write. A method returns None where the peer cannot do it."""

    name: str
    precision = "float32"

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer | None:
        """Draws every character from the nucleus of top_p."""
        return None

    def beam_writer(self, checkpoint: Checkpoint) -> BeamWriter | None:
        """Finds the most probable text that K hypotheses at a time can find."""
        return None


OWN = "charlm_engine"
OTHERS = (
    "torch_eager",
    "torch_layer",
    "onnx_runtime",
    "jax_scan",
    "numba_loop",
    "transformers_generate",
)


def load_peers(others: Sequence[str] = OTHERS) -> tuple[list[Peer], list[str]]:
    """The engine and those whose packages are installed, and a line for each that is skipped."""
    peers: list[Peer] = []
    skipped = []
    for module in (OWN, *others):
        try:
            peers += importlib.import_module(f"benchmarks.peers.{module}").PEERS
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(("benchmarks", "charlm")):
                raise
            skipped.append(f"{module} is skipped: {error.name} is not installed")
    return peers, skipped
