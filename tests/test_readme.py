"""What README.md and docs/ show is run and looked up, so that it stays true."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from root import ROOT

from charlm.cli.commands import COMMANDS as ALL_COMMANDS
from charlm.cli.commands import Command
from charlm.decoding import STRATEGIES
from charlm.model.config import ModelConfig, parameter_shapes
from charlm.options.train_fields import OPTIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    page for folder in (".", "docs", "checkpoints") for page in (ROOT / folder).glob("*.md")
)


def blocks(language: str) -> list[str]:
    """The code blocks of the README in a language ("" for commands)."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line
    for block in blocks("")
    for line in block.splitlines()
    if "-m charlm " in line and not line.startswith("$ ")
]
#: (command, what it is said to write)
SHOWN = [
    shown
    for block in blocks("")
    for shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


def run_python(arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_python_of_the_readme_runs() -> None:
    (code,) = blocks("python")
    assert len(run_python(["-W", "error", "-c", code])) > 400


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(command: str) -> None:
    python, *arguments = shlex.split(command)
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 40
    assert "error" not in done.stderr


@pytest.mark.parametrize(("command", "written"), SHOWN)
def test_what_the_readme_shows_is_written(command: str, written: str) -> None:
    assert run_python(shlex.split(command)[1:]).strip() == written.strip()


def test_the_readme_shows_every_command_and_strategy() -> None:
    """In a block, whose lines are run above; but for what would change a run."""
    shown = " ".join(COMMANDS)
    for row in ALL_COMMANDS.values():
        if isinstance(row, Command):
            assert f"charlm {row.name} " in (README if row.name == "rename" else shown)
    for name in STRATEGIES:
        assert re.search(rf"^\| {name} \|", README, re.MULTILINE)


def test_the_two_commands_of_the_readme_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert blocks("")[0] == "make tui\nmake test\n"
    for target in ("tui", "test"):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]
    assert all((page.parent / link).exists() for link in inside), inside


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_in_the_pages_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:charlm|csrc|tui|tests|docs|benchmarks)/[\w./]*)`", page.read_text("utf-8")
    )
    assert all((ROOT / name).exists() for name in named), named


def test_the_page_on_training_names_every_option() -> None:
    pages = ("training.md", "runs.md", "text.md")
    text = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in pages)
    assert "`--no-texts`" in text
    assert "`--from " in text
    known_elsewhere = {"help", "debug", "seed", "out", "threads", "texts", "start_from"}
    for name in OPTIONS.keys() - known_elsewhere:
        assert f"`--{name.replace('_', '-')}" in text, name


def test_the_pages_name_every_option_and_weight() -> None:
    decoders = (ROOT / "docs" / "decoders.md").read_text(encoding="utf-8")
    for preset in STRATEGIES.values():
        for option in fields(preset):
            assert option.name in decoders
    checkpoint = (ROOT / "docs" / "checkpoint.md").read_text(encoding="utf-8")
    for name in parameter_shapes(ModelConfig("lstm", 3)):
        assert f"`{name.replace('.0.', '.N.')}`" in checkpoint
