"""What an installation holds, and what the project's files promise of each other."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from root import ROOT

import charlm

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


def test_the_changelog_names_this_version() -> None:
    assert f"## {charlm.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_a_wheel_holds_all_that_runs(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, ROOT], check=True, timeout=600)
    (wheel,) = tmp_path.glob("charlm-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for top in ("charlm", "tui")
        for pattern in ("*.py", "*.pyi", "*.tcss", "py.typed")
        for path in (ROOT / top).rglob(pattern)
    }
    assert sources <= held
    assert any(re.fullmatch(r"charlm/_engine\..*\.(so|pyd)", name) for name in held)
