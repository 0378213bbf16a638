"""What lies in the folders of runs: rows from headers and logs, details, deleting, renaming.

Only headers are read for a row, so that hundreds of runs are listed at once; whatever is damaged
becomes a row that says why.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from charlm.display import visible, visible_characters
from charlm.errors import CharlmError, InputError
from charlm.run.checkpoint import Description, describe_checkpoint
from charlm.run.layout import COMPARED, KEPT, MODEL, RUN_LOG, is_weights
from charlm.run.lock import is_training
from charlm.run.log import read_ends
from charlm.run.places import is_shipped
from charlm.run.rename import rename_run
from charlm.wording import counted, spoken

from .snapshots import RunDetails, RunKind, RunRow, RunState


def found_runs(folders: Sequence[Path], extra: Sequence[Path] = ()) -> Iterator[Path]:
    """Runs and single checkpoints in these folders, then the extra ones; none twice.

    Those of a comparison come behind the others of its folder.
    """
    seen: set[str] = set()
    own = [path for folder in folders for path in (*_entries(folder), *_compared(folder))]
    for path in (*own, *extra):
        real = os.path.realpath(path)  # of a link to itself too
        if real not in seen and _is_run(path):
            seen.add(real)
            yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.absolute().iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _compared(folder: Path) -> Iterator[Path]:
    """Give what lies in the comparisons of a folder; links are not followed."""
    for entry in _entries(folder):
        runs = entry / COMPARED
        if not entry.is_symlink() and not runs.is_symlink():
            yield from _entries(runs)


def _name(path: Path) -> str:
    """A run as it is listed: one of a comparison with that's name."""
    inside = path.parent.name == COMPARED
    return visible(f"{path.parent.parent.name}/{path.name}" if inside else path.name)


def _is_run(path: Path) -> bool:
    try:
        if path.is_dir():
            return any((path / name).exists() for name in (MODEL, RUN_LOG))
        return is_weights(path)
    except OSError:
        return False


def read_row(path: Path) -> RunRow:
    """What the header and the log of a run say."""
    model = path / MODEL if path.is_dir() else path
    row = RunRow(path, _name(path), _kind(path), modified=_modified(path, model))
    row = replace(row, size=_size(path))
    start, last = read_ends(path) if path.is_dir() else ({}, [])
    state = _state(path, start, last) if path.is_dir() else ""
    if path.is_dir() and not model.exists():
        said = start.get("model")
        if state == "training" and isinstance(said, Mapping):
            return replace(row, state=state, cell=visible(str(said.get("cell", ""))).upper()[:8])
        return replace(row, state=state or "damaged", why="nothing was saved")
    if not model.exists():  # only what Write has loaded is listed then
        return replace(row, state="damaged", why="no longer here; if Write has it, in memory only")
    try:
        description = describe_checkpoint(model)
    except CharlmError as error:
        return replace(row, state="damaged", why=_short(error, model))
    config = description.config
    return replace(
        row, state=state, cell=config.cell.upper(), layers=config.layers,
        hidden=config.hidden_size, parameters=config.parameter_count,
        loss=_number(description.metrics, "validation_loss"),
        characters=_number(description.metrics, "characters"),
    )  # fmt: skip


def read_details(path: Path) -> RunDetails:
    """Read what a run says of itself; what cannot be read is left out."""
    facts: dict[str, str] = {}
    model = path / MODEL if path.is_dir() else path
    try:
        facts |= _described(describe_checkpoint(model))
    except CharlmError as error:
        facts["damaged"] = _short(error, model)
    if not path.is_dir():
        return RunDetails(path, facts)
    start, last = read_ends(path)
    facts |= _options(str(start.get("command", "")))
    texts = [str(line.get("text", "")) for line in last if line.get("kind") == "sample"]
    return RunDetails(path, facts, visible_characters(texts[-1]) if texts else "")


