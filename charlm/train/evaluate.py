"""Mean loss over the real targets of a text that is not trained on, in nats per character.

R readers, W characters of warm-up, S characters of the longest stretch
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from charlm.text.prepared import Ids
from charlm.text.readers import AT_ONCE, Stretch
from charlm.text.vocabulary import PAD
from charlm.train.dataset import Stream, TextDataset, bucket, make_batch, pad_collate_fn
from charlm.train.model import CharModel, ModelState
from charlm.train.passes import ModelPass

_POSITIONS = 8_192  # in one batch of examples
_CHUNK = 4_096  # positions between two calls: more take memory, not less time

#: Called with the number of targets that were measured since the last call; may raise, to stop.
OnMeasured = Callable[[int], None]


class Reader(NamedTuple):
    """A model, and what takes texts through it."""

    model: CharModel
    passes: ModelPass

    def read(
        self, inputs_TB: Tensor, targets_TB: Tensor | None, state: ModelState
    ) -> tuple[float, ModelState]:
        """The sum of the losses, and the state after: see `ModelPass.measure`."""
        return self.passes.measure(self.model, inputs_TB, targets_TB, state)


def evaluate_examples(
    reader: Reader, dataset: TextDataset, rows: np.ndarray, start_id: int, on_measured: OnMeasured
) -> float:
    """Measure the examples `rows` of a dataset, each from the zero state."""
    total, count = 0.0, 0
    for batch_rows in bucket(dataset.lengths()[rows], _POSITIONS):
        items = [dataset[int(row)] for row in rows[batch_rows]]
        batch = make_batch(pad_collate_fn(items), start_id)
        state = reader.model.zero_state(len(items))
        total += reader.read(batch.inputs_TB, batch.targets_TB, state)[0]
        targets = int((batch.targets_TB != PAD).sum())
        count += targets
        on_measured(targets)
    return total / count


def evaluate_stream(
    reader: Reader, ids: np.ndarray | Ids, start_id: int, on_measured: OnMeasured
) -> float:
    """Measure a continuous text exactly: in one pass from the zero state, the start id first."""
    return evaluate_stretches(reader, ids, [Stretch(0, len(ids), 0)], start_id, on_measured)


def evaluate_stretches(
    reader: Reader,
    ids: np.ndarray | Ids,
    stretches: Sequence[Stretch],
    start_id: int,
    on_measured: OnMeasured,
) -> float:
    """Measure stretches of a continuous text, each by a reader that is warmed up before it.

    The result is near the exact number, for the warm-up stands for the whole past, and takes a
    fraction of the time.
    """
    text, total = Stream(ids, start_id), 0.0
    for first in range(0, len(stretches), AT_ONCE):
        total += _side_by_side(reader, text, stretches[first : first + AT_ONCE], on_measured)
    return total / sum(end - begin for begin, end, _ in stretches)


def _side_by_side(
    reader: Reader, text: Stream, stretches: Sequence[Stretch], on_measured: OnMeasured
) -> float:
    """Add up the loss over stretches that are read side by side."""
    begins_R, ends_R, warm_ups_R = (np.array(column) for column in zip(*stretches, strict=True))
    state = reader.model.zero_state(len(stretches))
    if warm_ups_R.any():
        before_WR = np.maximum(begins_R + np.arange(-warm_ups_R.max(), 0)[:, None], 0)
        _, state = _read(reader, torch.from_numpy(text.inputs(before_WR)), None, state, on_measured)
        for tensor in (tensor for layer in state for tensor in layer):
            tensor[torch.from_numpy(warm_ups_R == 0)] = 0  # nothing stands before it
    positions_SR = begins_R + np.arange((ends_R - begins_R).max())[:, None]
    inputs = torch.from_numpy(text.inputs(positions_SR))
    targets = torch.from_numpy(np.where(positions_SR < ends_R, text.targets(positions_SR), PAD))
    return _read(reader, inputs, targets, state, on_measured)[0]


def _read(
    reader: Reader,
    inputs_TB: Tensor,
    targets_TB: Tensor | None,
    state: ModelState,
    on_measured: OnMeasured,
) -> tuple[float, ModelState]:
    """Add up the loss over the targets, 0 without any; returns it with the state at the end."""
    total = 0.0
    times = max(1, _CHUNK // inputs_TB.shape[1])
    for begin in range(0, len(inputs_TB), times):
        chunk_TB = None if targets_TB is None else targets_TB[begin : begin + times]
        loss, state = reader.read(inputs_TB[begin : begin + times], chunk_TB, state)
        total += loss
        on_measured(0 if chunk_TB is None else int((chunk_TB != PAD).sum()))
    return total, state
