"""docs/faults.md: what it says of tests and of protections is so."""

from __future__ import annotations

import ast
import re

import pytest
from mutants import MUTANTS
from root import ROOT

ROWS = re.findall(r"^\| (\d+) \|(.*)\|(.*)\|(.*)\|$", (ROOT / "docs/faults.md").read_text(), re.M)
NAMES = re.compile(r"`([\w/]+\.py)::(\w+)`")


def names_in(file: str) -> set[str]:
    """The tests that a file has."""
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_its_lines_are_counted_and_none_is_missing() -> None:
    numbers = [int(number) for number, *_ in ROWS]
    assert numbers == [*range(1, len(numbers) + 1)] and len(numbers) >= 38


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_line_is_proved_by_tests_that_are_there(row: tuple[str, ...]) -> None:
    proofs = row[3]
    assert NAMES.sub("", re.sub(r"\*\*[\w\- +]+\*\*", "", proofs)).strip() == ""
    named = NAMES.findall(proofs)
    assert named
    for file, name in named:
        assert name in names_in(file), f"{file} has no test {name}"


def test_every_protection_that_is_taken_out_has_its_line_and_its_test() -> None:
    """Behind its bold name, the next test that is named is one that must fail without it."""
    found: dict[str, set[str]] = {}
    for *_, proofs in ROWS:
        for bold in re.finditer(r"\*\*([^*]+)\*\*", proofs):
            behind = NAMES.search(proofs, bold.end())
            assert behind is not None
            found.setdefault(bold[1], set()).add(f"tests/{behind[1]}::{behind[2]}")
    assert found.keys() == MUTANTS.keys()
    for name, tests in found.items():
        assert tests <= set(MUTANTS[name].tests), name
