"""Stops what runs, at random instants, again and again, and looks at what is left.

python tests/support/storms.py --cancels 20000     texts, streams, beams, the screen's writer
python tests/support/storms.py --signals 300       trainings under many signals in a row

Cancelled: threads begin texts of every kind on one engine, and others drop, stop or replace them at
random instants. No text of those that go on may change, nothing may hang, and the memory must come
back. Signals: SIGINT, SIGTERM and SIGHUP, up to twenty, at random instants of a training. It must
end soon with the code of one of them and at most one line, and leave whole files to go on from.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from faults import loaded
from kills import wrong_with
from learners import SMALL, TEXT
from models import random_checkpoint

from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling
from charlm.engine.engine import Engine
from charlm.errors import run_and_exit
from charlm.run.checkpoint import load_checkpoint, save_checkpoint
from charlm.run.layout import LAST, RESUME, RUN_LOG, resume_file
from charlm.run.log import has_only_begun
from charlm.train.__main__ import main as train_main
from tui.writer.engine_model import load_engine
from tui.writer.snapshots import Failed, Finished, Request
from tui.writer.worker import DecodeWorker

_THREADS = 6
_LENGTH = 60
_SCORED = "the end of it " * 40
#: Bytes that may be in memory at the end beyond what was there after a quarter.
_LEFT = 1 << 24
_PATIENCE = 120
_STRATEGIES = (Greedy(), Sampling(top_p=0.9), BeamSearch(width=5), NucleusBeam(width=4, top_p=0.8))
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Cancels:
    """Threads that write, and drop what they write, on one engine and on one session."""

    def __init__(self, seed: int) -> None:
        checkpoint = random_checkpoint(unit="sentence", end=-1.0)
        self._engine, self._seed, self.wrong = Engine(checkpoint, threads=2), seed, list[str]()
        self._expected = [self._whole(case) for case in range(len(_STRATEGIES))]
        self._scored = self._engine.score(_SCORED).loss

    def _whole(self, case: int) -> str:
        return self._engine.write("a", _STRATEGIES[case], max_length=_LENGTH).text

    def run(self, count: int) -> None:
        """Cancel so many texts on several threads."""
        with ThreadPoolExecutor(_THREADS) as pool:
            for done in [pool.submit(self._storm, n, count // _THREADS) for n in range(_THREADS)]:
                done.result()

    def _storm(self, thread: int, count: int) -> None:
        dice = random.Random(f"{self._seed} {thread}")
        for number in range(count):
            case = dice.randrange(len(_STRATEGIES))
            dice.choice((self._drop, self._leave, self._pull_apart, self._score))(case, dice)
            if number % 20 == 0 and self._whole(case) != self._expected[case]:
                self.wrong.append(f"{_STRATEGIES[case]}: another text")

    def _session(self, case: int) -> Any:
        return self._engine.start(["a", "b"], _STRATEGIES[case], max_length=_LENGTH)

    def _drop(self, case: int, dice: random.Random) -> None:
        """A session that is let go after some positions."""
        session = self._session(case)
        session.advance(1 + dice.randrange(_LENGTH), dice.choice((0, 0.05, 20)))
        if not self._expected[case].startswith(session.settled(0)):
            self.wrong.append(f"{_STRATEGIES[case]}: another beginning")

    def _leave(self, case: int, dice: random.Random) -> None:
        """A stream that nobody reads to its end."""
        stream = self._engine.stream("a", _STRATEGIES[case], max_length=_LENGTH)
        text = "".join(piece for piece, _ in zip(stream, range(dice.randrange(5)), strict=False))
        if not self._expected[case].startswith(text):
            self.wrong.append(f"{_STRATEGIES[case]}: another stream")

    def _pull_apart(self, case: int, dice: random.Random) -> None:
        """A session that several threads pull, and that is let go meanwhile."""
        session = self._session(case)
        pulling = [
            threading.Thread(target=session.advance, args=(_LENGTH, budget))
            for budget in (0.05, 20)
        ]
        for thread in pulling:
            thread.start()
        del session
        for thread in pulling:
            thread.join(_PATIENCE)
            if thread.is_alive():
                self.wrong.append(f"{_STRATEGIES[case]}: a thread hangs")

    def _score(self, case: int, dice: random.Random) -> None:
        """A text that is scored, often not to its end."""
        scoring = self._engine.start_score(_SCORED)
        while not scoring.done and dice.random() < 0.9:
            scoring.advance(budget_ms=0.05)
        if scoring.done and scoring.score().loss != self._scored:
            self.wrong.append("another score")


def screens(count: int, seed: int) -> list[str]:
    """Requests to the writer of the screen that replace, cancel and reload one another."""
    wrong, dice = list[str](), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_checkpoint(path, random_checkpoint(unit="sentence", end=-1.0))
        worker = DecodeWorker(load_engine, threads=2)
        worker.waits = False
        worker.load(path)
        for number in range(1, count + 1):
            strategy = dice.choice(_STRATEGIES)
            worker.write(Request(number, "a", strategy, _LENGTH, 1, 0, "greedy"))
            time.sleep(dice.random() * 0.004)
            dice.choice((worker.cancel, worker.cancel, lambda: worker.load(path), lambda: None))()
            worker.posted.clear()
        worker.write(Request(0, "a", _STRATEGIES[0], _LENGTH, 1, 0, "greedy"))
        end = time.monotonic() + _PATIENCE
        seen: list[Any] = []
        while not any(isinstance(each, Finished | Failed) and each.number == 0 for each in seen):
            seen += worker.take()
            if time.monotonic() > end:
                wrong.append("the screen's writer hangs")
                break
            time.sleep(0.002)
        wrong += [each.message for each in seen if isinstance(each, Failed)]
        worker.close(_PATIENCE)
        if worker._thread.is_alive():
            wrong.append("the screen's writer does not end")
    return wrong


def cancels(count: int, seed: int) -> list[str]:
    """What is wrong after so many texts were cancelled."""
    storm = Cancels(seed)
    storm.run(count // 4)
    gc.collect()
    before = resident()
    storm.run(count - count // 4)
    gc.collect()
    grown = resident() - before
    if grown > _LEFT:
        storm.wrong.append(f"{grown:,} bytes more in memory")
    if left := [t.name for t in threading.enumerate() if t is not threading.main_thread()]:
        storm.wrong.append(f"threads left: {left}")
    return storm.wrong + screens(count // 20, seed)


def train(run: Path, text: Path, stderr: int) -> None:
    """In a fork: train as a process does, until it is stopped."""
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(stderr, 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    how = ["--resume", str(run)] if resume_file(run) else ["--out", str(run)]
    given = [*how, "--corpus", str(text), "--characters", "1g"]
    sys.argv = ["charlm.train", *given, *([] if "--resume" in given else [*SMALL, "--keep", "2"])]
    try:
        run_and_exit(train_main)
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def signalled(run: Path, text: Path, dice: random.Random) -> list[str]:
    """What is wrong with a training that got many signals."""
    before = load_checkpoint(run / LAST).metrics["step"] if (run / LAST).exists() else 0
    with tempfile.TemporaryFile() as stderr:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until the fork is ready for them
        process = os.fork()
        if process == 0:
            try:
                train(run, text, stderr.fileno())
            finally:  # one more signal leads no fork into what its parent has to clear away
                os._exit(128 + signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        time.sleep(dice.random() * dice.choice((0.3, 1.0)))
        ended, kinds = (0, 0), dice.choice((_SIGNALS, _SIGNALS[:1]))
        for _ in range(dice.randrange(1, 21)):
            ended = os.waitpid(process, os.WNOHANG)
            if ended[0]:
                break
            os.kill(process, dice.choice(kinds))
            time.sleep(dice.choice((0, 0, 0.001, 0.02)))
        end = time.monotonic() + _PATIENCE
        while not ended[0] and time.monotonic() < end:
            ended = os.waitpid(process, os.WNOHANG)
            time.sleep(0.001)
        if not ended[0]:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return ["it hangs"]
        stderr.seek(0)
        said = stderr.read().decode("utf-8", "replace")
    code, wrong = os.waitstatus_to_exitcode(ended[1]), []
    if code not in (130, 143, 129, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT):
        wrong.append(f"exit code {code}: {said}")
    lines = [line for line in said.splitlines() if not line.startswith("charlm: warning: ")]
    if len(lines) > 1 or not all(line.startswith("charlm: ") for line in lines):
        wrong.append(f"said {said!r}")
    if resume_file(run):
        return [*wrong, *wrong_with(run, before)[0]] if (run / LAST).exists() else wrong
    if (run / RUN_LOG).exists() and not has_only_begun(run):
        wrong.append(f"neither {RESUME} nor a new beginning")
    return wrong


def signals(count: int, seed: int) -> list[str]:
    """What is wrong after so many trainings were stopped."""
    torch.set_num_threads(1)
    wrong, dice = list[str](), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="charlm-storms-") as place:
        text = Path(place) / "numbers.txt"
        text.write_text(TEXT)
        for number in range(count):
            run = Path(place) / f"run-{number // 5}"
            wrong += [f"storm {number}: {each}" for each in signalled(run, text, dice)]
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cancels", type=int, default=0)
    parser.add_argument("--signals", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    loaded()  # which takes care that a fork lacks no thread
    wrong = signals(options.signals, options.seed)  # first: a fork wants no threads
    if options.cancels:
        wrong += cancels(options.cancels, options.seed)
    for each in wrong[:50]:
        print(each, flush=True)
    counts = f"{options.cancels} texts cancelled, {options.signals} trainings signalled"
    print(f"{counts}, {len(wrong)} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
