"""Where runs are: beside one's work where that has a place for them, else among the user's data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from charlm.run import places
from charlm.run.layout import MODEL
from charlm.train.keep.folder import RunFolder


@pytest.fixture
def user_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's data, and an empty working folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(places, "SHIPPED_RUNS", tmp_path / "package")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data" / "charlm" / "checkpoints"


def test_a_new_run_goes_beside_the_work_where_there_is_a_place(user_runs: Path) -> None:
    assert places.new_runs() == user_runs
    Path("inside/deep").mkdir(parents=True)
    Path("inside/.git").mkdir()
    os.chdir("inside/deep")
    assert places.new_runs() == places.RUNS
    os.chdir("../..")
    places.RUNS.mkdir()
    assert places.new_runs() == places.RUNS


def test_a_folder_that_was_deleted_is_no_repository(user_runs: Path) -> None:
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()
    assert places.new_runs() == user_runs


def test_a_run_without_a_name_is_made_where_it_belongs(user_runs: Path) -> None:
    with RunFolder.begin(None, "été.txt", "gru") as folder:
        assert folder.path.parent == user_runs and folder.path.name.startswith("été-gru-")


def test_runs_of_every_folder_are_found_ones_own_first(user_runs: Path) -> None:
    package = places.SHIPPED_RUNS
    for folder, name in ((places.RUNS, "a"), (user_runs, "b"), (package, "c"), (package, "a")):
        (folder / name).mkdir(parents=True)
        (folder / name / MODEL).touch()
    assert places.runs_folders() == [places.RUNS, user_runs, package]
    assert [path.parent.name for path in places.known_weights()] == ["a", "b", "a", "c"]
    assert places.find_run(Path("a")) == places.RUNS / "a"
    assert places.find_run(Path("b")) == user_runs / "b"
    assert {"a", "b", "c"} == {*places.run_names()}


def test_what_lies_in_a_folder_of_runs_is_ones_own(user_runs: Path, tmp_path: Path) -> None:
    for folder in (places.RUNS, user_runs, places.SHIPPED_RUNS, tmp_path / "elsewhere"):
        (folder / "a").mkdir(parents=True)
        own = folder != tmp_path / "elsewhere"
        for path in (folder / "a", folder / "a" / MODEL, (folder / "a" / MODEL).absolute()):
            assert places.is_own(path) is own
    (places.RUNS / "larger disk").symlink_to(tmp_path / "elsewhere" / "a")
    assert places.is_own(places.RUNS / "larger disk" / MODEL)
    for path in (
        places.RUNS,
        places.RUNS / ".." / MODEL,
        Path("checkpoints-2", MODEL),
        Path(MODEL),
    ):
        assert not places.is_own(path)
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()
    assert not places.is_own(places.RUNS / "a")


def test_a_folder_that_is_two_of_them_is_one(user_runs: Path) -> None:
    user_runs.mkdir(parents=True)
    places.RUNS.symlink_to(user_runs)
    assert places.runs_folders() == [places.RUNS]
