"""Where a training computes: the device of its tensors, and what belongs to it."""

from __future__ import annotations

import torch
from torch import Tensor

from charlm.device import CPU, CUDA
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import BFLOAT16
from charlm.train.model import ModelState

#: How PyTorch and its libraries say that there is no memory, on a CPU and on a device.
_NO_MEMORY = ("can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED")


class Place:
    """A device. by_layers: whether torch's own layers compute what they can there.

    So they do on every device but the CPU, where the loop is the readable twin of the native
    update and its bits stay as they were.
    """

    def __init__(self, options: TrainConfig) -> None:
        self.name, self.precision = options.device, options.precision
        self.device = torch.device(CUDA if self.name == CUDA else CPU)
        self.by_layers = self.name != CPU

    def begin(self, seed: int) -> None:
        """Begin the random numbers of every device, and say what cuDNN's layers compute in.

        By itself PyTorch lets them round products to TF32, which is no float32.
        """
        torch.manual_seed(seed)
        layers = "tf32" if self.precision == BFLOAT16 else "ieee"
        torch.backends.cudnn.rnn.fp32_precision = layers  # type: ignore[attr-defined]

    def random(self) -> Tensor:
        """The state of the generator that draws what is hidden here, as bytes."""
        return torch.cuda.get_rng_state() if self.name == CUDA else torch.get_rng_state()

    def set_random(self, state: Tensor) -> None:
        """Take up the random numbers where `random` was asked. Raises RuntimeError."""
        if self.name == CUDA:
            torch.cuda.set_rng_state(state)
        else:
            torch.set_rng_state(state)

    def go_on(self, state: Tensor, device: str, seed: int) -> None:
        """The same for a run that was on a device, by its name, or begin new ones from a seed.

        What the generators of a CPU and of a GPU remember does not fit the other's.
        """
        if (device == CUDA) == (self.name == CUDA):
            self.set_random(state)
        else:
            torch.manual_seed(seed)

    def state(self, state: ModelState | None) -> ModelState | None:
        """The same state on the device."""
        if state is None:
            return None
        return tuple(tuple(tensor.to(self.device) for tensor in layer) for layer in state)

    def memory(self) -> int:
        """The most bytes that tensors took on the device so far; 0 where it is the CPU's memory."""
        return torch.cuda.max_memory_allocated() if self.name == CUDA else 0

    def __str__(self) -> str:
        """What it is, in words: "cpu", "cuda (NVIDIA H200) in bfloat16"."""
        made = f" ({torch.cuda.get_device_name()})" if self.name == CUDA else ""
        return self.name + made + (f" in {BFLOAT16}" if self.precision == BFLOAT16 else "")


def lacks_memory(error: Exception) -> bool:
    """Whether an error of PyTorch says that there is no memory."""
    said = any(words in str(error) for words in _NO_MEMORY)
    return isinstance(error, torch.OutOfMemoryError) or (isinstance(error, RuntimeError) and said)
