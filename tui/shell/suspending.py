"""Back to the shell and later to here again, as a shell's jobs are (Ctrl+Z, `fg`)."""

from __future__ import annotations

import os
import signal

_NOBODY = "nothing here could bring the screen back: it was not started from a shell with jobs"


def why_not(can_suspend: bool) -> str:
    """Why the screen cannot be suspended, in a line; "" if it can. can_suspend: the driver's word.

    A shell with jobs gives each a process group of its own. Who is in the group of the session's
    leader, or whose leader is gone, has nobody who would continue it.
    """
    if not can_suspend or not hasattr(os, "killpg"):
        return "the screen cannot be suspended at this terminal"
    try:
        leader = os.getsid(0)
        os.kill(leader, 0)
    except PermissionError:
        pass  # it is there
    except OSError:
        return _NOBODY
    return _NOBODY if leader == os.getpgrp() else ""


def stop_job() -> None:
    """Stop all of this job until somebody continues it. The terminal is the shell's already.

    Whatever ran the screen (make, uv) would else keep it. Trainings are in groups of their own, and
    go on.
    """
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.killpg(0, signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)
