"""Copying by a program that says whether it worked: tmux, pbcopy, wl-copy, xclip, xsel.

A terminal that is sent a text (OSC 52) never says whether it took it, and many take none: tmux
and GNU screen as they come, Terminal.app. So it is the last way, and the only one over ssh.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

#: Seconds that one program may take, and all of them.
_PATIENCE, _IN_ALL = 1.0, 2.0


class Program(NamedTuple):
    """A command that reads a text from its standard input, and what it does with it, in words."""

    command: tuple[str, ...]
    words: str


def copy(text: str, environment: Mapping[str, str]) -> str:
    """Copy a text by the first program that can: how, in words; "" where none could.

    The text goes through a pipe: arguments can be seen by everybody on the machine.
    """
    data, end = text.encode("utf-8", "replace"), time.monotonic() + _IN_ALL
    for program in programs_of(environment):
        path = shutil.which(program.command[0], path=environment.get("PATH", ""))
        patience = min(_PATIENCE, end - time.monotonic())
        if patience <= 0:
            break
        if path and _run([path, *program.command[1:]], data, environment, patience):
            return program.words
    return ""


def programs_of(environment: Mapping[str, str], platform: str = sys.platform) -> Iterator[Program]:
    """What may copy here, the nearest to the person first."""
    if environment.get("TMUX"):
        said = "into a buffer of tmux, which was asked to tell the terminal"
        yield Program(("tmux", "load-buffer", "-w", "-"), said)
        yield Program(("tmux", "load-buffer", "-"), "into a buffer of tmux")  # -w came with 3.2
    if platform == "darwin":
        yield Program(("pbcopy",), "by pbcopy")
    if environment.get("WAYLAND_DISPLAY"):
        yield Program(("wl-copy",), "by wl-copy")
    if environment.get("DISPLAY"):
        yield Program(("xclip", "-selection", "clipboard"), "by xclip")
        yield Program(("xsel", "--clipboard", "--input"), "by xsel")


def _run(command: list[str], data: bytes, environment: Mapping[str, str], patience: float) -> bool:
    """Whether it took the text and ended well, in time.

    Some leave a process behind that holds the text: it has no pipe of ours that could be waited
    for, and is of a session of its own, so that it outlives the terminal.
    """
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
            timeout=patience,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
