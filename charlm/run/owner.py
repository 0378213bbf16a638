"""Whose a run is. One that another user made names texts that its reader did not choose.

Trusted are the user's own files and root's, who can read and change everything anyway; root, who
may read every text, trusts its own alone. A file that everybody may write is nobody's own. What
others put into a folder where everybody may write belongs to them, which is seen. A group is
trusted: who is in it was chosen, and on many systems it is the user alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_ROOT = 0
#: In the place of a user, where it may have been anybody.
EVERYBODY = "everybody, who may write its resume file"


def trusted_users() -> tuple[int, ...]:
    """The users (uid) whose files are taken as one's own."""
    return os.geteuid(), _ROOT


def stranger(*places: Path | int) -> str:
    """The first other user whom one of these files and folders, or open ones, belongs to.

    Named as the system does, with the number; `EVERYBODY` of a file that all may write; "" where
    all is one's own. What is not there belongs to nobody. Raises OSError.
    """
    for place in places:
        try:
            status = os.stat(place)
        except FileNotFoundError:
            continue
        owner = status.st_uid
        if owner not in trusted_users():
            return _named(owner)
        if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IWOTH:
            return EVERYBODY
    return ""


def _named(user: int) -> str:
    import pwd  # here: hardly anybody needs it

    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"
