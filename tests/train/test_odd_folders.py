"""Folders that somebody else made, opened by everything: see support/odd_folders.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from learners import learner_of
from root import ROOT

from charlm.run.checkpoint import save_checkpoint
from charlm.run.layout import KEPT, LAST, MODEL
from charlm.run.places import known_weights, run_names
from charlm.train.keep.folder import RunFolder
from charlm.train.keep.saver import Saver
from tui.views.runs.folders import found_runs


def opened(*options: str) -> int:
    """How many folders were opened, all of them well."""
    command = [sys.executable, "tests/support/odd_folders.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[0])


def test_whatever_lies_in_a_run_nothing_hangs_and_nothing_outside_is_touched() -> None:
    assert opened("--quick", "--every", "67") >= 20


@pytest.mark.long
def test_nor_with_a_third_of_every_thing_in_every_place_opened_by_everything() -> None:
    """All of them are `make soak`'s."""
    assert opened("--quick", "--every", "3") > 500


def test_what_can_be_neither_written_nor_removed_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its temporary files stay, and are swept by the next start; no list takes them for weights."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "checkpoints"
    runs.mkdir()
    learner, told = learner_of("--keep", "2"), list[str]()
    newest = learner.checkpoint({"step": 0})

    def own_weights() -> list[Path]:
        return [path for path in known_weights() if path.absolute().is_relative_to(runs)]

    def refuse(*_: object, **__: object) -> None:
        raise OSError(5, os.strerror(5))

    with RunFolder.create(runs / "run") as folder:
        saver = Saver(learner, folder, told.append)
        (folder.path / KEPT).mkdir()
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", refuse)
            patch.setattr("os.unlink", refuse)
            saver.save(True, 2.0)
            with pytest.raises(OSError, match="Input/output error"):
                save_checkpoint(runs / "mine.safetensors", newest)
    left = list(runs.rglob(".charlm-*"))
    assert {path.parent for path in left} == {runs, runs / "run", runs / "run" / KEPT}
    assert list(found_runs([runs])) == own_weights() == []
    assert not any(".charlm" in name for name in run_names())
    assert len(told) == len({line.partition(" was not saved")[0] for line in told}) == 3
    with RunFolder.create(runs / "run") as folder:
        Saver(learner, folder, told.append).save(True, 2.0)
    assert not list((runs / "run").rglob(".charlm-*"))
    assert {path.name for path in own_weights()} >= {MODEL, LAST}
    assert list(found_runs([runs])) == [runs / "run"]
