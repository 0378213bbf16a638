"""The texts of before: kept for their user alone, whatever else the file holds."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tui.shell.recent_texts import RecentTexts, recent_texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "charlm" / "recent-texts.json"


def test_the_newest_come_first_each_once_and_ten_of_them(file: Path, tmp_path: Path) -> None:
    recent = RecentTexts(file)
    assert recent.paths() == []
    for number in range(12):
        recent.add([f"/texts/{number} é\n.txt"])
    recent.add(["/texts/5 é\n.txt", "/caf\udce9.txt"])
    names = ["5 é\n", "11 é\n", "10 é\n", "9 é\n", "8 é\n", "7 é\n", "6 é\n", "4 é\n", "3 é\n"]
    paths = [f"/texts/{name}.txt" for name in names]
    assert RecentTexts(file).paths() == [paths[0], "/caf\udce9.txt", *paths[1:]]
    recent.add([])
    assert len(recent.paths()) == 10


def test_paths_are_kept_from_wherever_one_works(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    RecentTexts(file).add(["my.txt"])
    assert RecentTexts(file).paths() == [str(tmp_path / "my.txt")]


def test_only_their_user_sees_them(file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o755)
    old = os.umask(0)
    try:
        RecentTexts(file).add(["/a.txt"])
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'["/a.txt"', b"7" * 10_000,
        b'{"/a.txt": 1}', b'"/a.txt"',
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_none(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert RecentTexts(file).paths() == []
    RecentTexts(file).add(["/b.txt"])
    assert RecentTexts(file).paths() == ["/b.txt"]


def test_what_is_no_path_is_passed_over(file: Path) -> None:
    file.parent.mkdir(parents=True)
    odd = [1, None, ["/x"], "relative.txt", "", "/nul\0.txt", "/" + "x" * 5000, "/a.txt", "/a.txt"]
    file.write_text(json.dumps(odd))
    assert RecentTexts(file).paths() == ["/a.txt"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "large"])
def test_what_is_no_file_of_ours_holds_nobody_up(file: Path, kind: str) -> None:
    file.parent.mkdir(parents=True)
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        with open(file, "wb") as large:
            large.truncate(1 << 40)
    recent = RecentTexts(file)
    assert recent.paths() == []
    recent.add(["/a.txt"])


def test_without_a_place_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RecentTexts(None).add(["/a.txt"])
    assert RecentTexts(None).paths() == []
    (tmp_path / "file").touch()
    nowhere = RecentTexts(tmp_path / "file" / "charlm" / "recent")
    nowhere.add(["/a.txt"])
    assert nowhere.paths() == []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    recent_texts().add(["/a.txt"])
    assert recent_texts().paths() == ["/a.txt"]
    assert recent_texts(kept=False).paths() == []
