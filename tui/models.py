"""Finding models: the shipped ones, then one's own runs, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: The checkpoint of a run, as charlm.checkpoint names it (its import would need NumPy, and the
#: first paint does not wait for NumPy).
MODEL = "model.safetensors"
SHIPPED = ("shakespeare", "speeches")
ROOT = Path(__file__).resolve().parent.parent / "checkpoints"


@dataclass(frozen=True)
class Found:
    """One run with a model. `modified`: seconds since the epoch."""

    path: Path
    name: str
    shipped: bool
    modified: float
    size: int


def runs_folder() -> Path:
    """Where runs are: `checkpoints` of the working folder if there is one, else the package's."""
    here = Path("checkpoints")
    return here if here.is_dir() else ROOT


def found_models(folders: tuple[Path, ...] | None = None) -> list[Found]:
    """Every run with a model, shipped ones first, then by age, newest first; none twice."""
    found: dict[Path, Found] = {}
    for folder in (runs_folder(), ROOT) if folders is None else folders:
        try:
            entries = list(folder.iterdir())
        except OSError:
            continue
        for run in entries:
            try:
                stat = (run / MODEL).stat()
                real = run.resolve()
            except OSError:
                continue
            shipped = run.name in SHIPPED
            found.setdefault(real, Found(run, run.name, shipped, stat.st_mtime, stat.st_size))
    return sorted(
        found.values(),
        key=lambda f: (SHIPPED.index(f.name), 0.0) if f.shipped else (len(SHIPPED), -f.modified),
    )


def run_of(path: Path) -> Path:
    """The run folder of a model given as a folder or as a file in it."""
    return path if path.is_dir() else path.parent


def shown_name(path: Path) -> str:
    """What a model is called: its run, or its file where the file is not a run's model."""
    path = path.absolute()
    return path.parent.name if path.name == MODEL else path.name
