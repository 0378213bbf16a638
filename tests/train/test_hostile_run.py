"""A run's folder that somebody else made: nothing outside it is read, written or removed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from learners import SMALL, TEXT

from charlm.cli.main import main as charlm_main
from charlm.errors import InputError
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.control import Control, steer
from charlm.run.layout import CONTROL, KEPT, LAST, LOCK, MODEL, OLD_RESUME, RESUME, RUN_LOG
from charlm.run.lock import is_training
from charlm.run.log import RunLog, Tail, read_ends, rewind
from charlm.run.owner import EVERYBODY, stranger
from charlm.run.regular_file import opened_folder, write_at
from charlm.run.weights import WeightsFinder
from charlm.train.__main__ import main
from charlm.train.going_on import without_places
from charlm.train.keep.folder import RunFolder
from tui.views.runs.folders import read_row

LINE = b'{"kind": "step", "step": 9}\n'
LINK = "it is a link, and nothing inside a run is used through one"
Plant = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "numbers.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two models beside the best, that can go on."""
    run = tmp_path_factory.mktemp("trained") / "run"
    arguments = ["--corpus", str(corpus), "--out", str(run), *SMALL, "--keep", "2"]
    assert main([*arguments, "--steps", "50", "--evaluations", "2"]) == 0
    assert len(list((run / KEPT).iterdir())) == 2
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def linked(place: Path, outside: Path) -> None:
    place.symlink_to(outside)


def dangling(place: Path, outside: Path) -> None:
    place.symlink_to(outside.parent / "new.txt")


def piped(place: Path, outside: Path) -> None:
    os.mkfifo(place)


def folder_made(place: Path, outside: Path) -> None:
    place.mkdir()


