"""charlm: character language models, trained in PyTorch and written by a native engine.

    from charlm import Engine, Sampling

    engine = Engine.load("checkpoints/shakespeare")
    print(engine.write("ROMEO:", Sampling(top_p=0.95)).text)

The public names below are looked up when first used (PEP 562): importing any part of charlm
imports this file, and it must cost nothing and never bring in torch.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charlm.decoding import BeamSearch, Greedy, Limits, NucleusBeam, Sampling, Strategy
    from charlm.engine.engine import Engine
    from charlm.engine.events import Completion, CompletionDetails
    from charlm.engine.prompt_state import PromptState
    from charlm.engine.scoring import Score, ScoreTotal, Scoring
    from charlm.engine.session import Session
    from charlm.errors import (
        CharlmError,
        CheckpointError,
        CorpusError,
        InputError,
        Stopped,
        TrainingError,
        UnknownCharacter,
    )
    from charlm.run.checkpoint import Checkpoint, load_checkpoint
    from charlm.text.vocabulary import Vocabulary

__version__ = "0.2.0"

__all__ = [
    "Engine",
    "Session",
    "Completion",
    "CompletionDetails",
    "Score",
    "ScoreTotal",
    "Scoring",
    "PromptState",
    "Strategy",
    "Greedy",
    "Sampling",
    "BeamSearch",
    "NucleusBeam",
    "Limits",
    "Checkpoint",
    "load_checkpoint",
    "Vocabulary",
    "CharlmError",
    "InputError",
    "CorpusError",
    "CheckpointError",
    "UnknownCharacter",
    "TrainingError",
    "Stopped",
]

_MODULES = {
    "engine.engine": ("Engine",),
    "engine.scoring": ("Score", "ScoreTotal", "Scoring"),
    "engine.session": ("Session",),
    "engine.events": ("Completion", "CompletionDetails"),
    "engine.prompt_state": ("PromptState",),
    "decoding": ("Strategy", "Greedy", "Sampling", "BeamSearch", "NucleusBeam", "Limits"),
    "run.checkpoint": ("Checkpoint", "load_checkpoint"),
    "text.vocabulary": ("Vocabulary",),
    "errors": (
        "CharlmError",
        "InputError",
        "CorpusError",
        "CheckpointError",
        "UnknownCharacter",
        "TrainingError",
        "Stopped",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def _leave_working_folder() -> None:
    """`python -m` imports from the working folder first: a numpy.py in a run would be executed.

    So that folder is taken out, where it is not the one that charlm lies in.
    """
    if sys.argv[:1] != ["-m"] or sys.flags.safe_path:
        return
    module = sys.orig_argv[-len(sys.argv)].partition(".")[0]
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = module in ("charlm", "tui") or (
        module.startswith("-") and module.endswith(("mcharlm", "mtui"))
    )
    if ours and sys.path and sys.path[0] != own:
        del sys.path[0]


_leave_working_folder()


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'charlm' has no attribute {name!r}")
    value = getattr(import_module(f"charlm.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
