"""The writing half: a checkpoint made ready to write, and what is asked of it.

`Engine` is looked up when first used, so that a part of it costs no more than itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charlm.engine.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> object:
    if name != "Engine":
        raise AttributeError(f"module 'charlm.engine' has no attribute {name!r}")
    from charlm.engine.engine import Engine

    return Engine
