"""Copying claims what is known: by a program that ended well, or sent to the terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from driver import running, toasts, until
from fakes import FakeModel

from tui.shell import clipboard
from tui.shell.clipboard import copy, programs_of

TEXT = "ça alors\n" * 3


def program(folder: Path, name: str, body: str = "", code: int = 0) -> None:
    """A program that keeps its arguments and what it is given, then does `body`."""
    path = folder / name
    kept = folder / f"{name}.kept"
    path.write_text(f'#!/bin/sh\necho "$@" >> {kept}\n/bin/cat >> {kept}\n{body}\nexit {code}\n')
    path.chmod(0o755)


def kept(folder: Path, name: str) -> str:
    path = folder / f"{name}.kept"
    return path.read_text("utf-8") if path.exists() else ""


def environment(folder: Path, *names: str) -> dict[str, str]:
    return {"PATH": str(folder), **dict.fromkeys(names, "x")}


@pytest.fixture(autouse=True)
def not_on_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        clipboard, "programs_of", lambda environment: programs_of(environment, "linux")
    )


@pytest.mark.parametrize(
    ("names", "said", "asked"),
    [
        (("TMUX", "DISPLAY"), "into a buffer of tmux", "load-buffer -w -"),
        (("WAYLAND_DISPLAY", "DISPLAY"), "by wl-copy", ""),
        (("DISPLAY",), "by xclip", "-selection clipboard"),
    ],
)
def test_the_nearest_program_copies(
    tmp_path: Path, names: tuple[str, ...], said: str, asked: str
) -> None:
    for name in ("tmux", "wl-copy", "xclip", "xsel"):
        program(tmp_path, name)
    assert said in copy(TEXT, environment(tmp_path, *names))
    used = [name for name in ("tmux", "wl-copy", "xclip", "xsel") if kept(tmp_path, name)]
    assert len(used) == 1
    assert kept(tmp_path, used[0]) == f"{asked}\n{TEXT}"  # never among the arguments


def test_order() -> None:
    def names(platform: str) -> list[str]:
        variables = dict.fromkeys(("TMUX", "WAYLAND_DISPLAY", "DISPLAY"), "x")
        return [each.command[0] for each in programs_of(variables, platform)]

    assert names("linux") == ["tmux", "tmux", "wl-copy", "xclip", "xsel"]
    assert names("darwin") == ["tmux", "tmux", "pbcopy", "wl-copy", "xclip", "xsel"]
    assert list(programs_of({}, "linux")) == list(programs_of({"DISPLAY": ""}, "linux")) == []


def test_one_that_fails_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "wl-copy", code=1)
    program(tmp_path, "xsel")
    names = ("WAYLAND_DISPLAY", "DISPLAY")
    assert copy(TEXT, environment(tmp_path, *names)) == "by xsel"  # xclip is not there
    program(tmp_path, "xsel", code=3)
    assert copy(TEXT, environment(tmp_path, *names)) == ""


def test_an_older_tmux_has_no_w(tmp_path: Path) -> None:
    program(tmp_path, "tmux", 'if [ "$2" = -w ]; then exit 1; fi')
    assert copy(TEXT, environment(tmp_path, "TMUX")) == "into a buffer of tmux"


def test_one_that_hangs_or_reads_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipboard, "_PATIENCE", 0.2)
    hangs, reads_nothing = tmp_path / "wl-copy", tmp_path / "xclip"
    hangs.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    reads_nothing.write_text("#!/bin/sh\nexit 1\n")
    for path in (hangs, reads_nothing):
        path.chmod(0o755)
    names = ("WAYLAND_DISPLAY", "DISPLAY")
    assert copy("x" * 1_000_000, environment(tmp_path, *names)) == ""


def test_all_that_hang_are_given_up_after_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tmux", "wl-copy", "xclip", "xsel"):
        program(tmp_path, name)
    now, waited = [5.0], list[float]()

    def hang(*_: object, timeout: float, **__: object) -> None:
        waited.append(timeout)
        now[0] += timeout - 0.25 * (len(waited) == 1)
        raise subprocess.TimeoutExpired("it", timeout)

    monkeypatch.setattr(clipboard.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(clipboard.subprocess, "run", hang)
    assert copy(TEXT, environment(tmp_path, "TMUX", "WAYLAND_DISPLAY", "DISPLAY")) == ""
    assert waited == [1.0, 1.0, 0.25]


async def test_the_screen_says_by_what(tmp_path: Path) -> None:
    program(tmp_path, "wl-copy")
    async with running(FakeModel()) as screen:
        screen.app.clipboard_environment = environment(tmp_path, "WAYLAND_DISPLAY")  # type: ignore[attr-defined]
        screen.copy("a\x1b[31m")
        await until(lambda: "copied 6 characters (by wl-copy)" in toasts(screen))
        assert kept(tmp_path, "wl-copy") == "\na␛[31m"  # inert
        assert screen.app.clipboard == "a␛[31m"  # for a field of the screen


async def test_the_screen_claims_nothing_of_a_terminal(tmp_path: Path) -> None:
    async with running(FakeModel()) as screen:
        screen.app.clipboard_environment = environment(tmp_path, "DISPLAY")  # type: ignore[attr-defined]
        screen.copy("a")
        said = "sent 1 character to the terminal (OSC 52): whether it took them is not known"
        await until(lambda: said in toasts(screen))
        assert screen.app.clipboard == "a"


async def test_without_a_terminal_no_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr(clipboard, "copy", refuse)
    async with running(FakeModel()) as screen:
        assert screen.app.clipboard_environment is os.environ  # type: ignore[attr-defined]
        screen.copy("ab")
        await until(lambda: any("sent 2 characters" in toast for toast in toasts(screen)))
