"""Mean loss over the real targets of a text that is not trained on, in nats per character."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from charlm.train.dataset import TextDataset, bucket, make_batch, pad_collate_fn
from charlm.train.model import CharModel, ModelState
from charlm.vocabulary import PAD

_POSITIONS = 8_192  # of one batch of examples
_ROWS = 64  # readers of a continuous text
_WARM_UP = 256  # characters a reader reads before it is scored
_CHUNK = 4_096  # positions between two looks at `interrupt`: more take memory, not less time

Interrupt = Callable[[], None]


@torch.no_grad()
def evaluate_examples(
    model: CharModel, dataset: TextDataset, start_id: int, interrupt: Interrupt
) -> float:
    """Every example from the zero state."""
    total, count = 0.0, 0
    for rows in bucket(dataset.lengths(), _POSITIONS):
        interrupt()
        batch = make_batch(pad_collate_fn([dataset[int(row)] for row in rows]), start_id)
        logits_TBV, _ = model(batch.inputs_TB, model.zero_state(len(rows)))
        total += _sum(logits_TBV, batch.targets_TB)
        count += int((batch.targets_TB != PAD).sum())
    return total / count


@torch.no_grad()
def evaluate_stream(
    model: CharModel, ids: np.ndarray, start_id: int, interrupt: Interrupt
) -> float:
    """A continuous text in one pass from the zero state, the start id first: the exact number."""
    targets_TB = torch.from_numpy(ids.astype(np.int64))[:, None]
    batch = make_batch(targets_TB, start_id)
    state = model.zero_state(1)
    total, _ = _read(model, batch.inputs_TB, targets_TB, state, interrupt)
    return total / len(ids)


@torch.no_grad()
def evaluate_stream_quickly(
    model: CharModel, ids: np.ndarray, start_id: int, interrupt: Interrupt
) -> float:
    """The same text by many readers at once, each warmed up on what stands before its stretch.

    Near the exact number (the warm-up stands for the whole past), in a fraction of the time.
    """
    rows = max(1, min(_ROWS, len(ids) // _WARM_UP))
    if rows == 1:
        return evaluate_stream(model, ids, start_id, interrupt)
    stretch = -(-len(ids) // rows)
    padded = np.full(rows * stretch, PAD, dtype=np.int64)
    padded[: len(ids)] = ids
    targets_TB = torch.from_numpy(padded.reshape(rows, stretch).T.copy())
    warm_TB = targets_TB[-_WARM_UP - 1 :].roll(1, dims=1)  # of the reader before
    inputs_TB = torch.cat([warm_TB[-1:], targets_TB[:-1]])
    inputs_TB[0, 0] = start_id
    _, state = _read(model, warm_TB[:-1], None, model.zero_state(rows), interrupt)
    for tensor in (tensor for layer in state for tensor in layer):
        tensor[0] = 0  # nothing stands before the first reader's stretch
    total, _ = _read(model, inputs_TB, targets_TB, state, interrupt)
    return total / len(ids)


def _read(
    model: CharModel,
    inputs_TB: Tensor,
    targets_TB: Tensor | None,
    state: ModelState,
    interrupt: Interrupt,
) -> tuple[float, ModelState]:
    """Sum of the loss over the targets (0 without), and the state at the end."""
    total = 0.0
    times = max(1, _CHUNK // inputs_TB.shape[1])
    for begin in range(0, len(inputs_TB), times):
        interrupt()
        logits_TBV, state = model(inputs_TB[begin : begin + times], state)
        if targets_TB is not None:
            total += _sum(logits_TBV, targets_TB[begin : begin + times])
    return total, state


def _sum(logits_TBV: Tensor, targets_TB: Tensor) -> float:
    """Sum of -log p over real targets, added up in double."""
    each = torch.nn.functional.cross_entropy(
        logits_TBV.flatten(0, 1), targets_TB.flatten(), reduction="none", ignore_index=PAD
    )
    return float(each.double().sum())
