"""Which rows are a process's, where several learn one model: of a batch, and of what is carried on.

A process without rows has one of nothing but padding, so that it goes through the same as others.
"""

from __future__ import annotations

import torch

from charlm.train.dataset import Batch
from charlm.train.distributed import Ranks
from charlm.train.model import ModelState


def own_rows(ranks: Ranks, batch: Batch) -> Batch:
    """Those rows of a batch that this process learns."""
    if ranks.size == 1:
        return batch
    own = ranks.part(batch.inputs_TB.shape[1])
    return batch.rows(own.start, own.stop)


def own_state(ranks: Ranks, whole: ModelState | None) -> ModelState | None:
    """The state of those rows, of a state of all."""
    if ranks.size == 1 or whole is None:
        return whole
    own = ranks.part(len(whole[0][0]))
    if own.start == own.stop:
        own = slice(0, 1)  # any: its row is padding
    return tuple(tuple(tensor[own].clone() for tensor in layer) for layer in whole)


def whole_state(ranks: Ranks, rows: int, state: ModelState | None) -> ModelState | None:
    """The state of all `rows`, of what every rank has; None where nothing is carried on."""
    own = ranks.part(rows)
    count = own.stop - own.start
    mine = state and tuple(tuple(tensor[:count] for tensor in layer) for layer in state)
    parts = [part for part in ranks.collect(mine) if part]
    if not (rows and parts):
        return None
    return tuple(
        tuple(torch.cat([part[layer][vector] for part in parts]) for vector in range(len(of_layer)))
        for layer, of_layer in enumerate(parts[0])
    )
