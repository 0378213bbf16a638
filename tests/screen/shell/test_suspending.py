"""Ctrl+Z goes back to the shell, and `fg` comes back; where nobody could, it is said."""

from __future__ import annotations

import os
from pathlib import Path
from queue import Queue

import pytest
from driver import press, running, toasts, until
from fakes import FakeModel
from painted import Watched
from terminal_keys import typed

from tui.shell import suspending
from tui.training.child import Child

#: A shell with jobs, as small as one can be: it runs the screen as a job, says when that is
#: stopped, and continues it at a line.
SHELL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if not job:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    wrapper = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    screen = [sys.executable, "-m", "tui", *sys.argv[1:]]
    os.execv(sys.executable, [sys.executable, "-c", wrapper, *screen])
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    os.tcsetpgrp(0, os.getpgrp())
    print("the job is stopped", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
"""
SUSPEND = typed("ctrl+z")


def test_back_to_the_shell_and_here_again(tmp_path: Path) -> None:
    """What wraps the screen stops too; what was being written goes on; all is painted anew."""
    arguments = ["-c", SHELL, "--pace", "400", "--no-history"]
    with Watched(arguments, 100, 30, tmp_path / "settings.toml") as terminal:
        terminal.until(lambda text: "is ready" in text)
        terminal.press("We know" + typed("enter"), "Esc Stop")
        for times in (1, 2):
            terminal.send(SUSPEND)
            terminal.until(lambda _, n=times: terminal.screen.said.count("is stopped") == n)  # type: ignore[misc]
            assert "1049" not in terminal.screen.modes and "25" in terminal.screen.modes
            terminal.screen.resize(100, 30)
            terminal.send("\n")
            whole = ("charlm", "We know", "F1 Help")
            terminal.until(lambda text, whole=whole: all(mark in text for mark in whole))  # type: ignore[misc]
        terminal.until(lambda text: "cut at the length" in text)
        terminal.send(typed("f1"))
        terminal.until(lambda text: "─ Keys " in text)
        terminal.send(SUSPEND)
        terminal.until(lambda _: terminal.screen.said.count("is stopped") == len("123"))
        terminal.send("\n")
        terminal.until(lambda _: "1049" in terminal.screen.modes)
        terminal.send(typed("ctrl+q"))
        assert terminal.end() == 0


def test_where_nobody_could_bring_it_back_it_stays(tmp_path: Path) -> None:
    with Watched(["-m", "tui", "--no-history"], 100, 30, tmp_path / "settings.toml") as terminal:
        terminal.until(lambda text: "is ready" in text)
        terminal.press(SUSPEND, "nothing here could bring the screen back")
        terminal.press("abc", "abc")
        terminal.send(typed("ctrl+q"))
        assert terminal.end() == 0


async def test_it_is_said_where_there_is_no_terminal() -> None:
    async with running(FakeModel()) as screen:
        await press(screen, "a", "ctrl+z")
        await until(lambda: any("cannot be suspended" in toast for toast in toasts(screen)))
        assert screen.prompt.text == "a"


@pytest.mark.parametrize(
    ("leader", "group", "alive", "can"),
    [(10, 20, True, True), (10, 10, True, False), (10, 20, False, False), (10, 20, None, True)],
)
def test_who_would_continue_it(
    monkeypatch: pytest.MonkeyPatch, leader: int, group: int, alive: bool | None, can: bool
) -> None:
    def kill(pid: int, number: int) -> None:
        assert (pid, number) == (leader, 0)
        if alive is not True:
            raise PermissionError if alive is None else ProcessLookupError

    monkeypatch.setattr(os, "getsid", lambda pid: leader)
    monkeypatch.setattr(os, "getpgrp", lambda: group)
    monkeypatch.setattr(os, "kill", kill)
    why = suspending.why_not(True)
    assert (why == "") == can and "\n" not in why
    assert suspending.why_not(False)


def test_a_program_beside_the_screen_is_not_stopped_with_it() -> None:
    """The signal goes to the group of the screen; a training has one of its own."""
    lines: Queue[str] = Queue()
    child = Child(["sh", "-c", "echo $$; exec sleep 600"], "child", lines.put)
    assert lines.get(timeout=60) == str(child.pid)
    assert os.getpgid(child.pid) == child.pid != os.getpgrp()
    child.terminate()
    child.wait(10)
