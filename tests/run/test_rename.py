"""A run gets another name: all of it or nothing, and only what is one's own."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from command_line import Call, refused

from charlm.errors import InputError, TrainingError
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import COMPARED, MODEL, RUN_LOG
from charlm.run.lock import Lock
from charlm.run.places import find_run
from charlm.run.rename import rename_run


@pytest.fixture
def own(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run in the folder of one's runs, below the working folder."""
    monkeypatch.chdir(run.parent)
    folder = run.parent / "checkpoints"
    folder.mkdir()
    return run.rename(folder / "run")


def test_all_of_it_lies_under_the_new_name(own: Path) -> None:
    (own / "kept").mkdir()
    (own / "kept" / "notes of mine").write_text("x")
    before = load_checkpoint(own).identity
    there = rename_run(Path("run"), "été_à_Zürich.2")
    assert there == own.with_name("été_à_Zürich.2") and not os.path.lexists(own)
    assert load_checkpoint("été_à_Zürich.2").identity == before
    assert (there / "kept" / "notes of mine").read_text() == "x"
    assert rename_run(there, "run") == own


def test_a_name_has_its_accents_in_one_form(own: Path) -> None:
    """And is found in the other one, as macOS types it."""
    typed = unicodedata.normalize("NFD", "été")
    there = rename_run(own, typed)
    assert there.name == "été" != typed
    assert find_run(Path(typed)).samefile(there)


@pytest.mark.parametrize("kind", ["run", "folder", "file", "link"])
def test_what_is_there_is_never_replaced(own: Path, kind: str) -> None:
    taken = own.with_name("taken")
    if kind == "file":
        taken.touch()
    elif kind == "link":
        taken.symlink_to("nowhere")
    else:
        taken.mkdir()
        if kind == "run":
            (taken / RUN_LOG).touch()
    with pytest.raises(InputError, match="taken exists already: choose another name"):
        rename_run(own, "taken")
    assert (own / MODEL).is_file() and os.path.lexists(taken)
    assert [path.name for path in own.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "a b", "-x", ".x", "a\x1b", "\udcff", "x" * 300]
)
def test_a_name_that_cannot_be(own: Path, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        rename_run(own, name)
    assert [path.name for path in own.parent.iterdir()] == ["run"]


def test_a_run_that_is_trained_keeps_its_name(own: Path) -> None:
    lock = Lock.take(own)
    try:
        with pytest.raises(TrainingError, match="is in use by pid"):
            rename_run(own, "other")
    finally:
        lock.release()
    assert rename_run(own, "other").is_dir()


def test_a_folder_that_is_only_called_as_that_of_a_comparison_is_none(own: Path) -> None:
    run = own.parent / COMPARED / "x"
    run.parent.mkdir()
    own.rename(run)
    assert rename_run(run, "y") == run.with_name("y")


def test_what_is_not_ones_own_keeps_its_name(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = own.with_name("link")
    link.symlink_to(own)
    (own.parent / "texts").mkdir()
    compared = own.parent / "both" / COMPARED / "gru-1"
    compared.mkdir(parents=True)
    (compared / RUN_LOG).touch()
    (compared.parents[1] / "results.csv").touch()
    for path, said in (
        (link, "a link to another place"),
        (own.parent / "texts", "texts is no run"),
        (own / MODEL, "is no run"),
        (compared, "part of a comparison"),
        (Path("nowhere"), "no run 'nowhere'"),
    ):
        with pytest.raises(InputError, match=said):
            rename_run(path, "other")
    monkeypatch.setattr("charlm.run.places.SHIPPED", ("run",))
    monkeypatch.setattr("charlm.run.places.SHIPPED_RUNS", own.parent)
    with pytest.raises(InputError, match="came with charlm"):
        rename_run(own, "other")


def test_a_disk_that_refuses_leaves_it_as_it_was(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("rename", "mkdir"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, refuse)
            with pytest.raises(InputError, match="run cannot be renamed: Read-only file system"):
                rename_run(own, "other")
        assert [path.name for path in own.parent.iterdir()] == ["run"]


def test_a_lock_that_is_a_link_is_not_followed(own: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (own / ".lock").symlink_to(victim)
    with pytest.raises(InputError, match="cannot be renamed: it is a link"):
        rename_run(own, "other")
    assert victim.read_text() == "precious"


def test_by_the_command(own: Path, charlm: Call) -> None:
    done = charlm("rename", "run", "Übung-1")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"renamed: {own.with_name('Übung-1')}\n"
    refused(charlm("rename", "run", "x"), "no run 'run'")
    refused(charlm("rename", "Übung-1", "a/b"), "a name is letters")
    refused(charlm("rename", "Übung-1"), "NAME")
