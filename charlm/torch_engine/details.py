"""What else the model thought of each character: rank, entropy, rivals.

Shapes: n positions, N rows, V vocabulary, J rivals.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charlm.text.vocabulary import PAD
from charlm.torch_engine.parts import EngineError

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]

#: ranks [N], entropies [N], rivals' ids, log_probs and kept log_probs [N, J].
DetailTensors = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def check_rivals(rivals: int, vocabulary_size: int) -> None:
    """Raise EngineError for more rivals than there are ids beside PAD."""
    if not -1 <= rivals < vocabulary_size:
        raise EngineError(f"rivals are {rivals}: -1 to {vocabulary_size - 1} are expected")


def details_of(
    log_probs: Tensor, ids: Tensor, kept_log_probs: Tensor, rivals: int
) -> DetailTensors:
    """Details of ids [N] under the raw log_probs [N, V] and those after the filters.

    Ranks and rivals follow the order (log_prob descending, id ascending), PAD left out.
    """
    entropies = torch.special.entr(log_probs.exp()).sum(1)
    writable = log_probs.clone()
    writable[:, PAD] = -torch.inf
    ranked, order = writable.sort(dim=1, descending=True, stable=True)
    ranks = (order == ids[:, None]).int().argmax(1)
    rival_ids = order[:, :rivals]
    kept = kept_log_probs.gather(1, rival_ids)
    return ranks, entropies, rival_ids, ranked[:, :rivals], kept
