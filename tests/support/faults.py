"""Fails every call that touches the disk, one at a time, and looks at what is left.

python tests/support/faults.py              every call, every error, once and for good
python tests/support/faults.py --every 50   one of 50 of them, spread
python tests/support/faults.py --only train resume
python tests/support/faults.py --kill       killed at every call instead

`faulty_calls.cpp` stands before libc. A parent that has loaded everything forks a child for each
fault: it does one thing in a folder while the n-th open, write, fsync, rename or mkdir below that
folder fails. Then the folder must hold the old or the new, whole; what was said must be one line,
and true; and the next start must leave nothing temporary and go on.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from root import ROOT

if TYPE_CHECKING:
    from fault_scenarios import Scenario

KINDS = ("open", "write", "fsync", "rename", "mkdir")
ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE")
KILL = "SIGKILL"
_SHIM = ROOT / "tests/support/faulty_calls.cpp"
_LOADED = "CHARLM_FAULTY_CALLS"
#: Seconds after which a child that hangs is ended by SIGALRM.
_PATIENCE = 120


class Fault(NamedTuple):
    """The n-th call of a kind fails with an error; for good: so do all behind it."""

    kind: int
    number: int
    error: str
    for_good: bool

    def __str__(self) -> str:
        if self.error == KILL:
            return f"killed before {KINDS[self.kind]} {self.number}"
        how = "for good" if self.for_good else "once"
        return f"{KINDS[self.kind]} {self.number} fails with {self.error} {how}"


def faults_of(counts: list[int], every: int, start: int, kill: bool) -> list[Fault]:
    """One of `every` of all faults, of the calls that were counted; `start`: where it begins."""
    ways = [(KILL, False)] if kill else [*itertools.product(ERRORS, (False, True))]
    found = (
        Fault(kind, number, error, for_good)
        for kind, count in enumerate(counts)
        for number in range(1, count + 1)
        for error, for_good in ways
    )
    return list(itertools.islice(found, start % every, None, every))


class Shim:
    """The library that stands before libc, in this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)

    def arm(self, folder: Path, fault: Fault) -> None:
        """Count the calls below a folder from now on; let one of them fail."""
        number = getattr(errno, fault.error, 0)
        self._library.faults_arm(
            os.fsencode(folder), fault.kind, fault.number, number, fault.for_good
        )

    def disarm(self) -> list[int]:
        """Let every call through; how many of each kind there were."""
        counts = [self._library.faults_counted(kind) for kind in range(len(KINDS))]
        self._library.faults_arm(b"", -1, 0, 0, 0)
        return counts


def told(do: Callable[[], int]) -> tuple[int, str]:
    """Do something; its exit code, and all it wrote to stderr."""
    with tempfile.TemporaryFile() as stderr, open(os.devnull, "wb") as null:
        os.dup2(stderr.fileno(), 2)
        os.dup2(null.fileno(), 1)
        code = do()
        sys.stderr.flush()
        stderr.seek(0)
        said = stderr.read().decode("utf-8", "replace")
    return code, said


def child(write: int, folder: Path, scenario: Scenario, fault: Fault, was_killed: bool) -> None:
    """In a fork: do it, look at what is left, and write what is wrong or how often was called.

    was_killed: another one did it, and was killed; only look.
    """
    signal.alarm(_PATIENCE)
    shim = Shim()
    counts: list[int] = []
    try:
        if was_killed:
            from fault_scenarios import KILLED

            wrong: list[str] = []
            told(lambda: wrong.extend(scenario.judge(folder, 1, KILLED)) or 0)
        else:
            shim.arm(folder, fault)
            try:
                code, said = told(lambda: scenario.act(folder))
            finally:
                counts = shim.disarm()
            wrong = scenario.judge(folder, code, said)
        report = "\n".join(wrong) if fault.number or wrong else " ".join(map(str, counts))
    except BaseException:
        report = traceback.format_exc()
    os.write(write, report.encode("utf-8", "replace")[:60_000])
    os._exit(0)


def in_a_fork(template: Path, scenario: Scenario, fault: Fault, place: Path) -> str:
    """What a child reports of a copy of the scenario's folder."""
    folder = place / "work"
    shutil.copytree(template, folder, symlinks=True)
    report, status = _reported(folder, scenario, fault, False)
    if fault.error == KILL and fault.number:
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, report
        report, status = _reported(folder, scenario, fault, True)
    shutil.rmtree(folder)
    return report if os.WIFEXITED(status) else f"ended by signal {os.WTERMSIG(status)}\n{report}"


def _reported(folder: Path, scenario: Scenario, fault: Fault, was_killed: bool) -> tuple[str, int]:
    """What a child reports, and how it ended."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        child(write, folder, scenario, fault, was_killed)
    os.close(write)
    with open(read, "rb") as pipe:
        report = pipe.read().decode("utf-8", "replace")
    return report, os.waitpid(process, 0)[1]


def run(names: list[str], every: int, seed: int, kill: bool) -> int:
    """Try every scenario; the number of faults that something was wrong with."""
    from fault_scenarios import KILLABLE, SCENARIOS

    bad = 0
    with tempfile.TemporaryDirectory(prefix="charlm-faults-") as temporary:
        place = Path(os.path.realpath(temporary))
        for name in names or (KILLABLE if kill else SCENARIOS):
            scenario, template = SCENARIOS[name], place / f"template-{name}"
            template.mkdir()
            made = os.fork()
            if made == 0:  # a training starts threads, which a fork would lack
                told(lambda: scenario.prepare(template) or 0)  # noqa: B023
                os._exit(0)
            os.waitpid(made, 0)
            counted = in_a_fork(template, scenario, Fault(0, 0, "EIO", False), place)
            try:
                counts = [int(word) for word in counted.split()]
            except ValueError:
                print(f"{name}: without a fault: {counted}", flush=True)
                return 1
            faults = faults_of(counts, every, seed, kill)
            for fault in faults:
                if wrong := in_a_fork(template, scenario, fault, place):
                    bad += 1
                    print(f"{name}: {fault}:\n    " + wrong.replace("\n", "\n    "), flush=True)
            calls = ", ".join(f"{count} {kind}" for kind, count in zip(KINDS, counts, strict=True))
            print(f"{name}: {len(faults)} {'kills' if kill else 'faults'} in {calls}", flush=True)
    return bad


def loaded() -> None:
    """Start again with the library before libc, unless it is there."""
    if os.environ.get(_LOADED):
        return
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "faulty_calls.so"
        compiling = [os.environ.get("CXX", "c++"), "-std=c++20", "-O1", "-shared", "-fPIC"]
        subprocess.run([*compiling, _SHIM, "-o", library, "-ldl"], check=True)
        environment = {**os.environ, "LD_PRELOAD": str(library), _LOADED: "1"}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = str(ROOT)
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment).returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="which one of each N")
    parser.add_argument("--kill", action="store_true", help="kill instead of failing")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    options = parser.parse_args()
    loaded()
    bad = run(options.only, options.every, options.seed, options.kill)
    if bad:
        sys.exit(f"{bad} faults were not survived as promised")


if __name__ == "__main__":
    main()
