"""Several processes that train one model, in children that have torch imported already.

They meet as torchrun's do: at a store in the process that started them, whose port is free.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch.distributed as dist

from charlm.errors import run_main
from charlm.train.__main__ import main

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["charlm.train.together", "torch.utils.tensorboard"])
_LONGEST = 120.0  # seconds: a training that hangs fails

#: A function that is called in every child before it trains, with its rank and what follows here.
Before = tuple[Any, ...]


class Child(NamedTuple):
    """What became of a process: its exit code (negative: the signal), and what it wrote."""

    code: int | None
    out: str
    err: str


class Children:
    """`size` processes, each of which calls `work` with its rank; entered, they run."""

    def __init__(self, size: int, folder: Path, work: Callable[..., int], *given: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = dist.TCPStore("localhost", 0, None, True, wait_for_workers=False)
        environment = {
            "WORLD_SIZE": str(size),
            "LOCAL_WORLD_SIZE": str(size),
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": str(self._store.port),
            "TORCHELASTIC_USE_AGENT_STORE": "True",
        }
        self.processes = [
            _PROCESSES.Process(target=_child, args=(rank, environment, folder, work, given))
            for rank in range(size)
        ]
        for process in self.processes:
            process.start()

    def end(self) -> list[Child]:
        """Wait until all have ended."""
        for process in self.processes:
            process.join(_LONGEST)
        hung = [process for process in self.processes if process.exitcode is None]
        for process in hung:
            process.kill()
            process.join()
        assert not hung
        return [
            Child(
                process.exitcode,
                (self._folder / f"{rank}.out").read_text(),
                (self._folder / f"{rank}.err").read_text(),
            )
            for rank, process in enumerate(self.processes)
        ]


def training(size: int, folder: Path, arguments: list[str], before: Before = ()) -> Children:
    """A training on so many processes, which has begun."""
    return Children(size, folder, _train, arguments, before)


def trained(size: int, folder: Path, arguments: list[str], before: Before = ()) -> list[Child]:
    """Train on so many processes, to the end."""
    return training(size, folder, arguments, before).end()


def _train(rank: int, arguments: list[str], before: Before) -> int:
    if before:
        act, *given = before
        act(rank, *given)
    return run_main(main, arguments)


def _child(
    rank: int,
    environment: dict[str, str],
    folder: Path,
    work: Callable[..., int],
    given: tuple[Any, ...],
) -> None:
    os.environ.update(environment, RANK=str(rank))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / f"{rank}.{name}", os.O_WRONLY | os.O_CREAT), number)
    sys.exit(work(rank, *given))
