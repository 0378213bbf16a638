"""What is known of runs: frozen snapshots that the reader of runs posts to its view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

#: shipped with charlm, a run of the user, or a single checkpoint file.
RunKind = Literal["shipped", "run", "file"]
RunState = Literal["training", "finished", "stopped", "failed", "damaged", ""]


@dataclass(frozen=True)
class RunRow:
    """One run or checkpoint in a line. Texts are ready to be shown.

    `loss`: of validation, nats per character, None when not known; `characters`: seen in training,
    likewise. `modified`: seconds since the epoch. `size`: bytes of all its files. `why`: what is
    wrong.
    """

    path: Path
    name: str
    kind: RunKind = "run"
    state: RunState = ""
    cell: str = ""
    layers: int = 0
    hidden: int = 0
    parameters: int = 0
    loss: float | None = None
    characters: float | None = None
    modified: float = 0.0
    size: int = 0
    why: str = ""

    @property
    def loads(self) -> bool:
        """Whether there is a model that can be written with."""
        return self.parameters > 0


@dataclass(frozen=True)
class RunRows:
    """All runs there are, in no order."""

    rows: tuple[RunRow, ...]


@dataclass(frozen=True)
class RunsFailed:
    """The runs could not be listed. error: why, in words."""

    error: str


@dataclass(frozen=True)
class RunDetails:
    """What one run says of itself: label -> value; the last text it wrote."""

    path: Path
    facts: Mapping[str, str] = field(default_factory=dict)
    sample: str = ""


@dataclass(frozen=True)
class RunDeleted:
    """A run was deleted; or was not, and `error` says why."""

    path: Path
    error: str = ""


@dataclass(frozen=True)
class RunRenamed:
    """A run has another place and name; or has not, and `error` says why."""

    path: Path
    new: Path
    error: str = ""


RunSnapshot = RunRows | RunsFailed | RunDetails | RunDeleted | RunRenamed
