"""The command line, called in this process and outside of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from charlm.cli.main import main
from charlm.errors import run_main


class Result(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture
def charlm(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process."""

    def call(*arguments: object) -> Result:
        code = run_main(main, [str(a) for a in arguments])
        return Result(code, *capsys.readouterr())

    return call


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "charlm", *map(str, arguments)]


def refused(result: Result, *said: str) -> None:
    """Exit code 2, nothing on standard output, one line on standard error."""
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("charlm: error: ") and result.err.count("\n") == 1
    for words in said:
        assert words in result.err
