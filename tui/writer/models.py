"""Where models are: the shipped ones, and one's own runs."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from charlm.run import places
from charlm.run.layout import KEPT, LAST, MODEL, RUN_LOG, kept_step
from charlm.run.places import find_run


def first_model() -> Path | None:
    """What to open when nothing is named: a shipped model, else the newest run; None for none."""
    for name in places.SHIPPED:
        if (places.SHIPPED_RUNS / name / MODEL).is_file():
            return places.SHIPPED_RUNS / name
    found: list[tuple[float, Path]] = []
    for run in (run for folder in places.runs_folders() for run in _entries(folder)):
        with contextlib.suppress(OSError):
            found.append(((run / MODEL).stat().st_mtime, run))
    return max(found)[1] if found else None


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def run_of(path: Path) -> Path:
    """The run folder of a model given as a folder or as a file in it."""
    if path.is_dir():
        return path
    return path.parent.parent if _is_kept(path) else path.parent


def _is_kept(path: Path) -> bool:
    return path.parent.name == KEPT and kept_step(path.name) is not None


def run_or_file(path: Path) -> Path:
    """The run folder of a model; of a file that is not a run's model, the file."""
    return run_of(path) if path.name == MODEL else path


def python() -> str:
    """This Python as one types it: by its path, unless its environment is the shell's."""
    if os.environ.get("VIRTUAL_ENV") == sys.prefix or sys.prefix == sys.base_prefix:
        return "python"
    path, here = Path(sys.executable), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def typed_name(path: Path) -> str:
    """A model as one types it on the command line: its run's name where that is enough."""
    model = run_or_file(path)
    named = find_run(Path(model.name))
    try:
        is_enough = named.name == model.name and named.samefile(model) and model.name[0] != "-"
    except OSError:  # one of the two is not there, or nobody may look
        is_enough = False
    word = model.name if is_enough else str(model)
    return f"./{word}" if word.startswith("-") else word


def shown_name(path: Path) -> str:
    """What a model is called: its run, and which weights of it; of another file, the file."""
    path = path.absolute()
    if path.name == MODEL:
        return path.parent.name
    if path.name == LAST and os.path.exists(path.with_name(RUN_LOG)):
        return f"{path.parent.name}, newest"
    if _is_kept(path):
        return f"{run_of(path).name}, step {kept_step(path.name):,}"
    return path.name
