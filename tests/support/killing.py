"""A training that kills itself, in a process of its own that has torch imported already."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from charlm.run.layout import LAST
from charlm.train import trainer
from charlm.train.__main__ import main
from charlm.train.learner import Learner

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["charlm.train.command", "torch.utils.tensorboard"])


def kill_at(step: int, arguments: list[str]) -> None:
    """Train, saving after every step, until SIGKILL in the middle of the step behind `step`."""
    process = _PROCESSES.Process(target=_train_until, args=(step, arguments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _train_until(step: int, arguments: list[str]) -> None:
    learn = Learner.step

    def killed(self: Learner, **closely: bool) -> object:
        result = learn(self, **closely)
        if self.position.step > step:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "step", killed)
        patch.setattr(trainer, "_SECONDS_BETWEEN_SAVES", 0.0)
        main(arguments)


def newest_weights(run: Path) -> bytes:
    """The bytes of the newest weights, without the header, which has a time in it."""
    data = (run / LAST).read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]
