"""Where runs are: one's own and those that came with charlm, by path and by name."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from charlm.run.layout import COMPARED, MODEL, SUFFIX, WEIGHTS
from charlm.wording import meant, nearest, shortened

#: One's own runs, below the working folder.
RUNS = Path("checkpoints")
#: The models that come with charlm.
SHIPPED = ("shakespeare", "speeches")
#: Of what a run is named after; a time and more comes behind it.
_NAME_LENGTH, _NAME_BYTES = 60, 180
_LONGEST_BYTES = 200  # of a name, with room for what is added to it
_PACKAGE = Path(__file__).resolve().parents[1]
_IN_A_WHEEL = _PACKAGE / "shipped"
#: Where they lie: in a wheel inside the package, in a clone beside it, with one's own.
SHIPPED_RUNS = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else _PACKAGE.parent / RUNS


def new_runs() -> Path:
    """Where a new run goes: to `checkpoints` where there is one, or a repository around it.

    Elsewhere to the user's data, wherever one works; never into an installed package.
    """
    if os.path.isdir(RUNS) or _in_a_repository():
        return RUNS
    return _user_runs() or RUNS


def runs_folders() -> list[Path]:
    """List the folders of runs that are there, those that came with charlm last; none twice."""
    folders = [folder for folder in (SHIPPED_RUNS, _user_runs(), RUNS) if folder]
    found = {os.path.realpath(folder): folder for folder in folders if os.path.isdir(folder)}
    return list(reversed(found.values()))


def is_shipped(path: Path) -> bool:
    """Whether this is a model that came with charlm."""
    return path.name in SHIPPED and path.parent.resolve() == SHIPPED_RUNS.resolve()


def is_own(path: Path) -> bool:
    """Whether this lies in one's own places: in a folder of runs, those of charlm among them.

    A run there may be a link, as one puts them on a larger disk.
    """
    try:
        absolute = os.path.abspath(path)
        own = [os.path.abspath(folder) for folder in runs_folders()]
    except OSError:  # the working folder was deleted
        return False
    return any(absolute.startswith(folder + os.sep) for folder in own)


def _user_runs() -> Path | None:
    """The folder among the user's data; None for a user who has no home."""
    from platformdirs import user_data_path  # here: not everyone who finds a run needs it

    try:
        folder = user_data_path("charlm", appauthor=False)
    except (OSError, RuntimeError):
        return None
    return folder / RUNS if folder.is_absolute() else None


def _in_a_repository() -> bool:
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return False
    return any(os.path.exists(folder / ".git") for folder in (here, *here.parents))


def known_weights() -> Iterator[Path]:
    """Give every file of weights below the folders of runs: of each run the best, newest, kept.

    One's own come before those that came with charlm, and runs of a comparison behind the others.
    """
    for folder in runs_folders():
        for run in (".", "*", f"*/{COMPARED}/*"):
            for name in WEIGHTS:
                yield from sorted(folder.glob(f"{run}/{name}"))


def find_run(path: Path) -> Path:
    """Find what a path means: itself, or where nothing lies there, the run of that name."""
    if len(path.parts) == 1 and not os.path.lexists(path):
        names = dict.fromkeys((path.name, unicodedata.normalize("NFC", path.name)))
        for found in (folder / name for folder in runs_folders() for name in names):
            if os.path.exists(found):
                return found
    return path


def named_after(corpus: str, default: str) -> str:
    """Make the beginning of a run's name from the path of its text; letters keep their accents.

    One form of every letter (NFC), as file systems differ in theirs, and no more bytes than they
    all take with a time behind; `default` where nothing is left.
    """
    stem = unicodedata.normalize("NFC", Path(corpus).stem)
    name = re.sub("_+", "_", "".join(c if _fits_in_name(c) else "_" for c in stem))
    whole = name.encode("utf-8", "ignore")[:_NAME_BYTES]
    return whole.decode("utf-8", "ignore")[:_NAME_LENGTH].strip("._-") or default


def wrong_name(name: str) -> str:
    """What is wrong with the name of a run; "" where nothing is.

    What begins with a dot is hidden, and what begins with a dash is an option of a command.
    """
    if not name.strip(".-") or not all(map(_fits_in_name, name)):
        return "a name is letters, digits, '-', '_' and '.' only"
    if name[0] in ".-":
        return "a name begins with a letter, a digit or '_'"
    if len(os.fsencode(name)) > _LONGEST_BYTES:
        return "no folder can have this name: choose a shorter one"
    return ""


def _fits_in_name(character: str) -> bool:
    """Letters and digits of any script; the marks on them are no letters, but belong to them."""
    return (
        character in "._-" or character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")
    )


def missing_run(path: Path) -> str:
    """Say that there is neither a path nor a run of this name, and what was meant perhaps."""
    named = len(path.parts) == 1 and path.suffix != SUFFIX
    names = run_names() if named else _names_in(path.parent)
    typed = shortened(str(path))
    said = f"no run {typed!r} under {RUNS}" if named else f"{typed} does not exist"
    if near := meant(map(path.with_name, nearest(path.name, names))):
        return said + near
    return f"{said}: give a run's name, its folder or its {MODEL}"


def run_names() -> list[str]:
    """List the names of runs, one's own first, with those of other folders and files there."""
    return [name for folder in runs_folders() for name in _names_in(folder)]


def _names_in(folder: Path) -> list[str]:
    """List what may be a run or a checkpoint in a folder."""
    try:
        paths = list(folder.iterdir())
    except (OSError, ValueError):
        return []
    return [path.name for path in paths if path.is_dir() or path.suffix == SUFFIX]
