"""The processes that train one model together, by torch.distributed.

Rank 0 leads: it alone reads the clock and the control file, writes, and decides what comes next. It
says so in an order; the others wait for one, and do their part of it (`charlm.train.following`).
Every other exchange belongs to an order, so that no two processes ever wait for different things.

DistributedDataParallel is not used: it sums gradients while autograd walks back weight by weight,
and here one function makes all of them at once; and a rank may have no rows of a batch. One
all-reduce of one flat buffer takes its place.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from charlm.errors import CharlmError, InputError, TrainingError, reason_of
from charlm.train.launch import Launch

T = TypeVar("T")

#: Of weights on a CPU. Where they lie on CUDA it is nccl, and what is exchanged lies there too.
_BACKEND = "gloo"
_TO_MEET = timedelta(seconds=120)
#: Longer than rank 0 ever works between two orders. A process that ends is noticed at once.
_TO_ANSWER = timedelta(minutes=10)
_TO_REPORT = 2.0  # seconds, for those that are left when one is lost
_BETWEEN_LOOKS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RankLost(TrainingError):
    """A process of the training has ended. `tells`: whether this one is to say so."""

    tells = True


class Ended(Exception):
    """Rank 0 has ended the training. `code`: its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Ranks:
    """This process among those that train one model; by itself it is the only one.

    heard: gives the signal that this process got, or 0. signalled: the one that any of them got.
    failure: the last error that all of them met. is_lost: whether one of them has ended.
    """

    def __init__(self, launch: Launch | None = None) -> None:
        """Meet the others. Raises InputError where they do not come."""
        self.rank, self.size = (launch.rank, launch.size) if launch else (0, 1)
        self.heard: Callable[[], int] = lambda: 0
        self.signalled = 0
        self.is_lost = False
        self.failure: CharlmError | None = None
        if launch is None:
            return
        try:
            store, _, _ = next(rendezvous("env://", self.rank, self.size, timeout=_TO_MEET))
            self._store = PrefixStore("charlm", store)
            dist.init_process_group(
                _BACKEND,
                store=PrefixStore("torch", store),
                rank=self.rank,
                world_size=self.size,
                timeout=_TO_ANSWER,
            )
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"rank {self.rank}: the {self.size} processes did not meet at {launch.address}:"
                f"{launch.port} within {_TO_MEET.seconds} s (MASTER_ADDR, MASTER_PORT):"
                f" {str(error).splitlines()[0][:120]}"
            ) from None

    def part(self, count: int) -> slice:
        """Which of `count` rows are this process's; rank 0 has some, if there are any."""
        first, end = (-(-count * rank // self.size) for rank in (self.rank, self.rank + 1))
        return slice(first, end)

    def order(self, *said: Any) -> tuple[Any, ...]:
        """What rank 0 says, on every rank. Raises Ended where that is the end."""
        if self.size == 1:
            return said
        box = [said]
        self._exchange(lambda: dist.broadcast_object_list(box, src=0))
        if self.rank and box[0][0] == "end":
            raise Ended(box[0][1])
        return box[0]

    def share(self, value: Any = None) -> Any:
        """The value of rank 0, on every rank."""
        return self.order("value", value)[1]

    def first(self, work: Callable[[], T]) -> T:
        """What work gives on rank 0, on every rank."""
        return self.share(None if self.rank else work())  # type: ignore[no-any-return]

    def collect(self, value: T) -> list[T]:
        """The values of all ranks, on every rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        self._exchange(lambda: dist.all_gather_object(values, value))
        return values

    def agree(self, work: Callable[[], T]) -> T:
        """What work gives here, once it is done on every rank.

        Raises what it raised here, or else CharlmError for the first rank where it failed.
        """
        if self.size == 1:
            return work()
        result, error = _tried(work)
        self.order("agree")
        self.raise_first(error)
        return result  # type: ignore[return-value]

    def add_up(self, count: int, work: Callable[[], Sequence[float]]) -> list[float]:
        """The sums, over all ranks, of the `count` numbers that work gives; raises as `agree` does.

        It carries along whether one of them got a signal.
        """
        if self.size == 1:
            return list(work())
        values, error = _tried(work)
        got = [float(self.heard() == signum) for signum in _SIGNALS]
        told = [float(error is not None), *got, *(values or [0.0] * count)]
        sums = torch.tensor(told, dtype=torch.float64)
        self._exchange(lambda: dist.all_reduce(sums))
        failed, *found = sums.tolist()
        for signum, ranks in zip(_SIGNALS, found[: len(_SIGNALS)], strict=True):
            self.signalled = signum if ranks else self.signalled
        if failed:
            self.raise_first(error)
        return found[len(_SIGNALS) :]

    def add_up_gradients(self, weights: Iterable[Tensor]) -> None:
        """Give every weight the sum of its gradients over all ranks."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = parameters_to_vector(gradients)
        self._exchange(lambda: dist.all_reduce(flat))
        vector_to_parameters(flat, gradients)

    def wait(self) -> None:
        """Keep the others waiting, and hear whether one of them got a signal."""
        if self.size > 1:
            self.order("wait")
            self.add_up(0, list)

    def end(self, code: int) -> None:
        """Let the others end with this exit code, behind rank 0: torchrun asks which was first."""
        if self.size > 1 and not self.is_lost:
            self.report("")
            with contextlib.suppress(RankLost):
                self.order("end", code)

    def outlast(self) -> None:
        """Wait until rank 0 has left."""
        with contextlib.suppress(RuntimeError):
            dist.barrier()

    def report(self, message: str) -> None:
        """Leave word of why this process ends, for those who notice that it has."""
        with contextlib.suppress(RuntimeError):
            self._store.set(f"left/{self.rank}", message)

    def raise_first(self, error: Exception | None) -> None:
        """Raise this process's error, or else that of the first rank which has one."""
        failures = self.collect(None if error is None else _in_words(error))
        if error is not None and self.rank == 0:
            raise error
        for rank, failure in enumerate(failures):
            if failure is not None:
                code, host, message = failure
                kind = InputError if code == InputError.exit_code else TrainingError
                raise self.met_by_all(kind(f"rank {rank} on {host}: {message}"))

    def met_by_all(self, error: CharlmError) -> CharlmError:
        """The error, which every rank raises now."""
        self.failure = error
        return error

    def _exchange(self, call: Callable[[], object]) -> None:
        if self.is_lost:
            raise RankLost("a process of the training has ended")
        try:
            call()
        except RuntimeError as error:
            raise self._lost(error) from None

    def _lost(self, error: RuntimeError) -> RankLost:
        """Find out who has ended, from what the others leave word of while they notice it too."""
        self.is_lost = True
        self.report("")
        words: dict[int, str] = {self.rank: ""}
        deadline = time.monotonic() + _TO_REPORT
        with contextlib.suppress(RuntimeError):
            while len(words) < self.size and time.monotonic() < deadline:
                time.sleep(_BETWEEN_LOOKS)
                for rank in range(self.size):
                    if self._store.check([f"left/{rank}"]):
                        words[rank] = self._store.get(f"left/{rank}").decode()
        missing = [str(rank) for rank in range(self.size) if rank not in words]
        said = [f"rank {rank}: {word}" for rank, word in words.items() if word]
        verb = "has" if len(missing) == 1 else "have"
        named = f"rank {' and '.join(missing)} of {self.size} {verb} ended"
        broken = f"the ranks lost each other ({str(error).splitlines()[0][:120]})"
        lost = RankLost(said[0] if said else named if missing else broken)
        lost.tells = self.rank == min(rank for rank, word in words.items() if not word)
        return lost


#: Of a process that trains by itself.
ALONE = Ranks()


def _tried(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except Exception as error:
        return None, error


def _in_words(error: Exception) -> tuple[int, str, str]:
    """Exit code, machine and message."""
    code, message = 1, reason_of(error)
    if isinstance(error, CharlmError):
        code, message = error.exit_code, error.typed
    return code, socket.gethostname(), message
