"""Odd surroundings: no home, no working folder, no descriptors, one processor, a close umask."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from learners import SMALL, TEXT
from root import ROOT


def one_processor() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def few_descriptors(count: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def nothing() -> None:
    pass


#: What holds there, the environment without its home or not, and what is set before the command.
SURROUNDINGS: dict[str, tuple[bool, Callable[[], object]]] = {
    "no home": (False, nothing),
    "a deleted working folder": (True, nothing),
    "a close umask": (True, lambda: os.umask(0o077)),
    "one processor": (True, one_processor),
    "8 descriptors": (True, few_descriptors(8)),
    "5 descriptors": (True, few_descriptors(5)),
}


def started(name: str, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """A command there, after its working folder was deleted if that is meant."""
    has_home, before = SURROUNDINGS[name]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    if has_home:
        environment["HOME"] = str(folder)
    here = folder / "here"
    here.mkdir()

    def set_up() -> None:
        if name == "a deleted working folder":
            shutil.rmtree(here)
        before()

    return subprocess.run(
        [sys.executable, "-P", "-m", "charlm", *map(str, words)],
        cwd=here, env=environment, preexec_fn=set_up, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", SURROUNDINGS)
@pytest.mark.parametrize("command", ["write", pytest.param("train", marks=pytest.mark.long)])
def test_wherever_it_runs_it_works_or_says_one_line(
    command: str, name: str, run: Path, tmp_path: Path
) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "out"
    text.write_text(TEXT)
    words = {
        "write": ["write", run, "--prompt", "a", "--max-length", "5", "--out", out],
        "train": ["train", "--corpus", text, "--out", out, *SMALL, "--steps", "1"],
    }[command]
    done = started(name, tmp_path, *words)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("charlm: warning: ")]
    if "descriptors" in name and done.returncode:
        assert done.returncode in (1, 2) and "Too many open files" in done.stderr
        assert [line[:15] for line in lines] == ["charlm: error: "], done.stderr
    elif (command, name) == ("train", "a deleted working folder"):
        said = "charlm: error: the working folder was deleted: train from another one"
        assert (done.returncode, lines) == (2, [said]) and not out.exists()
    else:
        assert (done.returncode, lines) == (0, [])
        assert out.exists()
    if name == "a close umask":
        assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (out, *out.rglob("*")))
