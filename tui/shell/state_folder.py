"""Where the screen keeps what it needs the next time."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path | None:
    """The user's, among the platform's for states, whether it is there or not; None without one."""
    from platformdirs import user_state_path  # here: not needed by who only asks for help

    try:
        folder = user_state_path("charlm", appauthor=False)
    except (OSError, RuntimeError):
        return None
    return folder if folder.is_absolute() else None
