"""The contracts of `pyproject.toml` check something: an import against each is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from root import ROOT

CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that is linted."""
    tree = tmp_path_factory.mktemp("tree")
    for top in ("charlm", "tui"):
        shutil.copytree(ROOT / top, tree / top, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def wrong_import(contract: dict[str, Any]) -> tuple[str, str]:
    """Of a contract, a module and what it may not import."""
    if contract["type"] == "independence":
        one, other = contract["modules"][:2]
        return one, other
    if contract["type"] == "forbidden":
        return contract["source_modules"][0], contract["forbidden_modules"][0]
    container = contract.get("containers", [""])[0]
    high, low = (re.split(r"\s*[|:]\s*", contract["layers"][end])[0].strip("()") for end in (0, -1))
    return tuple(f"{container}.{name}".strip(".") for name in (low, high))  # type: ignore[return-value]


def file_of(tree: Path, module: str) -> Path:
    path = tree.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.long
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_an_import_against_a_contract_breaks_it(contract: dict[str, Any], tree: Path) -> None:
    module, forbidden = wrong_import(contract)
    file = file_of(tree, module)
    text = file.read_text()
    file.write_text(f"{text}\nimport {forbidden}\n")
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    try:
        done = subprocess.run(lint, cwd=tree, capture_output=True, text=True)
    finally:
        file.write_text(text)
    assert done.returncode != 0
    assert re.search(rf"^{re.escape(contract['name'])} BROKEN", done.stdout, re.MULTILINE)
