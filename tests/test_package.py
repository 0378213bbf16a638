"""What an installation holds, and what the project's files promise of each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from root import ROOT

import charlm
from charlm.run.layout import MODEL, RUN_LOG
from charlm.run.places import SHIPPED

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NAME = re.compile(r"[A-Za-z0-9_.-]+")


def names(requirements: list[str]) -> set[str]:
    """Package names of requirement lines."""
    found = (NAME.match(line) for line in requirements)
    return {match.group().lower() for match in found if match}


def test_the_build_needs_no_torch() -> None:
    assert names(PROJECT["build-system"]["requires"]) == {"setuptools", "pybind11"}


def test_every_direct_requirement_is_pinned_and_nothing_else() -> None:
    project = PROJECT["project"]
    direct = names(PROJECT["build-system"]["requires"]) | names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        direct |= names(extra)
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert names(pins) == direct
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", pin) for pin in pins)
    assert "torch==2.13.0" in pins


def test_make_help_names_every_target_that_is_no_file() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    command = ["make", "--no-print-directory", "help"]  # these tests may run inside make
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert [line.split()[1] for line in done.stdout.splitlines()] == phony.group(1).split()


@pytest.mark.parametrize("pip", ["true", "false"])
def test_the_fuzzer_is_tried_for_again_until_it_is_there(pip: str, tmp_path: Path) -> None:
    dev, mark = tmp_path / ".stamps/dev", tmp_path / ".stamps/fuzz"
    dev.parent.mkdir()
    dev.touch()
    command = ["make", "-s", f"VENV={tmp_path}", f"INSTALL={pip}", "-o", dev, mark]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert mark.exists() == (pip == "true")
    assert ("is skipped, this time" in done.stdout) == (pip == "false")


def test_the_changelog_names_this_version() -> None:
    assert f"## {charlm.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_shipped_models_are_named_alike() -> None:
    """In setup.py, which cannot import what it builds, and where they are looked for."""
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert f"SHIPPED = {SHIPPED}".replace("'", '"') in setup


@pytest.mark.long
def test_a_wheel_holds_all_that_runs(tmp_path: Path) -> None:
    sdist = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", tmp_path]
    subprocess.run(sdist, cwd=ROOT, check=True, timeout=60)
    [sources_packed] = tmp_path.glob("charloom-*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, sources_packed], check=True, timeout=900)
    (wheel,) = tmp_path.glob("charloom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        archive.extractall(tmp_path / "été 1")
    sources = {
        place + path.relative_to(ROOT).as_posix()
        for place, top in (("", "charlm"), ("charlm/", "tui"))
        for pattern in ("*.py", "*.pyi", "*.tcss", "py.typed")
        for path in (ROOT / top).rglob(pattern)
    }
    assert sources <= held
    for name in ("_engine", "_training"):
        assert any(re.fullmatch(rf"charlm/{name}\..*\.(so|pyd)", each) for each in held)
    assert {name.split("/")[0].split("-")[0] for name in held} == {"charlm", "charloom"}
    shipped = {name for name in held if name.startswith("charlm/shipped/")}
    assert shipped == {
        f"charlm/shipped/{name}/{file}" for name in SHIPPED for file in (MODEL, RUN_LOG)
    }
    _works_alone(tmp_path / "été 1", tmp_path / "data")


def _works_alone(installed: Path, data: Path) -> None:
    """Out of an installation, in a folder with nothing around it: write, train, the screen."""
    empty = installed.parent / "vide"
    empty.mkdir()
    (empty / "text.txt").write_text("so it goes, on and on\n" * 40)
    variables = os.environ | {"PYTHONPATH": str(installed), "XDG_DATA_HOME": str(data)}
    charlm_command = [sys.executable, "-P", "-m", "charlm"]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*charlm_command, *words],
            cwd=empty, env=variables, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout

    assert run("write", "shakespeare", "--prompt", "ROMEO:", "--max-length", "9")
    assert "python -m charlm.tui" in run("tui", "--help")
    run("train", "--corpus", "text.txt", "--steps", "2")
    [made] = (data / "charlm" / "checkpoints").iterdir()
    assert run("info", made.name)
    assert sorted(path.name for path in empty.iterdir()) == ["text.txt"]


def test_a_package_of_ones_own_imports_from_its_folder_as_ever(tmp_path: Path) -> None:
    """charlm leaves the working folder alone where another module runs, whatever its name."""
    package = tmp_path / "mycharlm"
    package.mkdir()
    (package / "__init__.py").write_text("import charlm")
    (package / "__main__.py").write_text("import helper; print(helper.SAID)")
    (tmp_path / "helper.py").write_text("SAID = 'fine'")
    command = [sys.executable, "-m", "mycharlm"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "fine\n"
