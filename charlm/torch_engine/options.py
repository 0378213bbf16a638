"""Options by name, as the native engine takes them: all that are known, and none else."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TypeVar

T = TypeVar("T")


def take(options: dict[str, object], make: Callable[..., T]) -> T:
    """Call `make` with the options that it has parameters for, which leave the dict.

    Raises TypeError for one that is missing.
    """
    names = signature(make).parameters
    for name in names:
        if name not in options:
            raise TypeError(f"option {name!r} is missing")
    return make(**{name: options.pop(name) for name in names})


def check_all_taken(options: dict[str, object]) -> None:
    """Raise TypeError for an option that nothing took."""
    for name in options:
        raise TypeError(f"option {name!r} is unknown")