@pytest.mark.parametrize("plant", [linked, dangling, piped, folder_made])
@pytest.mark.parametrize("name", [LOCK, RUN_LOG, CONTROL, RESUME, OLD_RESUME, MODEL, LAST])
def test_what_is_not_a_file_of_the_run_is_refused_and_its_target_is_untouched(
    name: str, plant: Plant, run: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(LINE)
    if name == RESUME:
        shutil.copy(run / RESUME, outside / "precious")
    before = snapshot(outside)
    (run / name).unlink(missing_ok=True)
    plant(run / name, outside / "precious")
    with pytest.raises(InputError, match=rf"{run}.*{name}") as refused:
        main(["--resume", str(run), "--steps", "60"])
    assert "\n" not in str(refused.value)
    assert snapshot(outside) == before


@pytest.mark.parametrize("name", [LOCK, CONTROL])
def test_a_new_run_does_not_begin_in_such_a_folder(name: str, corpus: Path, tmp_path: Path) -> None:
    run, precious = tmp_path / "run", tmp_path / "precious"
    run.mkdir()
    precious.write_bytes(LINE)
    (run / name).symlink_to(precious)
    with pytest.raises(InputError, match=f"{run / name} is a link or no regular file"):
        main(["--corpus", str(corpus), "--out", str(run), *SMALL, "--steps", "1"])
    assert precious.read_bytes() == LINE


def test_a_linked_folder_of_kept_models_is_left_alone(run: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(run / KEPT, outside)
    (outside / ".charlm-not-ours").write_bytes(LINE)
    (run / KEPT).symlink_to(outside)
    before = snapshot(outside)
    with pytest.raises(InputError, match=rf"{KEPT} is a link or no folder"):
        main(["--resume", str(run), "--steps", "100"])
    assert snapshot(outside) == before
    assert [weights.path.parent for weights in WeightsFinder(run).find()] == [run]
    own = sum(path.stat().st_size for path in run.iterdir() if path.name != KEPT)
    assert read_row(run).size == own


def test_only_kept_models_are_pushed_out(run: Path, tmp_path: Path) -> None:
    for name in ("mine.safetensors", "step-mine.safetensors"):
        (run / KEPT / name).write_bytes(LINE)
    arguments = ["--resume", str(run), "--steps", "75", "--keep", "1"]
    assert main(arguments) == 0
    names = {path.name for path in (run / KEPT).iterdir()}
    assert {"mine.safetensors", "step-mine.safetensors"} <= names
    assert len(names) == 3


def test_a_lock_that_is_none_is_not_written_into(run: Path) -> None:
    for content in (b"my diary", b"1" * 33):
        (run / LOCK).write_bytes(content)
        with pytest.raises(InputError, match=rf"{LOCK} is not the lock of a run"):
            main(["--resume", str(run)])
        assert (run / LOCK).read_bytes() == content


# What follows holds without the look at the whole folder that comes first, too: a link may be
# put there at any time.


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file that is not the run's."""
    path = tmp_path / "precious"
    path.write_bytes(LINE)
    return path


def test_the_log_is_not_used_through_a_link(tmp_path: Path, precious: Path) -> None:
    (tmp_path / RUN_LOG).symlink_to(precious)
    with pytest.raises(InputError, match=rf"{RUN_LOG} cannot be written: it is a link"):
        RunLog(tmp_path)
    with pytest.raises(OSError, match="it is a link"):
        rewind(tmp_path, 0)
    assert Tail(tmp_path).new() == []
    assert read_ends(tmp_path) == ({}, [])
    assert precious.read_bytes() == LINE


def test_nobody_waits_at_a_pipe_to_write(tmp_path: Path) -> None:
    for name in (RUN_LOG, CONTROL):
        os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="it is not a regular file"):
        RunLog(tmp_path)
    with pytest.raises(OSError, match="it is not a regular file"):
        steer(tmp_path, "stop")


def test_the_lock_is_not_used_through_a_link(
    run: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charlm.train.keep.folder._check_contents", lambda path: None)
    precious.write_bytes(str(os.getpid()).encode())
    (run / LOCK).unlink()
    (run / LOCK).symlink_to(precious)
    with pytest.raises(InputError, match="cannot be written: it is a link"):
        RunFolder.open(run)
    with open(precious) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not is_training(run)


def test_a_rewound_log_is_not_written_through_a_link(tmp_path: Path, precious: Path) -> None:
    (tmp_path / RUN_LOG).write_bytes(LINE * 3)
    (tmp_path / f".charlm-{RUN_LOG}").symlink_to(precious)  # what older versions wrote into
    rewind(tmp_path, 0)
    assert (tmp_path / RUN_LOG).read_bytes() == b""
    assert precious.read_bytes() == LINE


def test_a_file_is_not_written_through_a_link(
    tmp_path: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MODEL).symlink_to(precious)
    monkeypatch.setattr("charlm.run.regular_file.secrets.token_hex", lambda size: "guessed")
    (tmp_path / ".charlm-guessed").symlink_to(precious)
    with opened_folder(tmp_path) as folder:
        with pytest.raises(FileExistsError):
            write_at(folder, MODEL, b"new")
        (tmp_path / ".charlm-guessed").unlink()
        write_at(folder, MODEL, b"new")
    assert precious.read_bytes() == LINE
    assert not (tmp_path / MODEL).is_symlink() and (tmp_path / MODEL).read_bytes() == b"new"


def test_what_steers_a_training_is_not_a_link(
    tmp_path: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = Control(tmp_path)
    precious.write_bytes(b'{"act": "stop"}\n')
    before = precious.read_bytes()
    (tmp_path / CONTROL).symlink_to(precious)
    (act,) = control.new()
    assert (act.name, act.error) == ("", f"{tmp_path / CONTROL}: {LINK}")
    assert control.new() == []  # told once
    with pytest.raises(OSError, match="it is a link"):
        steer(tmp_path, "stop")
    assert precious.read_bytes() == before


def test_kept_models_are_not_swept_or_written_through_a_link(run: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(run / KEPT, outside)
    (outside / ".charlm-not-ours").write_bytes(LINE)
    before = snapshot(outside)
    with RunFolder.open(run) as folder:
        shutil.rmtree(run / KEPT)
        (run / KEPT).symlink_to(outside)
        for use in (lambda: folder.keep_only([]), lambda: folder.write(f"{KEPT}/x", b"x")):
            with pytest.raises(OSError, match="it is a link or no folder"):
                use()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charlm.train.keep.folder._check_contents", lambda path: None)
        with pytest.raises(InputError, match="it is a link or no folder"):
            RunFolder.open(run)
    assert snapshot(outside) == before


def test_what_a_user_names_may_be_a_link(run: Path, corpus: Path, tmp_path: Path) -> None:
    """The folder of a run, which lies on another disk; and a checkpoint."""
    disk, linked = tmp_path / "disk", tmp_path / "linked"
    shutil.move(run, disk)
    linked.symlink_to(disk)
    assert main(["--resume", str(linked), "--steps", "52"]) == 0
    assert load_checkpoint(linked / LAST).metrics["step"] == 52
    assert Tail(linked).new()[-1]["kind"] == "end"
    steer(linked, "stop")
    assert (disk / CONTROL).read_text() == '{"act": "stop"}\n'
    (tmp_path / "empty").mkdir()
    (tmp_path / "new").symlink_to(tmp_path / "empty")
    new = ["--corpus", str(corpus), "--out", str(tmp_path / "new"), *SMALL, "--steps", "1"]
    assert main(new) == 0
    link = tmp_path / "link.safetensors"
    link.symlink_to(disk / MODEL)
    assert charlm_main(["write", str(link), "--prompt", "", "--max-length", "5"]) == 0


# What another user's run names.


@pytest.fixture
def strange(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that another user made: to root so that it holds, else as far as charlm can tell."""
    if os.geteuid() == 0:
        os.chown(run / RESUME, 4242, -1)
    else:
        monkeypatch.setattr("charlm.run.owner.trusted_users", lambda: ())
    return run


def test_the_text_of_another_users_run_is_not_opened_unasked(
    strange: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("charlm.train.text.load_files", lambda paths, *_: looked.append(paths))
        with pytest.raises(InputError) as refused:
            main(["--resume", str(strange), "--steps", "60"])
    owner = os.stat(strange / RESUME).st_uid
    assert re.fullmatch(
        rf"run {strange} belongs to .*uid {owner}\)? and names {corpus} as its text, which is not"
        rf" opened unasked: if you mean it, name it \(--corpus {corpus}\)",
        str(refused.value),
    )
    assert looked == []
    assert main(["--resume", str(strange), "--steps", "52", "--corpus", str(corpus)]) == 0


def test_nor_is_that_of_a_run_that_everybody_may_write(run: Path, corpus: Path) -> None:
    (run / RESUME).chmod(0o666)
    said = re.escape(f"run {run} {EVERYBODY} and names {corpus} as its text")
    with pytest.raises(InputError, match=said):
        main(["--resume", str(run), "--steps", "60"])
    assert main(["--resume", str(run), "--steps", "52", "--corpus", str(corpus)]) == 0
    assert main(["--resume", str(run), "--steps", "54"]) == 0  # it was written anew, as one's own


def test_nor_are_its_validation_text_and_its_cache(strange: Path, corpus: Path) -> None:
    with RunFolder.open(strange) as folder:
        values = folder.load_resume()
    assert folder.stranger
    values["options"] |= {"validation": "/etc/a b", "cache": "/elsewhere"}
    given = parse_options(["--resume", str(strange), "--corpus", str(corpus)])
    with pytest.raises(InputError, match=r"names /etc/a b .*name it \(--validation '/etc/a b'\)"):
        without_places(values, folder.stranger, given)
    values["options"]["validation"] = None
    assert without_places(values, folder.stranger, given)["options"]["cache"] is None
    values["options"]["corpus"] = ["-"]  # standard input is no place
    without_places(values, folder.stranger, replace(given, corpus=None))


def test_whose_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, gone = tmp_path / "mine", tmp_path / "gone"
    mine.touch()
    tmp_path.chmod(0o755)
    assert stranger(tmp_path, mine, gone) == ""
    mine.chmod(0o666)
    assert stranger(tmp_path, mine) == EVERYBODY
    tmp_path.chmod(0o700)  # nobody else comes to it
    assert stranger(tmp_path, mine) == ""
    tmp_path.chmod(0o777)
    mine.chmod(0o777)  # of a drive without permissions
    assert stranger(tmp_path, mine) == ""
    mine.chmod(0o664)  # a group is trusted
    tmp_path.chmod(0o777)  # what others put there belongs to them
    assert stranger(tmp_path, mine) == ""
    monkeypatch.setattr("charlm.run.owner.trusted_users", lambda: ())
    with mine.open() as file:
        assert f"uid {mine.stat().st_uid}" in stranger(gone, file.fileno())
    monkeypatch.setattr("pwd.getpwuid", dict[int, object]().__getitem__)  # a user without a name
    assert stranger(mine) == f"belongs to uid {mine.stat().st_uid}"


def test_no_file_of_a_run_is_everybody_s_to_write(corpus: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert main(["--corpus", str(corpus), "--out", str(tmp_path / "run"), *SMALL]) == 0
    finally:
        os.umask(before)
    assert main(["--resume", str(tmp_path / "run"), "--steps", "60"]) == 0
