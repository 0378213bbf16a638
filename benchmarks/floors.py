"""What a device cannot beat: bytes, operations and launches of some work, at the rates it has.

The rates are measured on the spot, on torch tensors: bytes by copying a large tensor, operations by
a product of large float32 matrices, launches by adding to a single number again and again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_ROUNDS = 5


@dataclass(frozen=True)
class Rates:
    """Of a device: bytes and operations per second, seconds of a launch."""

    bytes_per_s: float
    operations_per_s: float
    seconds_per_launch: float

    def __str__(self) -> str:
        return (
            f"{self.bytes_per_s / 1e9:,.0f} GB/s, {self.operations_per_s / 1e12:,.2f} TFLOP/s in"
            f" float32, {self.seconds_per_launch * 1e6:.1f} us a launch"
        )


@dataclass(frozen=True)
class Work:
    """What something takes at least.

    bytes: that are read. launches: operators of torch, of which each launches a kernel or more.
    """

    bytes: float
    operations: float
    launches: int

    def seconds(self, rates: Rates) -> dict[str, float]:
        """How long it takes by each, were the others free."""
        return {
            "bytes": self.bytes / rates.bytes_per_s,
            "operations": self.operations / rates.operations_per_s,
            "launches": self.launches * rates.seconds_per_launch,
        }


def wait_for(device: torch.device) -> None:
    """Wait until all that was queued is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measured(device: torch.device) -> Rates:
    """The rates of a device; on the CPU, of small sizes, to see that it works."""
    on_gpu = device.type == "cuda"
    numbers, size, launches = (1 << 28, 8192, 2000) if on_gpu else (1 << 20, 128, 200)
    one = torch.ones(numbers, device=device)
    other, dot = torch.empty_like(one), torch.zeros(1, device=device)
    matrix = torch.ones(size, size, device=device)

    def launch() -> None:
        for _ in range(launches):
            dot.add_(1)

    return Rates(
        2 * 4 * numbers / _seconds(device, lambda: other.copy_(one)),
        2 * size**3 / _seconds(device, lambda: torch.mm(matrix, matrix)),
        _seconds(device, launch) / launches,
    )


def launches_of(act: Callable[[], object]) -> int:
    """How many operators that compute something a call asks for."""
    with _Counting() as counting:
        act()
    return counting.count


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


def _seconds(device: torch.device, act: Callable[[], object]) -> float:
    """By the clock, the median of a few turns behind one that allocates."""
    turns = []
    for _ in range(_ROUNDS + 1):
        wait_for(device)
        start = time.perf_counter()
        act()
        wait_for(device)
        turns.append(time.perf_counter() - start)
    return statistics.median(turns[1:])
