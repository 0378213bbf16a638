"""How the benchmarks measure, and on what.

Those that are compared take turns (A B C A B C ...), on one core, and the median of their process
times counts: other jobs on the machine disturb it least. Even so, only ratios within one run mean
anything.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("numpy", "torch", "onnxruntime", "jax", "numba", "transformers", "textual")


def pin() -> None:
    """Keep this process on one core, the last it may use, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def process_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, in seconds, of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def size_for(work: Callable[[int], object], seconds: float, largest: int = 1 << 20) -> int:
    """The size n >= 1 for which work(n) takes about `seconds` of processor time.

    Calls `work` with growing sizes, which also lets it allocate and compile.
    """
    work(1)
    n = 1
    while n < largest:
        took = process_seconds(functools.partial(work, n))
        if took > seconds / 4:
            return max(1, min(largest, int(n * seconds / took)))
        n *= 2
    return n


def take_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median process seconds of every call, the calls taking turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(process_seconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def describe_machine() -> dict[str, object]:
    """What the figures belong to: processor, caches, compiler, versions, commit, load."""
    return {
        "date": date.today().isoformat(),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "caches": cache_sizes(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "compiler": _first_line(os.environ.get("CXX", "c++"), "--version"),
        "python": platform.python_version(),
        "packages": _versions(),
    }


def cache_sizes() -> dict[str, int]:
    """Bytes of the first core's data caches, L1 to L3, where Linux names them."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        with contextlib.suppress(OSError, ValueError):
            if (folder / "type").read_text().strip() != "Instruction":
                level = (folder / "level").read_text().strip()
                found[f"L{level}"] = int((folder / "size").read_text().strip("K\n")) * 1024
    return found


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _commit() -> str:
    changed = _first_line("git", "status", "--porcelain", "--untracked-files=no")
    return _first_line("git", "rev-parse", "--short", "HEAD") + (" and changes" if changed else "")


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0]


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
