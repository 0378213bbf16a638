"""Kills trainings while they save, and looks at what is left.

python tests/support/kills.py --kills 1000

A parent that has loaded everything forks a training, whose steps are free and whose saves are
real: it saves after every step, and says through a pipe which step is saved. At a random instant
it is killed. Then every file of the run must be whole, the newest weights and what the run goes on
from must be of the last acknowledged step or a later one, and the next start must leave nothing
temporary.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

import torch
from learners import learner_of

from charlm.errors import CharlmError
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import KEPT, LAST, MODEL, RESUME
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.saver import Saver
from charlm.train.learner import Learner

_STEP = struct.Struct("<q")
#: Seconds behind an acknowledged save within which the kill comes; a save takes some 10 ms.
_WITHIN = 0.04
_KEEP = ("--keep", "2")


def save_for_ever(run: Path, step: int, write: int) -> None:
    """In a fork: save after every step, and acknowledge each that is on the disk."""
    learner, dice = learner_of(*_KEEP), random.Random(step)
    with RunFolder.open(run) as folder:
        learner.resume(folder.load_resume())
        saver = Saver(learner, folder, lambda message: os.abort())
        while True:
            learner.position.step += 1
            loss = dice.random()
            saver.save(saver.is_best(loss), loss)
            os.write(write, _STEP.pack(learner.position.step))


def killed(run: Path, step: int, dice: random.Random) -> int:
    """Fork a training of a run, kill it at a random instant; the last step it acknowledged."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            save_for_ever(run, step, write)
        finally:
            os._exit(1)
    os.close(write)
    with open(read, "rb") as acknowledged:
        for _ in range(dice.randrange(3)):
            step = _STEP.unpack(acknowledged.read(_STEP.size))[0]
        time.sleep(dice.random() * _WITHIN)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the training ended by itself"
        while select.select([acknowledged], [], [], 0)[0] and (more := acknowledged.read(8)):
            step = _STEP.unpack(more)[0]
    return step


def wrong_with(run: Path, step: int) -> tuple[list[str], int, int]:
    """What is wrong with a run that was killed; the step it goes on from; temporaries swept."""
    wrong: list[str] = []
    before = len(list(run.rglob(".charlm-*")))
    for path in (run / MODEL, run / LAST, *(run / KEPT).glob("*")):
        try:
            found = load_checkpoint(path).metrics["step"] if ".charlm-" not in path.name else step
        except CharlmError as error:
            wrong.append(f"unreadable: {error}")
        else:
            if path.name == LAST and found < step:
                wrong.append(f"step {step} was acknowledged, {LAST} holds {found}")
    try:
        with RunFolder.open(run) as folder:
            resumed: int = folder.load_resume()["position"]["step"]
    except CharlmError as error:
        return [*wrong, f"unreadable: {error}"], step, before
    if resumed < step:
        wrong.append(f"step {step} was acknowledged, {RESUME} holds {resumed}")
    if left := list(run.rglob(".charlm-*")):
        wrong.append(f"{len(left)} temporaries left")
    return wrong, resumed, before


def begun(run: Path) -> Learner:
    """A run with everything that a training saves."""
    learner = learner_of(*_KEEP)
    with RunFolder.create(run) as folder:
        Saver(learner, folder, lambda message: None).save(True, 2.0)
    return learner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dice, step, bad, swept = random.Random(options.seed), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="charlm-kills-") as place:
        run = Path(place) / "run"
        begun(run)
        for kill in range(options.kills):
            step = killed(run, step, dice)
            wrong, step, temporaries = wrong_with(run, step)
            swept += temporaries
            bad += bool(wrong)
            for each in wrong:
                print(f"kill {kill}: {each}", flush=True)
    print(
        f"{options.kills} kills, {step} steps saved, {swept} temporaries swept by the next start,"
        f" {bad} runs damaged"
    )
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
