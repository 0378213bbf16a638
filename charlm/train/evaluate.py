"""Mean loss over the real targets of a text that is not trained on, in nats per character.

R readers, W characters of warm-up, S characters of the longest stretch
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from charlm.text.readers import AT_ONCE, Stretch
from charlm.text.vocabulary import PAD
from charlm.train.dataset import TextDataset, bucket, make_batch, pad_collate_fn
from charlm.train.model import CharModel, ModelState

_POSITIONS = 8_192  # in one batch of examples
_CHUNK = 4_096  # positions between two calls: more take memory, not less time

#: Called with the number of targets that were measured since the last call; may raise, to stop.
OnMeasured = Callable[[int], None]


@torch.no_grad()
def evaluate_examples(
    model: CharModel, dataset: TextDataset, rows: np.ndarray, start_id: int, on_measured: OnMeasured
) -> float:
    """Measure the examples `rows` of a dataset, each from the zero state."""
    total, count = 0.0, 0
    for batch_rows in bucket(dataset.lengths()[rows], _POSITIONS):
        items = [dataset[int(row)] for row in rows[batch_rows]]
        batch = make_batch(pad_collate_fn(items), start_id)
        logits_TBV, _ = model(batch.inputs_TB, model.zero_state(len(items)))
        total += _sum(logits_TBV, batch.targets_TB)
        targets = int((batch.targets_TB != PAD).sum())
        count += targets
        on_measured(targets)
    return total / count


@torch.no_grad()
def evaluate_stream(
    model: CharModel, ids: np.ndarray, start_id: int, on_measured: OnMeasured
) -> float:
    """Measure a continuous text exactly: in one pass from the zero state, the start id first."""
    return evaluate_stretches(model, ids, [Stretch(0, len(ids), 0)], start_id, on_measured)


@torch.no_grad()
def evaluate_stretches(
    model: CharModel,
    ids: np.ndarray,
    stretches: Sequence[Stretch],
    start_id: int,
    on_measured: OnMeasured,
) -> float:
    """Measure stretches of a continuous text, each by a reader that is warmed up before it.

    The result is near the exact number, for the warm-up stands for the whole past, and takes a
    fraction of the time.
    """
    # The input of position p is entry p, its target entry p + 1; nothing stands beyond the end.
    longest = max(end - begin for begin, end, _ in stretches)
    text = np.concatenate([[start_id], ids, np.full(longest, PAD)]).astype(np.int64)
    total = 0.0
    for first in range(0, len(stretches), AT_ONCE):
        total += _side_by_side(model, text, stretches[first : first + AT_ONCE], on_measured)
    return total / sum(end - begin for begin, end, _ in stretches)


def _side_by_side(
    model: CharModel, text: np.ndarray, stretches: Sequence[Stretch], on_measured: OnMeasured
) -> float:
    """Add up the loss over stretches that are read side by side."""
    begins_R, ends_R, warm_ups_R = (np.array(column) for column in zip(*stretches, strict=True))
    state = model.zero_state(len(stretches))
    if warm_ups_R.any():
        before_WR = np.maximum(begins_R + np.arange(-warm_ups_R.max(), 0)[:, None], 0)
        _, state = _read(model, torch.from_numpy(text[before_WR]), None, state, on_measured)
        for tensor in (tensor for layer in state for tensor in layer):
            tensor[torch.from_numpy(warm_ups_R == 0)] = 0  # nothing stands before it
    positions_SR = begins_R + np.arange((ends_R - begins_R).max())[:, None]
    targets_SR = np.where(positions_SR < ends_R, text[positions_SR + 1], PAD)
    inputs, targets = torch.from_numpy(text[positions_SR]), torch.from_numpy(targets_SR)
    return _read(model, inputs, targets, state, on_measured)[0]


def _read(
    model: CharModel,
    inputs_TB: Tensor,
    targets_TB: Tensor | None,
    state: ModelState,
    on_measured: OnMeasured,
) -> tuple[float, ModelState]:
    """Add up the loss over the targets, 0 without any; returns it with the state at the end."""
    total = 0.0
    times = max(1, _CHUNK // inputs_TB.shape[1])
    for begin in range(0, len(inputs_TB), times):
        logits_TBV, state = model(inputs_TB[begin : begin + times], state)
        measured = 0
        if targets_TB is not None:
            chunk_TB = targets_TB[begin : begin + times]
            total += _sum(logits_TBV, chunk_TB)
            measured = int((chunk_TB != PAD).sum())
        on_measured(measured)
    return total, state


def _sum(logits_TBV: Tensor, targets_TB: Tensor) -> float:
    """Add up -log p over real targets, in double."""
    each = torch.nn.functional.cross_entropy(
        logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none", ignore_index=PAD
    )
    return float(each.double().sum())
