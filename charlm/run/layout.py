"""What lies in a run's folder: every name, in both directions.

    model.safetensors          the best weights, which the folder means to whoever writes
    last.safetensors           the newest weights
    kept/step-00000025.safetensors     weights that are kept beside the best, by step
    resume.safetensors         what a training goes on from; resume.pt in older versions
    run.jsonl                  the run log
    control.jsonl              what the training is asked to do
    .lock                      held by whoever trains the run

TensorBoard's files lie there too, under names of its own.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

#: The ending of weights, in a run's folder or elsewhere.
SUFFIX = ".safetensors"
MODEL, LAST = f"model{SUFFIX}", f"last{SUFFIX}"
#: The folder of the weights that are kept beside the best.
KEPT = "kept"
#: The folder of the runs of a comparison, inside its own.
COMPARED = "runs"
#: What a comparison writes beside that folder as soon as one of its runs is finished.
COMPARISON_FILES = RESULTS_CSV, RESULTS_JSON_LINES = ("results.csv", "results.jsonl")
RESUME, OLD_RESUME = f"resume{SUFFIX}", "resume.pt"
RUN_LOG = "run.jsonl"
CONTROL = "control.jsonl"
LOCK = ".lock"
#: Every file that a run has of its own; beside them there is the folder `KEPT`.
FILES = (LOCK, RUN_LOG, CONTROL, RESUME, OLD_RESUME, MODEL, LAST)
#: Those that only a training leaves: where one of them is, there is a run.
LEFT_BY_TRAINING = (RESUME, OLD_RESUME, RUN_LOG, MODEL, LAST)
#: Patterns of all weights in a run's folder: the best, the newest, the kept.
WEIGHTS = (MODEL, LAST, f"{KEPT}/*{SUFFIX}")

_KEPT_NAME = re.compile(rf"step-(\d{{1,12}}){re.escape(SUFFIX)}")


def kept_name(step: int) -> str:
    """Where the weights of a step are kept, inside the run's folder."""
    return f"{KEPT}/step-{step:08}{SUFFIX}"


def kept_step(name: str) -> int | None:
    """The step of a file in the folder of kept weights; None where the name is of no such file."""
    match = _KEPT_NAME.fullmatch(name)
    return int(match[1]) if match else None


def is_weights(path: Path) -> bool:
    """Whether a path is named as a file of weights is; what a run goes on from is none."""
    return path.suffix == SUFFIX and path.name != RESUME


def resume_file(run: Path) -> Path | None:
    """The file that a training of this run can go on from, if there is one."""
    paths = (run / RESUME, run / OLD_RESUME)
    return next((path for path in paths if os.path.isfile(path)), None)
