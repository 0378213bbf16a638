"""Settings: what goes before what, what is wrong, what is kept; keys of one's own; ASCII."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from driver import painted, press, running, toasts, until
from fakes import FakeModel, letters
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from root import ROOT
from screen_command import run
from textual.color import Color

from charlm.errors import InputError
from tui.app import CharlmApp
from tui.keys.remapping import key_from
from tui.keys.table import all_keys, keys_of, remap, settings_lines
from tui.shell.glyphs import AsciiGlyphs, ascii_for
from tui.shell.settings import (
    Loaded,
    Settings,
    keep_setting,
    load_settings,
    settings_path,
    wants_ascii,
)
from tui.views.write.view import WriteScreen


def loaded(path: Path, text: str = "", **environment: str) -> Loaded:
    if text:
        path.write_text(text, "utf-8")
    return load_settings({"CHARLM_SETTINGS": str(path), **environment}, {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


# What goes before what.


def test_flag_then_environment_then_file_then_default(path: Path) -> None:
    assert loaded(path).settings == Settings()
    assert loaded(path, 'decoder = "beam"\npace = 100\nthreads = 2').settings == Settings(
        decoder="beam", pace=100, threads=2
    )
    environment = {"CHARLM_SETTINGS": str(path), "CHARLM_DECODER": "greedy", "CHARLM_THREADS": "3"}
    both = load_settings(environment, {"threads": 4, "decoder": None})
    assert both.settings == Settings(decoder="greedy", pace=100, threads=4)
    assert both.notices == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('them = "dark"', "'them' is no setting: did you mean theme?"),
        ('theme = "drak"', "theme 'drak' is not known: did you mean dark?"),
        ('glyphs = "xyz"', "glyphs 'xyz' is not known: it must be one of auto, unicode, ascii"),
        ("threads = 0", "threads is 0: it must be a number from 1 to 1024"),
        ("threads = true", "threads is True"),
        ('threads = "2"', "threads is '2'"),
        ('decoder = "' + "x" * 99 + '"', f"decoder '{'x' * 40}' is not known"),
        ("pace = 7", "pace is 7: it must be one of 0, 30, 100, 400"),
        ("decoder = 1", "decoder '1' is not known"),
        ("keys = 1", "keys is a table"),
        ("[keys]\ncopy = 1", "keys.copy must be a key"),
        ("[keys]\ncopy = []", "keys.copy must be a key"),
        ("theme", "are not TOML, so none is used"),
        ("a = " + "[" * 100_000, "are not TOML, so none is used"),
    ],
)
def test_what_is_wrong_is_one_line_and_the_default(path: Path, text: str, said: str) -> None:
    result = loaded(path, text)
    assert result.settings == Settings()
    assert len(result.notices) == 1 and "\n" not in result.notices[0]
    assert said in result.notices[0] and str(path) in result.notices[0]


def test_one_wrong_line_leaves_the_others(path: Path) -> None:
    result = loaded(path, 'theme = "light"\npace = 3\ndecoder = "beam"', CHARLM_THREADS="many")
    assert result.settings == Settings(theme="light", decoder="beam")
    assert len(result.notices) == 2
    assert "CHARLM_threads is 'many'" in result.notices[1]


def test_a_file_that_is_no_text_and_one_that_cannot_be_read(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    assert "not TOML" in loaded(path).notices[0]
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in loaded(tmp_path / "folder").notices[0]


def test_without_a_home_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(user: int) -> object:
        raise KeyError(user)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert settings_path({}) is None
    result = load_settings({}, {})
    assert result.settings == Settings() and result.path is None
    assert "nothing is kept" in result.notices[0]


# What is kept.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, 'theme = "light"\n'),
        ('theme = "dark"\npace = 30\n', 'theme = "light"\npace = 30\n'),
        ("# mine\npace = 30 # slow", '# mine\npace = 30 # slow\ntheme = "light"\n'),
        ('[keys]\ntheme = "f9"\n', 'theme = "light"\n[keys]\ntheme = "f9"\n'),
        ("pace = 30\n\n[keys]\n", 'pace = 30\n\ntheme = "light"\n[keys]\n'),
    ],
)
def test_only_its_own_line_is_changed(path: Path, before: str | None, after: str) -> None:
    if before is not None:
        path.write_text(before)
    keep_setting(path, "theme", "light")
    assert path.read_text() == after
    assert tomllib.loads(after)["theme"] == "light"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["theme", 'theme = """\ndark"""\n', 'x = """\ntheme = 1\n"""\n'])
def test_what_is_not_understood_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError, match="yourself"):
        keep_setting(path, "theme", "light")
    assert path.read_text() == text


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.toml"
    path.symlink_to(real)
    keep_setting(path, "theme", "light")
    assert path.is_symlink() and real.read_text() == 'theme = "light"\n'


# Keys of one's own.


def test_every_action_has_a_name_of_its_own() -> None:
    actions = {(key.action, key.view) for key in all_keys()}
    assert len({key.name for key in all_keys()}) == len(actions)
    assert tomllib.loads("\n".join(settings_lines()))["keys"]["copy"] == ["ctrl+y", "c", "leader c"]


def test_the_printed_keys_change_nothing(own_keys: None) -> None:
    before = {(k.view, k.where, k.action, name) for k in all_keys() for name in k.keys}
    wanted = tomllib.loads("\n".join(settings_lines()))["keys"]
    assert remap(wanted) == ()
    after = {(k.view, k.where, k.action, name) for k in all_keys() for name in k.keys}
    assert after == before
    shown = [(key.view, key.action) for key in all_keys() if key.palette]
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ctrl+B", "ctrl+b"), ("F5", "f5"), ("x", "x"), ("X", "X"), ("?", "question_mark"),
        ("Esc", "escape"), ("shift+CTRL+up", "ctrl+shift+up"), ("+", "plus"), ("ctrl++", None),
        ("", None), ("ctrl", None), ("hyper+", None), ("f25", None), ("pgup", "pageup"),
        ("ctrl+escap", None), ("é", "é"), ("Ctrl+_", "ctrl+underscore"), ("shift+tab", "shift+tab"),
        ("ctrl+F5", "ctrl+f5"), ("Ctrl+Shift+Left", "ctrl+shift+left"),
    ],
)  # fmt: skip
def test_keys_as_a_person_writes_them(text: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(InputError, match="is no key"):
            key_from(text)
    else:
        assert key_from(text) == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("alt+5", "Alt and a key are Esc and then that key"),
        ("Alt+x", "Alt and a key are Esc"), ("ctrl+alt+x", "Alt and a key are Esc"),
        ("ctrl+5", "another key for it, or nothing"),
        ("ctrl+.", "another key"), ("ctrl+shift+x", "another key"), ("Ctrl+Space", "another key"),
        ("ctrl+enter", "another key"), ("shift+enter", "another key"), ("shift+f3", "another key"),
        ("shift+x", "write X itself"), ("shift+?", "write the sign itself"),
        ("ctrl+i", "it is Tab"), ("ctrl+m", "it is Enter"), ("Ctrl+H", "it is Backspace"),
        ("ctrl+[", "it is Esc"), ("super+x", "Super is not for"), ("Cmd+S", "Cmd is not for"),
        ("ctrl+é", "another key"),
    ],
)  # fmt: skip
def test_keys_that_never_arrive_are_refused(text: str, why: str) -> None:
    with pytest.raises(InputError, match="never arrives") as raised:
        key_from(text)
    assert why in str(raised.value) and "\n" not in str(raised.value)


def test_a_clash_costs_its_own_line_alone(own_keys: None) -> None:
    wanted = {"curves": ["f10"], "duel": ["ctrl+b"], "pace": ["f10"], "runs-mark": ["m"],
              "runs-sort": ["m"], "grid": ["alt+g"], "theme": ["f11"]}  # fmt: skip
    notices = remap(wanted)
    assert sorted(notices) == [
        "settings, keys.duel: ctrl+b would be beams and duel; this line is not used",
        "settings, keys.grid: 'alt+g' never arrives: at a terminal Alt and a key are Esc and then"
        " that key",
        "settings, keys.pace: f10 would be pace and curves; this line is not used",
        "settings, keys.runs-sort: m would be runs-mark and runs-sort; this line is not used",
    ]
    keys = {key.name: key.keys for key in all_keys() if key.where != "outside" or key.view}
    assert (keys["curves"], keys["theme"]) == (("f10",), ("f11",))
    assert (keys["duel"], keys["pace"], keys["grid"]) == (("ctrl+d",), ("ctrl+g",), ("ctrl+f",))
    assert (keys["runs-mark"], keys["runs-sort"]) == (("m",), ("s",))


def test_what_a_dropped_line_gives_back_may_clash_in_its_turn(own_keys: None) -> None:
    """The first wants the key of the second, the second that of the third, which stays."""
    assert len(remap({"curves": ["ctrl+y"], "copy": ["ctrl+s"]})) == 2
    assert {key.keys for key in keys_of("write", "always") if key.action in ("curves", "copy")} == {
        ("ctrl+o",), ("ctrl+y",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"curvs": ["f9"]}, "there is no action 'curvs': did you mean curves?"),
        ({"curves": ["ctrl+escap"]}, "'ctrl+escap' is no key: did you mean escape?"),
        ({"curves": ["ctrl+y"]}, "ctrl+y would be copy and curves"),
        ({"write": ["x"]}, "'x' is text in the prompt"),
    ],
)
def test_a_key_that_cannot_be_is_one_line(
    wanted: Mapping[str, list[str]], said: str, own_keys: None
) -> None:
    before = all_keys()
    notices = remap(wanted)
    assert all_keys() == before
    assert len(notices) == 1 and said in notices[0]


def test_two_actions_may_swap_their_keys(own_keys: None) -> None:
    assert remap({"curves": ["ctrl+y"], "copy": ["ctrl+o", "y"]}) == ()
    rows = {(key.action, key.where): key for key in keys_of("write")}
    assert rows["curves", "always"].keys == ("ctrl+y",)
    assert rows["copy", "always"].keys == ("ctrl+o",)
    assert rows["copy", "outside"].keys == ("y",)


def test_a_letter_for_what_works_always_is_a_key_outside_the_prompt(own_keys: None) -> None:
    before = {key.action: key for key in keys_of("write")}["curves"]
    assert remap({"curves": ["x"]}) == ()
    [row] = [key for key in keys_of("write") if key.action == "curves"]
    assert (row.keys, row.where) == (("x",), "outside")
    assert (row.help, row.rank, row.palette) == (before.help, before.rank, before.palette)


async def test_keys_of_ones_own_act_and_those_they_replace_do_not(own_keys: None) -> None:
    wanted = {"curves": ["f10", "x"], "write": ["ctrl+w"], "copy": ["ctrl+o"], "nothing": ["x"]}
    assert remap(wanted) == ("settings, keys.nothing: there is no action 'nothing'",)
    model = FakeModel(letters(" hello"))
    async with running(model, (240, 30)) as screen:
        await press(screen, *"xOh", "ctrl+w")
        await until(lambda: model.requests and not screen.text.writing.streaming)
        assert model.requests[0].prompt == "xOh"  # a letter is text in the prompt
        assert "F10 Hide curves" in painted(screen).split("\n")[-1]
        shown = screen.panel.display
        for key in ("f10", "f10", "escape", "x"):
            await press(screen, key)
        assert screen.panel.display != shown
        await press(screen, "c", "ctrl+y", "i")
        assert screen.app.clipboard == ""
        await press(screen, "ctrl+o")
        assert screen.app.clipboard == "xOh hello"


# In the app.


async def test_the_settings_are_used_and_the_theme_is_kept(path: Path) -> None:
    path.write_text('# mine\ntheme = "light"\ndecoder = "beam"\npace = 0\nwhat = 1\n')
    model = FakeModel(letters("text"))
    app = CharlmApp(Path("checkpoints/tiny"), load=model.load, settings=loaded(path))
    async with app.run_test(size=(100, 30), notifications=True):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        await until(lambda: screen.model.facts)
        assert (app.theme, screen.knobs.setting.name, screen.knobs.setting.pace) == (
            "charlm-light",
            "beam",
            0,
        )
        await until(lambda: any("'what' is no setting" in toast for toast in toasts(screen)))
        await press(screen, "ctrl+t")
        await until(lambda: 'theme = "dark"' in path.read_text())
        assert path.read_text().startswith("# mine\n")
    app.close()


def unwritable(folder: Path, kind: str) -> Path:
    """Settings that cannot be changed."""
    path = folder / "settings.toml"
    match kind:
        case "in a file":
            (folder / "file").write_text("")
            return folder / "file" / "settings.toml"
        case "latin-1":
            path.write_bytes(b"# caf\xe9\n")
        case "deep":
            path.write_text("x = " + "[" * 3000)
        case "link to itself":
            path.symlink_to(path)
    return path


@pytest.mark.parametrize("kind", ["in a file", "latin-1", "deep", "link to itself"])
async def test_where_nothing_can_be_kept_it_is_said_once(tmp_path: Path, kind: str) -> None:
    settings = Loaded(Settings(), unwritable(tmp_path, kind))
    app = CharlmApp(None, load=FakeModel().load, settings=settings)
    async with app.run_test(notifications=True):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        for _ in range(3):
            await press(screen, "ctrl+t")
        await until(lambda: any("is not kept" in toast for toast in toasts(screen)))
        assert sum("is not kept" in toast for toast in toasts(screen)) == 1
    app.close()


@pytest.mark.parametrize(
    ("environment", "ascii"),
    [
        ({}, False), ({"LANG": "C"}, True), ({"LANG": "en_GB.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, True), ({"LC_CTYPE": "C.utf8"}, False),
        ({"LC_ALL": "", "LANG": "de_DE.ISO-8859-1"}, True),
    ],
)  # fmt: skip
def test_the_locale_says_what_can_be_drawn(environment: dict[str, str], ascii: bool) -> None:
    assert wants_ascii("auto", environment) is ascii
    assert wants_ascii("ascii", environment) and not wants_ascii("unicode", environment)


async def test_in_ascii_nothing_else_is_drawn() -> None:
    model = FakeModel(letters("漢字 “quoted” é ⣿"))
    app = CharlmApp(None, load=model.load, settings=Loaded(Settings(glyphs="ascii")))
    async with app.run_test(size=(120, 30), notifications=True):
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        await press(screen, "f1")
        await until(lambda: "Keys" in painted(screen))
        assert painted(screen).isascii()
        assert "+-" in painted(screen)
    app.close()


def test_curves_in_ascii_keep_their_height() -> None:
    assert "".join(map(ascii_for, "⠀⠉⣀⢸•╎")) == " '.:*|"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_ascii_takes_as_many_cells(text: str) -> None:
    drawn = "".join(map(ascii_for, text))
    assert drawn.isascii() and len(drawn) == sum(map(cell_len, text))
    line = AsciiGlyphs().apply([Segment(text)], Color(0, 0, 0))
    assert line[0].text == drawn


def test_the_keys_are_printed() -> None:
    done = run("-m", "tui", "--keys")
    assert done.returncode == 0 and done.stderr == ""
    assert "copy" in tomllib.loads(done.stdout)["keys"]
    assert re.search(r"^# Lines for .*settings\.toml", done.stdout)
    assert os.sep in done.stdout.splitlines()[0]


def test_the_page_of_settings_is_true(path: Path, own_keys: None) -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = re.findall(r"\| `--(?:no-)?(\w+)` \| `CHARLM_(\w+)` \| (.*) \|", page)
    fields = {field.name for field in dataclasses.fields(Settings)} - {"keys"}
    assert {option for option, _, _ in rows} == fields
    assert all(option.upper() == variable for option, variable, _ in rows)
    for option, _, values in rows:
        default = getattr(Settings(), option)
        if option != "plain":
            assert re.search(rf"\b{default}`? \(default\)", values, re.IGNORECASE), option
    example = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(example) == 1
    result = loaded(path, example[0])
    assert result.notices == () and result.settings.theme == "light"
    assert remap(result.settings.keys) == ()


async def test_another_theme_is_drawn_from_the_first_change_on() -> None:
    for name in ("textual-dark", "dark"):  # the first is Textual's own beginning
        async with running(FakeModel(), settings=Loaded(Settings(theme=name))) as screen:
            before = screen.styles.background
            await press(screen, "ctrl+t")
            await until(lambda screen=screen, before=before: screen.styles.background != before)  # type: ignore[misc]


@pytest.mark.parametrize("said", ["9" * 5000, "٣" * 20])
def test_a_number_with_too_many_digits_is_one_line(path: Path, said: str) -> None:
    result = loaded(path, CHARLM_THREADS=said)
    assert result.settings == Settings()
    assert len(result.notices) == 1 and len(result.notices[0]) < 200
