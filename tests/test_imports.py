"""Who imports whom: torch stays out of the writing half, `_engine` has few importers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from root import ROOT

import charlm
from charlm.child import module_command

HEAVY = ("torch", "tensorboard", "charlm.train", "charlm.torch_engine")


def modules_after(statement: str) -> set[str]:
    """Names in sys.modules of a fresh interpreter that ran a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    arguments = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(arguments, capture_output=True, cwd=ROOT, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import charlm",
        "import charlm.engine.engine",
        "import charlm.engine.stream, charlm.reference",
        "import charlm.cli.main, charlm.cli.write",
        "from charlm import *",
        "import tui.app",
        "import tui.__main__",
    ],
)
def test_the_writing_half_never_imports_torch(statement: str) -> None:
    assert not modules_after(statement).intersection(HEAVY)


def test_importing_charlm_imports_nothing_else() -> None:
    new = modules_after("import charlm") - modules_after("pass")
    assert {name for name in new if name.startswith("charlm.")} == set()
    assert not new & {"numpy", "textual", "rich", "safetensors"}


@pytest.mark.parametrize("command", ["write", "compare"])
def test_help_needs_neither_numpy_nor_the_engine(command: str) -> None:
    call = f"charlm.cli.main.main(['{command}', '--help'])"
    story = f"import charlm.cli.main\ntry: {call}\nexcept SystemExit: 0"
    assert not modules_after(story) & {"numpy", "torch", "charlm._engine", "textual"}


def test_every_public_name_is_there() -> None:
    for name in charlm.__all__:
        assert getattr(charlm, name) is not None
        assert name in dir(charlm)
    with pytest.raises(AttributeError, match="no attribute 'Enigne'"):
        charlm.Enigne  # noqa: B018


def imports_of(path: Path) -> set[str]:
    """Every module that a file names in an import, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_each_native_part_and_torch_have_their_few_importers() -> None:
    """import-linter sees neither compiled modules nor what only `torch` would bring."""
    sources = [path for top in ("charlm", "tui") for path in (ROOT / top).rglob("*.py")]
    importers = {path.relative_to(ROOT).as_posix(): imports_of(path) for path in sources}
    assert sorted(n for n, found in importers.items() if "charlm._engine" in found) == [
        "charlm/engine/contract.py",  # the class of what it refuses alone, as torch_engine
        "charlm/engine/devices.py",
        "charlm/torch_engine/parts.py",
    ]
    assert [n for n, found in importers.items() if "charlm._training" in found] == [
        "charlm/train/native.py"
    ]
    assert [n for n, found in importers.items() if "charlm.torch_engine" in found] == [
        "charlm/engine/devices.py"
    ]
    with_torch = {
        n for n, found in importers.items() if any(f.split(".")[0] == "torch" for f in found)
    }
    assert "charlm/train/sequence.py" in with_torch
    allowed = ("charlm/train/", "charlm/torch_engine/", "charlm/compare/", "charlm/device.py")
    assert all(n.startswith(allowed) for n in with_torch)


@pytest.mark.parametrize("module", ["charlm", "charlm.train", "tui"])
def test_nothing_is_imported_from_the_working_folder(module: str, tmp_path: Path) -> None:
    """Which may be a run that somebody else made."""
    for name in ("numpy", "argparse", "torch", "textual"):
        (tmp_path / f"{name}.py").write_text("print('executed')")
    arguments = ["info", "."] if module == "charlm" else ["--corpus", "none"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2 and "executed" not in done.stdout
    assert done.stderr.startswith("charlm: error: ") and done.stderr.count("\n") == 1


def test_a_process_of_charlms_own_looks_at_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runpy.py").write_text("print('executed')")
    (tmp_path / "charlm").mkdir()
    (tmp_path / "charlm/__init__.py").write_text("print('executed')")
    monkeypatch.chdir(tmp_path)
    command = [*module_command("charlm"), "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "executed" not in done.stdout and "usage" in done.stdout
    monkeypatch.chdir(ROOT)
    assert module_command("charlm") == [sys.executable, "-m", "charlm"]  # not installed, perhaps
