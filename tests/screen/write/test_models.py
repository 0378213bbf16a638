"""What models are called where one types them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from charlm.run.layout import MODEL
from tui.writer.models import python, typed_name


def made(run: Path) -> Path:
    run.mkdir(parents=True)
    (run / MODEL).touch()
    return run


def test_a_run_has_its_name_where_that_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine, other = made(Path("checkpoints/mine")), made(tmp_path / "else" / "mine")
    assert typed_name(mine / MODEL) == typed_name(mine.absolute()) == "mine"
    assert typed_name(other / MODEL) == str(other)
    gone = tmp_path / "gone" / "mine"
    assert typed_name(gone / MODEL) == str(gone)
    assert typed_name(mine / "last.safetensors") == str(mine / "last.safetensors")
    assert typed_name(made(Path("-x"))) == "./-x"


def test_python_is_called_by_its_path_unless_its_environment_is_the_shells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "prefix", "/somewhere/else")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert python() == "python"
    monkeypatch.delenv("VIRTUAL_ENV")
    monkeypatch.setattr(sys, "executable", str(Path.cwd() / ".venv/bin/python"))
    assert python() == ".venv/bin/python"
    monkeypatch.setattr(sys, "executable", "/opt/python")
    assert python() == "/opt/python"
