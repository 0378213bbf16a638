"""The ceilings of one core, measured by a small C++ file that is compiled on the spot."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.measure import process_seconds, size_for

SOURCE = Path(__file__).with_name("ceiling.cpp")
FLAGS = {"avx512": ["-mavx512f"], "avx2": ["-mavx2", "-mfma"]}


class Ceiling:
    """The ceilings for an instruction set, as the engine names it."""

    def __init__(self, isa: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder, "ceiling.so")
            flags = ["-std=c++20", "-O3", "-ffp-contract=fast", "-shared", "-fPIC"]
            command = [os.environ.get("CXX", "c++"), *flags, *FLAGS.get(isa, []), str(SOURCE)]
            subprocess.run([*command, "-o", str(library)], check=True)
            self._library = ctypes.CDLL(str(library))
        self._library.multiply_add.restype = ctypes.c_double
        self._library.read.restype = ctypes.c_double
        self._sink = np.zeros(16, np.float32)

    def operations(self, seconds: float) -> Callable[[], float]:
        """A turn of about `seconds` that returns float32 operations per second."""
        sink = ctypes.c_void_p(self._sink.ctypes.data)

        def work(turns: int) -> float:
            return self._library.multiply_add(ctypes.c_long(1000 * turns), sink)

        return _rate(work, seconds)

    def reading(self, size: int, seconds: float) -> Callable[[], float]:
        """A turn of about `seconds` that returns bytes per second read from `size` bytes."""
        padded = np.ones(size // 4 + 16, np.float32)
        aligned = padded[(-padded.ctypes.data % 64) // 4 :]
        buffer = ctypes.c_void_p(aligned.ctypes.data)
        sink = ctypes.c_void_p(self._sink.ctypes.data)

        def work(turns: int, keep: object = padded) -> float:
            count = ctypes.c_size_t(size // 4)
            return self._library.read(buffer, count, ctypes.c_long(turns), sink)

        return _rate(work, seconds)


def _rate(work: Callable[[int], float], seconds: float) -> Callable[[], float]:
    turns = size_for(work, seconds)
    done = work(turns)
    return lambda: done / process_seconds(lambda: work(turns))
