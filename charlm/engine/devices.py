"""Where decoding runs: the native engine on the CPU, or torch tensors on a CUDA device.

PyTorch is imported only when a device other than "cpu" is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from types import ModuleType

from charlm import _engine
from charlm.checks import check_choice
from charlm.errors import CharlmError
from charlm.wording import TORCH_MISSING

DEVICES = ("cpu", "cuda", "auto")
_HIDDEN = "torch-cpu"  # runs the tests of cuda anywhere


@dataclass(frozen=True)
class Device:
    """A device and the module that decodes on it, as `_engine.pyi` describes that.

    options: what the module's Model is told besides. notice: why it is not the one wished for.
    """

    name: str
    native: ModuleType
    options: dict[str, str] = field(default_factory=dict)
    notice: str = ""


def open_device(wish: str) -> Device:
    """The device meant by cpu, cuda, or auto: cuda where there is one, else cpu with a notice.

    Raises InputError for another name, CharlmError where there is no CUDA device.
    """
    if wish != _HIDDEN:
        check_choice("device", wish, DEVICES)
    if wish == "cpu":
        return Device("cpu", _engine)
    if find_spec("torch") is None:
        missing = f"it needs {TORCH_MISSING}"
    else:
        from charlm import torch_engine

        if wish == _HIDDEN:
            return Device(wish, torch_engine, {"device": "cpu"})
        if torch_engine.sees_cuda():
            return Device("cuda", torch_engine, {"device": "cuda"})
        missing = "PyTorch sees no CUDA device"
    if wish == "cuda":
        raise CharlmError(f"device cuda: {missing}")
    return Device("cpu", _engine, notice=f"device cuda: {missing}: the CPU is taken")
