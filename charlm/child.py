"""Processes of charlm's own: they import nothing from the folder that one works in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Where charlm lies, among the other modules or in a clone.
_OWN = Path(__file__).resolve().parents[1]


def module_command(module: str) -> list[str]:
    """The command that runs a module with this Python.

    -P: it is not looked for in the working folder, where anything may lie, unless that is the
    clone that charlm itself came from.
    """
    try:
        in_clone = os.path.samefile(_OWN, ".")
    except OSError:  # the folder was deleted
        in_clone = False
    return [sys.executable, *([] if in_clone else ["-P"]), "-m", module]
