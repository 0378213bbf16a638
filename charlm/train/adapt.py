"""Dynamic evaluation: a model that goes on learning from the text that it is scored on.

A text is read in segments of T characters. Each is scored first, by weights that have not seen it,
and then learned: the k-th step, by the gradient g of its losses' sum over T, divided by how large
the gradients of a weight have been, and a pull back to where the weights w0 began:

    v <- 0.999 v + 0.001 g^2
    w <- w - rate * g / (sqrt(v / (1 - 0.999^k)) + 1e-8)
    w <- w + decay * (w0 - w)

It is the RMS form of Krause et al. 2018, but that their v is measured on the training text, which a
checkpoint comes without: here it is a running mean, and the pull is alike for all weights. A
segment of n < T characters, at the end of an example, counts for n of T. The state is carried from
segment to segment and from before a step to after it, and the gradient is cut there; each example
of a text that is not continuous begins at the zero state, and the weights go on. Nothing is hidden
by dropout, and the arithmetic is that of `charlm.train.native`: the same bits on every processor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from charlm.errors import CharlmError, argument
from charlm.options.scoring import Adaptation
from charlm.options.train_config import TrainConfig
from charlm.run.checkpoint import Checkpoint
from charlm.train.dataset import Batch
from charlm.train.model import CharModel, ModelState
from charlm.train.native import NativeAdamW, NativePass, approach

#: Of Adam: what it keeps of g (nothing), and of g^2.
_BETAS = (0.0, 0.999)
#: Inputs and targets [T] of what is read from the zero state.
Example = tuple[NDArray[np.int32], NDArray[np.int32]]


class Adapting:
    """Examples being scored and learned, one behind the other; pulled, a segment at a time.

    count, nats: targets that were scored so far, and the sum of their losses. The checkpoint is
    not changed: the weights that learn are a copy.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        examples: Iterable[Example],
        targets: int,
        adaptation: Adaptation,
        threads: int = 1,
    ) -> None:
        """`targets`: how many there are in all examples."""
        torch.set_num_threads(threads)
        config = checkpoint.config
        self.adaptation, self._targets = adaptation, targets
        self._model = CharModel(config)
        self._model.from_tensors(checkpoint.tensors)
        self._origin = [weight.detach().clone() for weight in self._model.parameters()]
        self._passes = NativePass(config, TrainConfig(dropout=0.0, threads=threads))
        self._optimiser = NativeAdamW(self._model.parameters(), adaptation.rate, _BETAS, 0.0)
        self._segments = _segments(examples, adaptation.length)
        self._state: ModelState = self._model.zero_state(1)
        self.count, self.nats = 0, 0.0

    @property
    def done(self) -> bool:
        """Whether every character is scored."""
        return self.count == self._targets

    @property
    def read(self) -> float:
        """The share of the characters that is scored, from 0 to 1."""
        return self.count / self._targets

    def advance(self) -> None:
        """Score a segment, and learn it. Raises CharlmError where numbers overflow."""
        batch = next(self._segments)
        before = self._model.zero_state(1) if batch.fresh else self._state
        learned = self._passes.learn(self._model, batch, before, 0, 0)
        if not math.isfinite(learned.loss):
            place = f"the numbers of the model that learns overflow at character {self.count + 1:,}"
            raise CharlmError(f"{place}, or soon after: take a smaller ", argument("adapt_rate"))
        count = len(batch.targets_TB)
        self._learn(learned.total * (count / self.adaptation.length))
        self._state = learned.state
        self.count, self.nats = self.count + count, self.nats + learned.loss * count

    def _learn(self, loss: torch.Tensor) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        for weight, origin in zip(self._model.parameters(), self._origin, strict=True):
            approach(weight, origin, self.adaptation.decay)


def _segments(examples: Iterable[Example], length: int) -> Iterator[Batch]:
    """Batches of one row, of at most `length` characters; the first of an example is fresh."""
    for inputs, targets in examples:
        for begin in range(0, len(inputs), length):
            inputs_TB, targets_TB = (
                torch.from_numpy(ids[begin : begin + length, None].astype(np.int64))
                for ids in (inputs, targets)
            )
            yield Batch(inputs_TB, targets_TB, begin == 0)
