"""Whose a run is. One that another user made names texts that its reader did not choose.

Trusted are the user's own files and root's, who can read and change everything anyway; root, who
may read every text, trusts its own alone. A file that everybody may write is nobody's own, unless
nobody else comes into its folder, or it may be executed too: charlm writes no such file, and drives
without permissions say so of all of theirs. What others put into a folder where everybody may write
belongs to them, which is seen. A group is trusted: who is in it was chosen, and on many systems it
is the user alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_ROOT = 0
#: Of a run that may have been made by anybody.
EVERYBODY = "has a resume file that everybody may write (chmod o-w mends that)"


def trusted_users() -> tuple[int, ...]:
    """The users (uid) whose files are taken as one's own."""
    return os.geteuid(), _ROOT


def stranger(*places: Path | int) -> str:
    """What makes a run a stranger's: the first other user whom one of these places belongs to.

    places: its folder, and files in it, or those that are open. "belongs to" with the user's name
    and number; `EVERYBODY` of a file that all may write; "" where all is one's own. What is not
    there belongs to nobody. Raises OSError.
    """
    others_come_in = True
    for place in places:
        try:
            status = os.stat(place)
        except FileNotFoundError:
            continue
        owner = status.st_uid
        if owner not in trusted_users():
            return f"belongs to {_named(owner)}"
        if stat.S_ISDIR(status.st_mode):
            others_come_in = bool(status.st_mode & stat.S_IXOTH)
        elif others_come_in and status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_IXUSR:
            return EVERYBODY
    return ""


def _named(user: int) -> str:
    import pwd  # here: hardly anybody needs it

    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"
