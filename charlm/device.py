"""Which device is meant where one is asked for: the same words for writing and for learning.

PyTorch is imported only to look for CUDA.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import NamedTuple

from charlm.checks import check_choice
from charlm.errors import CharlmError, argument
from charlm.wording import TORCH_MISSING

CPU, CUDA, AUTO = DEVICES = ("cpu", "cuda", "auto")
#: Hidden: it runs what is written for cuda on torch's CPU tensors, as the tests do.
TORCH_CPU = "torch-cpu"


class Chosen(NamedTuple):
    """A device that is there. notice: why it is not the one wished for."""

    name: str
    notice: str = ""


def check_device(wish: str) -> None:
    """Raise InputError unless it is the name of a device."""
    if wish != TORCH_CPU:
        check_choice("device", wish, DEVICES)


def choose_device(wish: str) -> Chosen:
    """The device meant by cpu, cuda, or auto: cuda where there is one, else cpu with a notice.

    Raises InputError for another name, CharlmError where there is no CUDA device.
    """
    check_device(wish)
    if wish not in (CUDA, AUTO):
        return Chosen(wish)
    if find_spec("torch") is None:
        missing = f"it needs {TORCH_MISSING}"
    elif sees_cuda():
        return Chosen(CUDA)
    else:
        missing = "PyTorch sees no CUDA device"
    if wish == CUDA:
        raise CharlmError(f"device cuda: {missing}: take ", argument("device", CPU))
    return Chosen(CPU, f"device cuda: {missing}: the CPU is taken")


def sees_cuda() -> bool:
    """Whether torch, which is there, has a CUDA device."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drivers: the answer says enough
        return torch.cuda.is_available()
