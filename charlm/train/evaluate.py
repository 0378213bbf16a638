"""Mean loss over the real targets of a text that is not trained on, in nats per character.

R readers, W characters of warm-up, S characters of the longest stretch
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from charlm.text.prepared import Ids
from charlm.text.readers import AT_ONCE, Stretch
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Stream, TextDataset, bucket, make_batch, pad_collate_fn
from charlm.train.distributed import ALONE, Ranks
from charlm.train.model import CharModel, ModelState
from charlm.train.passes import ModelPass

_POSITIONS = 8_192  # in one batch of examples
_CHUNK = 4_096  # positions between two calls: more take memory, not less time

#: Called with the number of targets that were measured since the last call; may raise, to stop.
OnMeasured = Callable[[int], None]
#: Sums of losses with the number of targets that they are over, one batch or chunk after another.
Pieces = Generator[tuple[float, int], None, None]


class Reader(NamedTuple):
    """A model, and what takes texts through it."""

    model: CharModel
    passes: ModelPass

    def read(
        self, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses, and the state after: see `ModelPass.measure`."""
        return self.passes.measure(self.model, inputs_TB, targets_TB, state)


def mean_of(pieces: Pieces, on_measured: OnMeasured) -> float:
    """The mean loss over all that the pieces measure."""
    total, count = 0.0, 0
    for loss, targets in pieces:
        total += loss
        count += targets
        on_measured(targets)
    return total / count


def added(ranks: Ranks, pieces: Pieces) -> Pieces:
    """The pieces of all processes, added up; this one's are given, the others follow."""
    if ranks.size == 1:
        yield from pieces
        return
    while True:
        ranks.order("piece")
        loss, targets, there = add_piece(ranks, pieces)
        if not there:
            return
        yield loss, int(targets)


def add_piece(ranks: Ranks, pieces: Pieces) -> list[float]:
    """Take part in a piece: losses and targets of all processes, and how many had one."""

    def piece() -> tuple[float, ...]:
        found = next(pieces, None)
        return (0.0, 0.0, 0.0) if found is None else (*found, 1.0)

    return ranks.add_up(3, piece)


def examples(
    reader: Reader, dataset: TextDataset, rows: np.ndarray, start_id: int, ranks: Ranks = ALONE
) -> Pieces:
    """Measure this process's part of the examples `rows` of a dataset, each from the zero state."""
    for batch_rows in bucket(dataset.lengths()[rows], _POSITIONS):
        items = [dataset[int(row)] for row in rows[batch_rows[ranks.part(len(batch_rows))]]]
        if not items:
            continue
        batch = make_batch(pad_collate_fn(items), start_id)
        state = reader.model.zero_state(len(items))
        loss = reader.read(batch.inputs_TB, batch.targets_TB, state)[0]
        yield loss, int((batch.targets_TB != PAD).sum())


def evaluate_stream(
    reader: Reader, ids: np.ndarray | Ids, start_id: int, on_measured: OnMeasured
) -> float:
    """Measure a continuous text exactly: in one pass from the zero state, the start id first."""
    return mean_of(stream(reader, ids, [Stretch(0, len(ids), 0)], start_id), on_measured)


def stream(
    reader: Reader,
    ids: np.ndarray | Ids,
    stretches: Sequence[Stretch],
    start_id: int,
    ranks: Ranks = ALONE,
) -> Pieces:
    """Measure this process's part of the stretches of a continuous text.

    Each is read by a reader that is warmed up before it. The result is near the exact number, for
    the warm-up stands for the whole past, and takes a fraction of the time.
    """
    text, own = Stream(ids, start_id), stretches[ranks.rank :: ranks.size]
    for first in range(0, len(own), AT_ONCE):
        yield from _side_by_side(reader, text, own[first : first + AT_ONCE])


def _side_by_side(reader: Reader, text: Stream, stretches: Sequence[Stretch]) -> Pieces:
    """Measure stretches that are read side by side."""
    begins_R, ends_R, warm_ups_R = (np.array(column) for column in zip(*stretches, strict=True))
    state = reader.model.zero_state(len(stretches))
    if warm_ups_R.any():
        before_WR = np.maximum(begins_R + np.arange(-warm_ups_R.max(), 0)[:, None], 0)
        state = yield from _read(reader, torch.from_numpy(text.inputs(before_WR)), None, state)
        for tensor in (tensor for layer in state for tensor in layer):
            tensor[torch.from_numpy(warm_ups_R == 0)] = 0  # nothing stands before it
    positions_SR = begins_R + np.arange((ends_R - begins_R).max())[:, None]
    inputs = torch.from_numpy(text.inputs(positions_SR))
    targets = torch.from_numpy(np.where(positions_SR < ends_R, text.targets(positions_SR), PAD))
    yield from _read(reader, inputs, targets, state)


def _read(
    reader: Reader, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
) -> Generator[tuple[float, int], None, ModelState]:
    """Measure a chunk after another; returns the state at the end, which is all without targets."""
    times = max(1, _CHUNK // inputs_TB.shape[1])
    for begin in range(0, len(inputs_TB), times):
        chunk_TB = None if targets_TB is None else targets_TB[begin : begin + times]
        loss, state = reader.read(inputs_TB[begin : begin + times], chunk_TB, state)
        yield loss, 0 if chunk_TB is None else int((chunk_TB != PAD).sum())
    return state
