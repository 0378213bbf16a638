"""Where runs are, and what their weights are called."""

from __future__ import annotations

import os
from pathlib import Path

#: The best weights of a run, which its folder means to whoever writes; and the newest.
MODEL = "model.safetensors"
LAST = "last.safetensors"
#: One's own runs, below the working folder.
RUNS = Path("checkpoints")
#: Those that came with charlm.
SHIPPED_RUNS = Path(__file__).resolve().parent.parent / RUNS


def find_run(path: Path) -> Path:
    """The path; where nothing lies there and it is a mere name, the run of that name."""
    if len(path.parts) == 1 and not os.path.lexists(path):
        for folder in (RUNS, SHIPPED_RUNS):
            if os.path.exists(folder / path):
                return folder / path
    return path