def delete_run(path: Path, folders: Sequence[Path]) -> None:
    """Delete a run's folder, or a single checkpoint, that lies in one of `folders`.

    A run of a comparison lies in the folder of that; anything else lies directly in it.

    Never a shipped model, a link, or a run that is being trained. Raises InputError, OSError.
    """
    name = visible(path.name)
    if _kind(path) == "shipped":
        raise InputError(f"{name} is shipped with charlm: it stays")
    if path.is_symlink():
        raise InputError(f"{name} is a link to another place: delete it there")
    parents = path.resolve().parents
    folder = parents[2] if path.parent.name == COMPARED else parents[0]
    if folder not in [each.resolve() for each in folders] or not _is_run(path):
        raise InputError(
            f"{name} is not one of the runs in {visible(', '.join(map(str, folders)))}"
        )
    if path.is_dir():
        if is_training(path):
            raise InputError(f"{name} is being trained: stop it first")
        shutil.rmtree(path)
    else:
        path.unlink()


def rename_own(path: Path, name: str, folders: Sequence[Path]) -> Path:
    """Rename a run that lies in one of `folders`; returns where it is now.

    Raises InputError, TrainingError.
    """
    if path.resolve().parent not in [each.resolve() for each in folders]:
        inside = visible(", ".join(map(str, folders)))
        raise InputError(f"{visible(path.name)} is not one of the runs in {inside}")
    return rename_run(path, name)


def _kind(path: Path) -> RunKind:
    if is_shipped(path):
        return "shipped"
    return "run" if path.is_dir() else "file"


#: How the reason of a training begins that came to its end; another one is what went wrong.
_FINISHED = ("budget used", "no better in")


def _state(run: Path, start: Mapping[str, Any], last: Sequence[Mapping[str, Any]]) -> RunState:
    """From the lock and the last thing that the log tells."""
    if is_training(run):
        return "training"
    for line in reversed(last):
        if line.get("kind") == "end":
            reason = str(line.get("reason"))
            if reason.startswith("stopped"):
                return "stopped"
            return "finished" if reason.startswith(_FINISHED) else "failed"
        if line.get("kind") in ("step", "evaluation", "start"):
            return "stopped"
    return "stopped" if start else ""


def _modified(path: Path, model: Path) -> float:
    for place in (model, path / RUN_LOG, path):
        try:
            return place.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _size(path: Path) -> int:
    """Bytes of the files of a run, links not followed."""
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(
            entry.stat(follow_symlinks=False).st_size
            for folder in (path, path / KEPT)
            if folder == path or (folder.is_dir() and not folder.is_symlink())
            for entry in os.scandir(folder)
            if entry.is_file(follow_symlinks=False)
        )
    except OSError:
        return 0


def _described(description: Description) -> dict[str, str]:
    config, text, corpus = description.config, description.text, description.corpus
    metrics = description.metrics
    facts = {
        "cell": config.cell.upper(),
        "layers": str(config.layers),
        "hidden": f"{config.hidden_size:,}",
        "embedding": f"{config.embedding_size:,}",
        "bias": "yes" if config.bias else "no",
        "weights": f"{config.parameter_count:,} numbers",
        "text": ", ".join([str(corpus.get("name", "?")), *_characters(corpus)]),
        "unit": text.unit,
        "form": text.form,
        "case": text.case,
        "characters known": f"{len(description.vocabulary.characters):,}",
        "split": str(corpus.get("split", "")),
        "characters seen": _count(metrics.get("characters")),
        "step": _count(metrics.get("step")),
        "time": _time(_number(metrics, "seconds")),
    }
    for key, label in (("validation_loss", "validation"), ("test_loss", "test")):
        loss = _number(metrics, key)
        if loss is not None:
            facts[label] = f"{loss:.4f} nats/char"
    return {label: visible(value) for label, value in facts.items() if value}


def _options(command: str) -> dict[str, str]:
    """The options of the command that trained, one row each."""
    try:
        words = shlex.split(command)
    except ValueError:
        return {}
    options: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            options[name] = value
        elif name:
            options[name] = f"{options[name]} {word}".strip()
    return {visible(name): visible(value) or "yes" for name, value in options.items()}


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e300 < value < 1e300 else None


def _characters(corpus: Mapping[str, Any]) -> list[str]:
    """How many a text has, in words, where its checkpoint says it."""
    count = corpus.get("characters")
    return [counted(count, "character")] if isinstance(count, int) else []


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _time(seconds: float | None) -> str:
    """A header may say anything."""
    return "" if seconds is None else spoken(max(0.0, min(seconds, 1e9)))


def _short(error: Exception, model: Path) -> str:
    """The message without the path, which the row shows already."""
    said = str(error).replace(f"checkpoint {model}", "").replace(str(model), "").lstrip(": ")
    return visible(said)
