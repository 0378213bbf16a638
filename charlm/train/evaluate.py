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

_POSITIONS = 8_192  # of one batch of examples
_CHUNK = 4_096  # positions between two looks: more take memory, not less time

#: Is told how many targets were measured since it was asked last; may raise, to stop.
Look = Callable[[int], None]


@torch.no_grad()
def evaluate_examples(
    model: CharModel, dataset: TextDataset, rows: np.ndarray, start_id: int, look: Look
) -> float:
    """The examples `rows` of a dataset, each from the zero state."""
    total, count = 0.0, 0
    for batch_rows in bucket(dataset.lengths()[rows], _POSITIONS):
        items = [dataset[int(row)] for row in rows[batch_rows]]
        batch = make_batch(pad_collate_fn(items), start_id)
        logits_TBV, _ = model(batch.inputs_TB, model.zero_state(len(items)))
        total += _sum(logits_TBV, batch.targets_TB)
        targets = int((batch.targets_TB != PAD).sum())
        count += targets
        look(targets)
    return total / count


@torch.no_grad()
def evaluate_stream(model: CharModel, ids: np.ndarray, start_id: int, look: Look) -> float:
    """A continuous text in one pass from the zero state, the start id first: the exact number."""
    return evaluate_stretches(model, ids, [Stretch(0, len(ids), 0)], start_id, look)


@torch.no_grad()
def evaluate_stretches(
    model: CharModel, ids: np.ndarray, stretches: Sequence[Stretch], start_id: int, look: Look
) -> float:
    """Stretches of a continuous text, each by a reader that is warmed up before it.

    Near the exact number (the warm-up stands for the whole past), in a fraction of the time.
    """
    # The input of position p is entry p, its target entry p + 1; nothing stands beyond the end.
    longest = max(end - begin for begin, end, _ in stretches)
    text = np.concatenate([[start_id], ids, np.full(longest, PAD)]).astype(np.int64)
    total = 0.0
    for first in range(0, len(stretches), AT_ONCE):
        total += _side_by_side(model, text, stretches[first : first + AT_ONCE], look)
    return total / sum(end - begin for begin, end, _ in stretches)


def _side_by_side(
    model: CharModel, text: np.ndarray, stretches: Sequence[Stretch], look: Look
) -> float:
    """Sum of the loss over stretches that are read at once."""
    begins_R, ends_R, warm_ups_R = (np.array(column) for column in zip(*stretches, strict=True))
    state = model.zero_state(len(stretches))
    if warm_ups_R.any():
        before_WR = np.maximum(begins_R + np.arange(-warm_ups_R.max(), 0)[:, None], 0)
        _, state = _read(model, torch.from_numpy(text[before_WR]), None, state, look)
        for tensor in (tensor for layer in state for tensor in layer):
            tensor[torch.from_numpy(warm_ups_R == 0)] = 0  # nothing stands before it
    places_SR = begins_R + np.arange((ends_R - begins_R).max())[:, None]
    targets_SR = np.where(places_SR < ends_R, text[places_SR + 1], PAD)
    inputs, targets = torch.from_numpy(text[places_SR]), torch.from_numpy(targets_SR)
    return _read(model, inputs, targets, state, look)[0]


def _read(
    model: CharModel,
    inputs_TB: Tensor,
    targets_TB: Tensor | None,
    state: ModelState,
    look: Look,
) -> tuple[float, ModelState]:
    """Sum of the loss over the targets (0 without), and the state at the end."""
    total = 0.0
    times = max(1, _CHUNK // inputs_TB.shape[1])
    for begin in range(0, len(inputs_TB), times):
        logits_TBV, state = model(inputs_TB[begin : begin + times], state)
        measured = 0
        if targets_TB is not None:
            chunk_TB = targets_TB[begin : begin + times]
            total += _sum(logits_TBV, chunk_TB)
            measured = int((chunk_TB != PAD).sum())
        look(measured)
    return total, state


def _sum(logits_TBV: Tensor, targets_TB: Tensor) -> float:
    """Sum of -log p over real targets, added up in double."""
    each = torch.nn.functional.cross_entropy(
        logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none", ignore_index=PAD
    )
    return float(each.double().sum())
