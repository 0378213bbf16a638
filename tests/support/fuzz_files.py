"""A fuzzer that is guided by coverage, on every reader of a file that a stranger may have made.

python tests/support/fuzz_files.py --seconds 3600              an hour, shared among the readers
python tests/support/fuzz_files.py --seconds 60 --only resume  a minute of one
python tests/support/fuzz_files.py --only resume --again FILE  what a finding says

It needs atheris (`make soak` installs it where there is a wheel), and neither root nor a network.
Each reader has a process of its own, which learns from the inputs that an earlier one found to
reach new code: they stay in build/fuzz, as findings do. Readers are those of file_targets.py.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import NamedTuple

from root import ROOT

FOLDER = ROOT / "build" / "fuzz"
_LARGEST = 1 << 17  # bytes of a file
_MEMORY = 512 << 20  # bytes that a reader may take beside what it has from the beginning
_SECONDS = 5.0  # of a processor, for one file; the code counts what it passes and is slow
_HANGS = 120  # seconds after which a reader that does not come back is ended
_GRACE = 60.0  # seconds that it may take a process to begin and to end
_LEAST = 5.0  # seconds for which another process is worth beginning


class Tally(NamedTuple):
    """What came of a reader: files that it read, edges that they reached, processes that died."""

    executions: int = 0
    edges: int = 0
    died: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--only", nargs="+", metavar="READER")
    parser.add_argument("--again", type=Path, metavar="FILE", help="read one file, by one reader")
    parser.add_argument("--good", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.good:
        fuzz(options.only[0], options.good, options.place, options.seconds)
    if not options.again and find_spec("atheris") is None:
        print("skipped: atheris is not here (make soak installs it where it has a wheel)")
        return
    import file_targets
    from good_files import make_good_files

    names = options.only or list(file_targets.TARGETS)
    if unknown := set(names) - file_targets.TARGETS.keys():
        parser.error(f"no reader {', '.join(unknown)}: {', '.join(file_targets.TARGETS)}")
    with tempfile.TemporaryDirectory(prefix="charlm-fuzz-", dir=_memory()) as temporary:
        good = Path(temporary) / "good"
        good.mkdir()
        make_good_files(good)
        if options.again:
            again(names[0], options.again, good, Path(temporary))
            return
        tallies = {}
        for name in names:
            _plant_seeds(name, good)
            tallies[name] = _fuzzed(name, good, Path(temporary), options.seconds / len(names))
    found = sum(len(_findings(name)) for name in names)
    executions = sum(tally.executions for tally in tallies.values())
    edges = sum(tally.edges for tally in tallies.values())
    print(f"{len(names)} readers: {executions:,} files, {edges:,} edges, {found} findings")
    sys.exit(found > 0 or any(tally.died for tally in tallies.values()))


def _memory() -> str | None:
    """Where files lie in memory, if there is such a place: what is synced there costs nothing."""
    return next((path for path in ("/dev/shm",) if Path(path).is_dir()), None)


def _findings(name: str) -> list[Path]:
    return [path for path in (FOLDER / name / "findings").iterdir() if path.suffix != ".txt"]


def _plant_seeds(name: str, good: Path) -> None:
    """Put what an unguided fuzzer would begin with where the guided one looks."""
    import file_targets

    for folder in ("corpus", "findings"):
        (FOLDER / name / folder).mkdir(parents=True, exist_ok=True)
    for seed in file_targets.TARGETS[name].seeds(good):
        (FOLDER / name / "corpus" / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def _fuzzed(name: str, good: Path, temporary: Path, seconds: float) -> Tally:
    """Fuzz a reader for a while, in as many processes as it takes; tells what came of it."""
    end, tally, before = time.monotonic() + seconds, Tally(), len(_findings(name))
    while (left := end - time.monotonic()) > (_LEAST if tally.executions else 0):
        place = Path(tempfile.mkdtemp(dir=temporary))
        with open(FOLDER / name / "log.txt", "w+b") as log:
            ours = ["--only", name, "--good", good, "--place", place, "--seconds", str(left)]
            command = [sys.executable, str(Path(__file__)), *map(str, ours)]
            running = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
            try:
                ended = running.wait(left + _HANGS + _GRACE)
            except subprocess.TimeoutExpired:
                running.kill()
                ended = running.wait()
            log.seek(0)
            said = log.read().decode("utf-8", "replace")
        some = _tally(said)
        tally = Tally(
            tally.executions + some.executions,
            max(tally.edges, some.edges),
            tally.died + bool(ended),
        )
        if ended:  # what it was given lies where libFuzzer left it
            print(f"{name}: a process ended with {ended}: {FOLDER / name / 'log.txt'}", flush=True)
            if not some.executions:
                break
    new = len(_findings(name)) - before
    told = f"{tally.executions:,} files, {tally.edges:,} edges, {new} new findings"
    print(f"{name:14} {told}", flush=True)
    for path in _findings(name):
        print(f"  {path.name}: fuzz_files.py --only {name} --again {path}", flush=True)
    return tally


def _tally(said: str) -> Tally:
    """What libFuzzer said last, or its statistics at the end."""
    lines = re.findall(r"^#(\d+)\t.* cov: (\d+)", said, re.MULTILINE)
    whole = re.findall(r"^stat::number_of_executed_units: *(\d+)", said, re.MULTILINE)
    executions = int(whole[-1]) if whole else int(lines[-1][0]) if lines else 0
    return Tally(executions, int(lines[-1][1]) if lines else 0)


def fuzz(name: str, good: Path, place: Path, seconds: float) -> None:
    """Fuzz a reader in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["charlm", "tui", "tomllib"]):
        import tomllib  # noqa: F401 (so that it is counted)

        import file_targets
    target = file_targets.TARGETS[name]
    read = target.reader(good, place)
    findings = FOLDER / name / "findings"
    _limit_memory()

    def one(data: bytes) -> None:
        since = time.process_time()
        kind, said = file_targets.wrong(target, read, data)
        if not kind and (took := time.process_time() - since) > _SECONDS:
            kind = said = f"{took:.0f} seconds"
        if kind:
            path = findings / re.sub(r"[^\w.-]+", "-", kind)
            if not path.exists():
                path.write_bytes(data)
                path.with_name(path.name + ".txt").write_text(said, "utf-8", "backslashreplace")

    def some(data: bytes) -> bytes:
        return bytes(atheris.Mutate(data or b"0", len(data) + 64))

    def change(data: bytes, most: int, seed: int) -> bytes:
        try:
            changed = target.change(data, Random(seed), some)
        except Exception:  # what libFuzzer makes of it is to wait
            traceback.print_exc()
            os._exit(1)
        return changed if len(changed) <= most else data

    atheris.Setup(
        [sys.argv[0], f"-max_total_time={max(1, int(seconds))}", f"-timeout={_HANGS}",
         "-rss_limit_mb=0", "-report_slow_units=1000", f"-max_len={_LARGEST}", "-len_control=0",
         "-print_final_stats=1", "-close_fd_mask=1",
         f"-artifact_prefix={findings}/", str(FOLDER / name / "corpus")],
        one, custom_mutator=change,
    )  # fmt: skip
    atheris.Fuzz()


def _limit_memory() -> None:
    """Let this process take so much more, and no more than that."""
    taken = re.search(r"VmData:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if taken:
        limit = int(taken[1]) * 1024 + _MEMORY
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def again(name: str, file: Path, good: Path, place: Path) -> None:
    """Read one file, as the fuzzer did."""
    import file_targets

    target = file_targets.TARGETS[name]
    kind, said = file_targets.wrong(target, target.reader(good, place), file.read_bytes())
    print(f"{kind}\n{said}" if kind else "nothing is wrong with it")
    sys.exit(bool(kind))


if __name__ == "__main__":
    main()
