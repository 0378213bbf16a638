"""Where PyTorch is missing the form says what installs it, and does so only if one agrees."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from driver import opened, painted, press, until
from root import ROOT
from train_fakes import training_view

from tui.training import pytorch
from tui.views.sheets import Question
from tui.views.train.view import TrainView

#: Stands in for pip: it says two lines and waits for a file; then PyTorch is there, or it fails.
PIP = """
import pathlib, sys, time
print("Collecting [b]torch\\x1b[31m", flush=True)
print("Downloading", flush=True)
while not pathlib.Path("go-on").exists():
    time.sleep(0.01)
if {code} == 0:
    pathlib.Path("torch-is-here").touch()
sys.exit({code})
"""


@pytest.fixture
def without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder where PyTorch counts as missing until there is a file torch-is-here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    here = tmp_path / "torch-is-here"
    monkeypatch.setattr("tui.views.train.outlook.is_missing", lambda: not here.exists())
    for module in ("tui.views.train.forecast", "tui.views.train.outlook"):
        monkeypatch.setattr(f"{module}.why_by_hand", lambda: "")
    return tmp_path


def pip_ends_with(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", PIP.format(code=code)]
    monkeypatch.setattr("tui.training.pytorch.install_command", lambda: command)


async def agree(view: TrainView, answer: str = "y") -> None:
    await press(view, "ctrl+s")
    await opened(view, Question)
    await press(view, answer)
    await until(lambda: view.app.screen is view)


async def test_it_is_installed_if_one_agrees(
    without_torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_ends_with(0, monkeypatch)
    async with training_view() as view:
        await until(lambda: "Training needs PyTorch" in painted(view))
        assert "torch==" in painted(view) and "12,345" not in painted(view)
        await agree(view, "n")
        assert not view._desk.installation.running
        await agree(view)
        await until(lambda: "Collecting [b]torch" in painted(view))
        await until(lambda: view.form._calm is not None)
        await press(view, "ctrl+s")  # it is under way: nothing is asked again
        assert view.app.screen is view
        Path("go-on").touch()
        await until(lambda: "12,345" in painted(view))  # what the training would take
        await press(view, "ctrl+s")
        await until(lambda: "alive" in view.states())


async def test_it_may_come_while_another_view_is_seen(
    without_torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_ends_with(0, monkeypatch)
    async with training_view() as view:
        await agree(view)
        view.rest()
        Path("go-on").touch()
        await until(lambda: not view._desk.installation.running)
        view.wake()
        await until(lambda: "12,345" in painted(view))


async def test_it_may_come_from_a_shell(without_torch: Path) -> None:
    async with training_view() as view:
        await until(lambda: "Training needs PyTorch" in painted(view))
        Path("torch-is-here").touch()
        await press(view, "ctrl+s")
        await until(lambda: "alive" in view.states())


async def test_what_pip_says_is_seen_and_a_failure_can_be_tried_again(
    without_torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_ends_with(3, monkeypatch)
    Path("go-on").touch()
    async with training_view() as view:
        for _ in range(2):
            await agree(view)
            await until(lambda: "pip ended with exit code 3" in painted(view))
            assert "Collecting [b]torch" in painted(view)
        assert not view._desk.training


async def test_quitting_asks_while_it_is_installed_and_leaves_no_pip(
    without_torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_ends_with(0, monkeypatch)
    async with training_view() as view:
        await agree(view)
        await press(view, "ctrl+q")
        await opened(view, Question)
        await until(lambda: "PyTorch is being installed" in painted(view))
        view.app.simulate_key("y")
        await until(lambda: view.app._exit)
        installation = view._desk.installation
        view._desk.close()
        await until(lambda: not installation.running)
    assert not Path("torch-is-here").exists()


async def test_where_it_may_not_be_installed_that_is_told(
    without_torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("tui.views.train.forecast", "tui.views.train.outlook"):
        monkeypatch.setattr(f"{module}.why_by_hand", lambda: "Nobody may.")
    async with training_view() as view:
        await until(lambda: "Nobody may." in painted(view))
        await press(view, "ctrl+s")
        assert view.app.screen is view and not view._desk.training


def test_a_folder_of_that_name_is_not_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not pytorch.is_missing()
    (tmp_path / "torch").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert pytorch.is_missing()


def test_the_screen_installs_it_in_an_environment_of_ones_own_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sys.prefix == sys.base_prefix or pytorch.why_by_hand() == ""
    monkeypatch.setattr(pytorch.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(pytorch.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(pytorch.sys, "path", [str(tmp_path)])
    assert "no pip" in pytorch.why_by_hand()
    (tmp_path / "pip").mkdir()
    assert pytorch.why_by_hand() == ""
    with monkeypatch.context() as read_only:
        read_only.setattr(pytorch.os, "access", lambda path, mode: False)
        assert "may change this" in pytorch.why_by_hand()
    monkeypatch.setattr(pytorch.sys, "prefix", sys.base_prefix)
    assert "virtual environment" in pytorch.why_by_hand()


def test_what_is_installed_is_what_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {*pytorch.PINNED} <= {*pins}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extra = re.search(r"^train = \[(.*)\]$", project, re.MULTILINE)
    assert extra is not None
    assert [pin.split("==")[0] for pin in pytorch.PINNED] == re.findall(r'"([a-z]+)>', extra[1])
