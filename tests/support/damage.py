"""Every truncation and every flipped bit of a small checkpoint and a small resume file.

Each must be refused, and quickly, with little memory: the longest and the most are printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from learners import learner_of
from models import random_checkpoint

from charlm.errors import InputError
from charlm.run.checkpoint import checkpoint_bytes, load_checkpoint
from charlm.run.layout import MODEL, RESUME
from charlm.train.keep.resume_file import read_resume, resume_bytes, resume_data


def damages(data: bytes, every: int) -> Iterator[bytes]:
    """Every beginning; every byte with each bit flipped, all of them, and put to 0."""
    for size in range(0, len(data), every):
        yield data[:size]
    for place in range(0, len(data), every):
        for flip in (*(1 << bit for bit in range(8)), 0xFF, data[place] or 0x55):
            yield data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]


def tried(name: str, data: bytes, every: int, load: Callable[[Path], object]) -> int:
    """Load every damaged form of a file; how many were taken for whole."""
    count = taken = 0
    longest = 0.0
    with tempfile.TemporaryDirectory(prefix="charlm-damage-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        load(path)
        tracemalloc.start()
        for damaged in damages(data, every):
            path.write_bytes(damaged)
            since = time.perf_counter()
            count += 1
            try:
                load(path)
                taken += 1
            except InputError:
                pass
            longest = max(longest, time.perf_counter() - since)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(
        f"{name} of {len(data):,} bytes: {count:,} damaged forms, {taken} taken for whole; at most"
        f" {longest * 1000:.0f} ms and {most / 1e6:.1f} MB",
        flush=True,
    )
    return taken


def load_resume(path: Path) -> object:
    """Read a resume file as a run does."""
    with path.open("rb") as file:
        return read_resume(resume_data(file, path), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="one byte of so many")
    every = parser.parse_args().every
    model = random_checkpoint("gru", characters="ab", hidden_size=3)
    taken = tried(MODEL, checkpoint_bytes(model)[0], every, load_checkpoint)
    learner = learner_of("--hidden", "3", "--embedding", "2")
    learner.step()
    taken += tried(RESUME, resume_bytes(learner.resume_values()), every, load_resume)
    sys.exit(taken > 0)


if __name__ == "__main__":
    main()
