"""The names in a run's folder, and its lock: each in one place, both ways."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from root import ROOT

from charlm.errors import InputError, TrainingError
from charlm.run.layout import (
    CONTROL,
    FILES,
    KEPT,
    LAST,
    LOCK,
    MODEL,
    OLD_RESUME,
    RESUME,
    RUN_LOG,
    is_weights,
    kept_name,
    kept_step,
    resume_file,
)
from charlm.run.lock import Lock, is_training


@pytest.mark.parametrize("step", [0, 25, 99_999_999, 123_456_789_012])
def test_a_kept_file_tells_its_step(step: int) -> None:
    folder, name = kept_name(step).split("/")
    assert folder == KEPT
    assert kept_step(name) == step


@pytest.mark.parametrize("name", [MODEL, "step-.safetensors", "step-1.pt", "xstep-1.safetensors"])
def test_another_file_has_no_step(name: str) -> None:
    assert kept_step(name) is None


def test_what_one_writes_with_and_what_a_training_goes_on_from(tmp_path: Path) -> None:
    assert is_weights(tmp_path / MODEL) and is_weights(Path("a.safetensors"))
    assert not is_weights(tmp_path / RESUME) and not is_weights(tmp_path / RUN_LOG)
    assert resume_file(tmp_path) is None
    for name in (OLD_RESUME, RESUME):  # the newer one is preferred
        (tmp_path / name).touch()
        assert resume_file(tmp_path) == tmp_path / name


def test_no_other_module_spells_the_names() -> None:
    """Outside the docstrings: there they are examples."""
    names = {*FILES, KEPT + "/", r"\.safetensors$"}
    spelt = re.compile("|".join(n if "\\" in n else re.escape(n) for n in names))
    found = []
    for path in (*(ROOT / "charlm").rglob("*.py"), *(ROOT / "tui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree)
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)}  # fmt: skip
        texts = [node.value for node in ast.walk(tree)
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
        if any(spelt.search(text) for text in texts if text not in docs):
            found.append(path.relative_to(ROOT).as_posix())
    assert found == ["charlm/run/layout.py"]


def test_one_process_trains_a_run(tmp_path: Path) -> None:
    assert not is_training(tmp_path)
    lock = Lock.take(tmp_path)
    assert is_training(tmp_path)
    assert (tmp_path / LOCK).read_text() == str(os.getpid())
    story = (
        "from pathlib import Path; from charlm.run.lock import Lock;"
        f"Lock.take(Path({str(tmp_path)!r}))"
    )
    other = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, cwd=ROOT)
    assert f"is in use by pid {os.getpid()}: stop that first" in other.stderr
    with pytest.raises(TrainingError, match="in use"):
        Lock.take(tmp_path)
    lock.release()
    assert not is_training(tmp_path)
    Lock.take(tmp_path).release()


def test_a_lock_of_a_process_that_was_killed_means_nothing(tmp_path: Path) -> None:
    story = (
        "import os, signal; from pathlib import Path; from charlm.run.lock import Lock;"
        f"Lock.take(Path({str(tmp_path)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", story], cwd=ROOT)
    assert (tmp_path / LOCK).exists()
    assert not is_training(tmp_path)
    Lock.take(tmp_path).release()


@pytest.mark.parametrize("content", ["a text", "1" * 40])
def test_what_is_no_lock_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK).write_text(content)
    with pytest.raises(InputError, match="is not the lock of a run"):
        Lock.take(tmp_path)
    assert (tmp_path / LOCK).read_text() == content
    assert not is_training(tmp_path)


def test_every_name_is_another() -> None:
    assert len({*FILES, KEPT}) == len(FILES) + 1
    assert {CONTROL, LAST, LOCK, MODEL, OLD_RESUME, RESUME, RUN_LOG} == set(FILES)
