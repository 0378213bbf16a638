"""Puts odd things in the place of each file of a run, and opens it with every command and view.

python tests/support/odd_folders.py             every thing, in every place, opened by everything
python tests/support/odd_folders.py --every 20  one of 20 of them, spread

A folder may come from anybody: links, pipes, sockets, devices, folders, files without an end, files
of other users lie where a run has its own. Whatever opens it must come to its end soon, say one
line or do its work, take no memory that the file only claims, and leave alone all that lies
outside. Each is done in a fork of a process that has loaded everything.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from fault_scenarios import lines_wrong
from faults import loaded, told
from learners import SMALL, TEXT

from charlm.cli.main import main as charlm_main
from charlm.errors import run_main
from charlm.run.layout import CONTROL, KEPT, LAST, LOCK, MODEL, OLD_RESUME, RESUME, RUN_LOG
from charlm.run.places import known_weights
from charlm.train.__main__ import main as train_main
from tui.threads import Worker
from tui.training.watcher import _Watched
from tui.views.inspect.snapshots import InspectFailed, InspectRequest, Scored, Traced
from tui.views.inspect.worker import InspectWorker
from tui.views.runs.folders import delete_run, found_runs
from tui.views.runs.reader import RunsReader
from tui.views.runs.snapshots import RunDetails
from tui.writer.engine_model import load_engine
from tui.writer.snapshots import Loaded, LoadFailed
from tui.writer.worker import DecodeWorker

#: Seconds after which what hangs is ended.
_PATIENCE = 300
#: Bytes that opening one of these may take beyond what is loaded already.
_MEMORY = 1 << 30
_HUGE = 3 << 30
_STRANGER = 4242
_STEPS = 4

#: Where something odd lies, in a run's folder.
PLACES = (LOCK, RUN_LOG, CONTROL, RESUME, OLD_RESUME, MODEL, LAST, KEPT, f"{KEPT}/*")


def _socket(place: Path, outside: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(place.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(place.name)
    os.fchdir(here)
    os.close(here)


def _huge(place: Path, outside: Path) -> None:
    place.touch()
    os.truncate(place, _HUGE)


def _long(place: Path, outside: Path) -> None:
    """As it was, and then without an end."""
    shutil.copy(outside / "was", place)
    os.truncate(place, _HUGE)


def _strangers(place: Path, outside: Path) -> None:
    shutil.copy(outside / "was", place)
    if os.geteuid() == 0:
        os.chown(place, _STRANGER, _STRANGER)


def _closed(place: Path, outside: Path) -> None:
    shutil.copy(outside / "was", place)
    place.chmod(0)


def _folder(place: Path, outside: Path) -> None:
    place.mkdir()
    (place / "inside").write_text("mine")


#: What lies there; `outside` holds the file that was there, under the name "was".
KINDS: dict[str, Callable[[Path, Path], None]] = {
    "socket": _socket,
    "pipe": lambda place, outside: os.mkfifo(place),
    "device": lambda place, outside: place.symlink_to("/dev/zero"),
    "link": lambda place, outside: place.symlink_to(outside / "was"),
    "link to a folder": lambda place, outside: place.symlink_to(outside),
    "link to nothing": lambda place, outside: place.symlink_to(outside / "new"),
    "link to itself": lambda place, outside: place.symlink_to(place),
    "folder": _folder,
    "nothing in it": lambda place, outside: place.touch(),
    "huge": _huge,
    "long": _long,
    "another user's": _strangers,
    "closed": _closed,
}


def _charlm(*words: str) -> Callable[[Path], int]:
    return lambda place: run_main(charlm_main, [word.format(place) for word in words])


def _train(*words: str) -> Callable[[Path], int]:
    options = [*SMALL, "--steps", str(_STEPS)]

    def act(place: Path) -> int:
        torch.set_num_threads(1)
        given = [word.format(place) for word in words]
        return run_main(train_main, [*given, *([] if "--resume" in given else options)])

    return act


def _look(place: Path) -> int:
    """What the Train view reads of a run, twice, as it does again and again."""
    watched = _Watched(place / "runs" / "run")
    watched.look(True)
    watched.look(True)
    return 0


def _list(place: Path) -> int:
    """The table of Runs, and what a run in it says of itself."""
    reader, runs = RunsReader(), place / "runs"
    for path in found_runs([runs]):
        reader._row(path)
        reader._describe(path)
    assert all(isinstance(each, RunDetails) for each in reader.take())
    list(known_weights())
    return 0


def _delete(place: Path) -> int:
    def delete(_: object) -> None:
        delete_run(place / "runs" / "run", [place / "runs"])

    return run_main(delete, [])


def _done(worker: Worker[Any]) -> None:
    job = worker._next_job()
    assert job is not None
    worker._try(job)


def _load(place: Path) -> int:
    worker = DecodeWorker(load_engine)
    worker._wanted = place / "runs" / "run", "float32"
    _done(worker)
    assert isinstance(list(worker.take())[-1], Loaded | LoadFailed)
    return 0


def _inspect(place: Path) -> int:
    worker = InspectWorker()
    worker._request = InspectRequest(1, place / "runs" / "run", "The number")
    _done(worker)
    assert isinstance(list(worker.take())[-1], InspectFailed | Scored | Traced)
    return 0


#: All that opens a run, by name.
OPENERS: dict[str, Callable[[Path], int]] = {
    "info": _charlm("info", "{0}/runs/run", "--json"),
    "write": _charlm("write", "{0}/runs/run", "--prompt", "a", "--max-length", "3"),
    "write --continue": _charlm(
        "write", "{0}/model", "--prompts", "{0}/text", "--json", "--max-length", "3",
        "--out", "{0}/runs/run/run.jsonl", "--continue",
    ),
    "score": _charlm("score", "{0}/runs/run", "{0}/text"),
    "rename": _charlm("rename", "{0}/runs/run", "other"),
    "compare --out": _charlm(
        "compare", "--corpus", "{0}/text", "--out", "{0}/runs/run", "--cells", "rnn", "--seeds",
        "1", "--budget", "1steps", "--hidden", "4",
    ),
    "train --resume": _train("--resume", "{0}/runs/run", "--steps", str(_STEPS)),
    "train --resume --corpus": _train(
        "--resume", "{0}/runs/run", "--corpus", "{0}/text", "--steps", str(_STEPS)
    ),
    "train --from": _train(
        "--from", "{0}/runs/run", "--corpus", "{0}/text", "--out", "{0}/runs/new"
    ),
    "train --out": _train("--corpus", "{0}/text", "--out", "{0}/runs/run"),
    "Train": _look,
    "Runs": _list,
    "Runs, delete": _delete,
    "Write": _load,
    "Inspect": _inspect,
}  # fmt: skip
#: What starts processes of its own, and takes seconds.
SLOW = ("compare --out",)


def snapshot(outside: Path) -> dict[Path, object]:
    """All there is outside, and in the folder that was moved there: what must not change."""
    return {
        path: (path.stat().st_mode, path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in sorted(outside.rglob("*"))
    }


def prepare(place: Path) -> None:
    """A text, and a run on it with all that a training leaves, an older version too."""
    (place / "text").write_text(TEXT)
    options = ["--corpus", str(place / "text"), "--out", str(place / "runs" / "run"), *SMALL]
    assert run_main(train_main, [*options, "--steps", "2", "--keep", "2"]) == 0
    run = place / "runs" / "run"
    (run / CONTROL).write_text('{"act": "pause"}\n')
    shutil.copy(run / MODEL, place / "model")


def plant(place: Path, name: str, kind: str) -> None:
    """Put something odd in the place of a file of the run."""
    run, outside = place / "runs" / "run", place / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    there = next((run / KEPT).iterdir()) if name.endswith("*") else run / name
    if name == OLD_RESUME:  # it is looked at where the newer is missing
        (run / RESUME).rename(there)
    if there.is_dir():
        shutil.move(there, outside / "folder")
        shutil.copy(run / MODEL, outside / "was")
    else:
        shutil.move(there, outside / "was")
    KINDS[kind](there, outside)


def tried(place: Path, name: str, kind: str, opener: str) -> list[str]:
    """What is wrong where one thing opens a run with another odd thing in it."""
    plant(place, name, kind)
    before = snapshot(place / "outside")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, size + _MEMORY))
    code, said = told(lambda: OPENERS[opener](place))
    wrong = lines_wrong(code, said)
    wrong += [f"a line of {len(line)} characters" for line in said.splitlines() if len(line) > 2000]
    if snapshot(place / "outside") != before:
        wrong.append("something outside was changed")
    return wrong


def in_a_fork(template: Path, case: tuple[str, str, str], temporary: Path) -> str:
    """What a child says is wrong; "" where nothing is."""
    place = temporary / "work"
    shutil.copytree(template, place, symlinks=True)
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(_PATIENCE)
        os.environ["XDG_DATA_HOME"] = str(place / "data")
        os.chdir(place)
        try:
            report = "; ".join(tried(place, *case))
        except BaseException:
            report = traceback.format_exc()
        os.write(write, report.encode("utf-8", "replace")[:60_000])
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        report = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(process, 0)
    shutil.rmtree(place)
    return report if os.WIFEXITED(status) else f"ended by signal {os.WTERMSIG(status)}; {report}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="which one of each N")
    parser.add_argument("--quick", action="store_true", help="nothing that starts processes")
    options = parser.parse_args()
    loaded()
    openers = [name for name in OPENERS if not (options.quick and name in SLOW)]
    cases = list(itertools.product(PLACES, KINDS, openers))[options.seed :: options.every]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="charlm-odd-") as temporary:
        template = Path(os.path.realpath(temporary)) / "template"
        (template / "runs").mkdir(parents=True)
        made = os.fork()
        if made == 0:  # a training starts threads, which a fork would lack
            told(lambda: prepare(template) or 0)  # type: ignore[func-returns-value]
            os._exit(0)
        os.waitpid(made, 0)
        for case in cases:
            if wrong := in_a_fork(template, case, template.parent):
                bad += 1
                print(f"{case[1]} as {case[0]}, opened by {case[2]}: {wrong}", flush=True)
    print(f"{len(cases)} folders opened, {bad} badly", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
