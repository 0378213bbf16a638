"""Whose a run is. One that another user made names texts that its reader did not choose.

Trusted are the user's own files and root's, who can read and change everything anyway; root, who
may read every text, trusts its own alone.
"""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = 0


def trusted_users() -> tuple[int, ...]:
    """The users (uid) whose files are taken as one's own."""
    return os.geteuid(), _ROOT


def stranger(*places: Path | int) -> str:
    """The first other user whom one of these files and folders, or open ones, belongs to.

    Named as the system does, with the number; "" where all is one's own. What is not there belongs
    to nobody. Raises OSError.
    """
    for place in places:
        try:
            owner = os.stat(place).st_uid
        except FileNotFoundError:
            continue
        if owner not in trusted_users():
            return _named(owner)
    return ""


def _named(user: int) -> str:
    import pwd  # here: hardly anybody needs it

    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"
