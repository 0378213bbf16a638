"""Paths as they are typed, or dropped on a terminal; names of runs from them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from charlm.display import visible
from charlm.errors import InputError
from charlm.run.places import named_after, wrong_name
from charlm.train.keep.folder import RunFolder, default_path
from tui.views.train.fields import more_options
from tui.views.train.typed_path import (
    completed,
    dropped,
    path_meant,
    paths_meant,
    why_missing,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One's own folder, with files in it, the working folder too."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    names = ("my text.txt", "it's.txt", "café.txt", "100%.txt", "a?b#c.txt", "back\\slash", "'q'")
    for name in names:
        (tmp_path / name).write_text("x", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("my", "my text.txt"), ("caf", "café.txt"), ("~/my", "~/my text.txt"),
        ("{}/it", "{}/it's.txt"), ("te", "texts/"), ("texts/", "texts/tiny"),
        ("texts/tiny", "texts/tiny"), ("texts/tiny2", "texts/tiny2.txt"), ("", ""),
        (".h", ".hidden"), ("nowhere", "nowhere"), ("none/x", "none/x"), ("~no/x", "~no/x"),
        ("a\0b/", "a\0b/"), ("my text.txt", "my text.txt"), ("texts", "texts/"),
    ],
)  # fmt: skip
def test_a_path_is_completed_as_far_as_there_is_no_choice(
    folder: Path, typed: str, whole: str
) -> None:
    Path("texts").mkdir()
    for name in ("texts/tiny1.txt", "texts/tiny2.txt", ".hidden"):
        Path(name).touch()
    assert completed(typed.replace("{}", str(folder))) == whole.replace("{}", str(folder))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("{}/my text.txt", "{}/my text.txt"),
        ("  {}/my text.txt ", "{}/my text.txt"),
        ("'{}/my text.txt'", "{}/my text.txt"),
        ('"{}/my text.txt"', "{}/my text.txt"),
        (r"{}/my\ text.txt", "{}/my text.txt"),
        (r"'{}/it'\''s.txt'", "{}/it's.txt"),
        (r"{}/it\'s.txt", "{}/it's.txt"),
        ("file://{}/my%20text.txt", "{}/my text.txt"),
        ("file://localhost{}/my%20text.txt", "{}/my text.txt"),
        (f"file://{os.uname().nodename}{{}}/my%20text.txt", "{}/my text.txt"),
        ("file://otherhost{}/my%20text.txt", "file://otherhost{}/my%20text.txt"),
        ("'file://otherhost{}/my%20text.txt'", "file://otherhost{}/my%20text.txt"),
        ("FILE://{}/caf%C3%A9.txt", "{}/café.txt"),
        ("'file://{}/my%20text.txt'", "{}/my text.txt"),
        ("file://{}/a%3Fb%23c.txt", "{}/a?b#c.txt"),
        ("~/my text.txt", "{}/my text.txt"),
        (r"~/my\ text.txt", "{}/my text.txt"),
        ("'~/café.txt'", "{}/café.txt"),
        # What lies there under just this name is meant.
        ("100%.txt", "100%.txt"),
        ("back\\slash", "back\\slash"),
        ("'q'", "'q'"),
        # What does not is said as it would be read.
        ("'{}/nowhere'", "{}/nowhere"),
        ("~/nowhere", "{}/nowhere"),
        ("file:///no%20where", "/no where"),
        ("", ""),
        ("   ", ""),
        ("'", "'"),
        ("\0", "\0"),
        ("file://[", "file://["),
        ("x" * 10_000, "x" * 10_000),
    ],
)
def test_a_path_is_what_was_meant(folder: Path, typed: str, meant: str) -> None:
    assert path_meant(typed.format(folder)) == meant.format(folder)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("'{}/my text.txt' '{}/café.txt' ", ["{}/my text.txt", "{}/café.txt"]),
        (r"{}/my\ text.txt {}/it\'s.txt", ["{}/my text.txt", "{}/it's.txt"]),
        ("file://{}/my%20text.txt file://{}/caf%C3%A9.txt", ["{}/my text.txt", "{}/café.txt"]),
        ("~/café.txt $HOME/100%.txt", ["{}/café.txt", "{}/100%.txt"]),
        ("my text.txt", ["my text.txt"]),
        ("{}/nowhere.txt {}/café.txt", ["{}/nowhere.txt", "{}/café.txt"]),
        # What is no list of paths is one path.
        ("no such text.txt", ["no such text.txt"]),
        ("café.txt no such", ["café.txt no such"]),
        ("it's.txt nowhere", ["it's.txt nowhere"]),
        ("  ", []),
    ],
)
def test_several_paths_may_be_dropped_together(folder: Path, typed: str, meant: list[str]) -> None:
    there = str(folder)
    assert paths_meant(typed.replace("{}", there)) == [each.replace("{}", there) for each in meant]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_found_in_either_form(folder: Path, form: str) -> None:
    """macOS writes a letter and its accent behind it; archives and disks carry that elsewhere."""
    text, other = (unicodedata.normalize(f, "Ünïté/nœud ù.txt") for f in (form, "NFC"))
    Path(text).parent.mkdir()
    Path(text).touch()
    typed = {"NFC": "NFD", "NFD": "NFC"}[form]
    assert path_meant(unicodedata.normalize(typed, text)) == text
    assert path_meant(f"file://{folder}/%C3%9Cn%C3%AFt%C3%A9/n%C5%93ud%20%C3%B9.txt").endswith(text)
    assert completed(unicodedata.normalize(typed, f"{Path(text).parent}/nœ")) == text
    assert path_meant(other.replace("nœud", "none")) == other.replace("nœud", "none")


def test_a_name_that_is_shown_otherwise_is_found(folder: Path) -> None:
    """A field shows what is hidden in it."""
    for name in ("a\x1b[2Jb.txt", "a\u200db.txt", "caf\udce9.txt"):
        path = folder / name
        path.touch()
        assert path_meant(visible(str(path))) == str(path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("C:\\Users\\me\\a b.txt", "is a path of Windows"),
        ("D:/a.txt", "is a path of Windows"),
        ("file:///C:/Users/me/a%20b.txt", "C:/Users/me/a b.txt is a path of Windows"),
        ("\\\\server\\share\\a.txt", "is a path of Windows"),
        ("https://example.org/a.txt", "is not on this machine"),
        ("sftp://host/a.txt", "is not on this machine"),
        ("nowhere.txt", "nowhere.txt is not there: give the path of a text"),
    ],
)
def test_a_path_that_is_none_here_is_told_why(path: str, said: str) -> None:
    [meant] = paths_meant(path)
    assert said in why_missing(meant)


def test_a_path_of_windows_is_found_in_its_linux(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lies_there(path: str) -> bool:
        return path == "/mnt/c/Users/me/a b.txt"

    monkeypatch.setattr("tui.views.train.typed_path._lies_there", lies_there)
    for typed in (
        "C:\\Users\\me\\a b.txt",
        "'c:\\Users\\me\\a b.txt'",
        "file:///C:/Users/me/a%20b.txt",
    ):
        assert path_meant(typed) == "/mnt/c/Users/me/a b.txt"


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("'{}/my", "{}/my text.txt"), (r"{}/my\ te", "{}/my text.txt"), ('"caf', "café.txt"),
        ("$HOME/it", "{}/it's.txt"), ("file://{}/my%20t", "{}/my text.txt"),
    ],
)  # fmt: skip
def test_a_path_in_another_form_is_completed_too(folder: Path, typed: str, whole: str) -> None:
    assert completed(typed.replace("{}", str(folder))) == whole.replace("{}", str(folder))


def test_what_is_dropped_on_several_lines_is_several_paths(folder: Path) -> None:
    assert dropped(f"file://{folder}/my%20text.txt\r\n{folder}/it's.txt\n\n") == (
        f"'{folder}/my text.txt' '{folder}/it'\"'\"'s.txt'"
    )
    assert dropped("my text.txt \n") == "my text.txt "
    assert dropped("\n \n") == ""


def test_other_options_take_paths_from_a_file_manager(folder: Path) -> None:
    texts = {"others": "--from ~/x --validation file:///a%20b '--case' lower"}
    expected = ("--from", f"{folder}/x", "--validation", "/a b", "--case", "lower")
    assert more_options(texts) == expected


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("/a/Märchen der Brüder.txt", "Märchen_der_Brüder"),
        (unicodedata.normalize("NFD", "é à.txt"), "é_à"),
        ("हिन्दी.txt", "हिन्दी"),
        ("红楼梦.txt", "红楼梦"),
        ("a/b\x1b[31m\u202e.txt", "b_31m"),
        ("-", "text"),
        (".txt", "txt"),
        ("caf\udce9.txt", "caf"),
        ("x" * 500, "x" * 60),
        ("𐐀" * 300, "𐐀" * 45),  # four bytes each
    ],
)
def test_a_run_is_named_after_its_text(corpus: str, name: str) -> None:
    assert named_after(corpus, "text") == name
    assert wrong_name(name) == ""
    assert len(os.fsencode(default_path(corpus, "lstm").name)) < 220


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/b", "a b", "a\n", "a\u202e", "😀", "caf\udce9", "-a", ".a", "--", "名" * 67],
)
def test_what_cannot_be_a_name(name: str) -> None:
    assert wrong_name(name)


def test_trainings_of_one_second_take_places_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setattr("time.strftime", lambda form: "now")
    folders = [RunFolder.begin(None, "my.txt", "gru") for _ in range(4)]
    names = ["my-gru-now", "my-gru-now-2", "my-gru-now-3", "my-gru-now-4"]
    assert [folder.path.name for folder in folders] == names
    for folder in folders:
        folder.close()
    # A folder that somebody made is somebody's, whatever is in it; so is a file or a link.
    (tmp_path / "checkpoints" / "my-gru-now-5").symlink_to("nowhere")
    (tmp_path / "checkpoints" / "my-gru-now-6").touch()
    with RunFolder.begin(None, "my.txt", "gru") as folder:
        assert folder.path.name == "my-gru-now-7"


def test_a_place_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "checkpoints").touch()
    with pytest.raises(InputError, match=r"cannot be made: .*\(--out\)"):
        RunFolder.begin(None, "my.txt", "gru")
    with pytest.raises(InputError, match="already holds a run"):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "model.safetensors").touch()
        RunFolder.begin("out", "my.txt", "gru")
