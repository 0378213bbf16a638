"""What takes keys: the table, the page, and what is named instead."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from driver import painted, press, running, toasts, until, write
from fakes import FakeModel, letters
from root import ROOT
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from tui.keys.arrival import TAKERS, taken
from tui.keys.editing import EDITS
from tui.keys.key import key_name
from tui.keys.remapping import key_from
from tui.keys.table import all_keys, decoder_keys, expect_no, key_named, remap, view_key

PAGE = (ROOT / "docs" / "keys.md").read_text("utf-8")
ENVIRONMENTS = {
    "tmux": {"TMUX": "/tmp/tmux-0/default,1,0"},
    "GNU screen": {"STY": "1.pts-0.here"},
    "byobu": {"BYOBU_BACKEND": "tmux"},
    "VS Code": {"TERM_PROGRAM": "vscode"},
    "Terminal.app": {"TERM_PROGRAM": "Apple_Terminal"},
    "macOS": {},
    "GNOME Terminal and its like": {"VTE_VERSION": "7006"},
    "the Linux console": {"TERM": "linux"},
}


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Whatever a test says of the terminal, at its end every key arrives again."""
    yield
    expect_no(())


def section(title: str) -> list[list[str]]:
    """The rows of the table below a title of the page, their cells."""
    text = re.split(rf"^## {re.escape(title)}$", PAGE, flags=re.MULTILINE)[1].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def keys_in(text: str) -> set[str]:
    """The keys that a cell of the page names."""
    keys: set[str] = set()
    for part in re.sub(r" \(.*?\)", "", text).split(", "):
        if ends := re.fullmatch(r"F(\d+) to F(\d+)", part):
            keys |= {f"f{number}" for number in range(int(ends[1]), int(ends[2]) + 1)}
        elif held := re.fullmatch(r"(\w+)\+arrows", part):
            keys |= {f"{held[1].lower()}+{way}" for way in ("up", "down", "left", "right")}
        else:
            keys.add(key_from(part))
    return keys


def test_the_page_tells_what_the_table_does() -> None:
    rows = {where: (known, keys_in(keys)) for where, known, keys in section("Who takes what")}
    assert list(rows) == [taker.name for taker in TAKERS] == list(ENVIRONMENTS)
    for taker in TAKERS:
        known, keys = rows[taker.name]
        assert keys == set(taker.keys), taker.name
        for name, value in ENVIRONMENTS[taker.name].items():
            assert f"`{name}`" in known or f"`{name}={value}`" in known


def test_the_page_tells_how_a_prompt_is_edited() -> None:
    spoken = []
    for edit in EDITS:
        names = [
            "+".join(part.capitalize() for part in key.replace("backspace", "bksp").split("+"))
            for key in edit.keys
        ]
        if edit.help:
            spoken.append((names, edit.help))
        else:
            spoken[-1][0].extend(names)
    assert section("While a prompt is typed") == [[", ".join(n), said] for n, said in spoken]


def test_the_keys_of_ones_own_on_the_page_can_be(own_keys: None) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    wanted = tomllib.loads(example)["keys"]
    lines = {name: [said] if isinstance(said, str) else said for name, said in wanted.items()}
    assert remap(lines) == ()
    assert key_named("app.leader") == "^]"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_is_known_by_its_environment(name: str) -> None:
    platform = "darwin" if name == "macOS" else "linux"
    [taker] = [taker for taker in TAKERS if taker.name == name]
    assert taken(ENVIRONMENTS[name], platform) == set(taker.keys)
    assert taken(dict.fromkeys(ENVIRONMENTS[name], ""), "linux") == set()


def test_what_is_taken_can_be_keys() -> None:
    """Textual knows each of them; the leader is none."""
    known = {key.value for keys in ANSI_SEQUENCES_KEYS.values() if isinstance(keys, tuple)
             for key in keys}  # fmt: skip
    for taker in TAKERS:
        assert set(taker.keys) <= known and "ctrl+x" not in taker.keys


def test_what_a_user_may_choose_arrives() -> None:
    """Every key that Textual can tell of is taken by the settings, or refused for a reason."""
    for key in {name for row in all_keys() for name in row.keys}:
        spoken = key.replace("circumflex_accent", "^").replace("underscore", "_")
        assert key_from(spoken) == key


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_nothing_is_named_that_does_not_arrive(name: str, at_a_terminal: None) -> None:
    platform = "darwin" if name == "macOS" else "linux"
    keys = taken(ENVIRONMENTS[name], platform)
    expect_no(keys)
    names = {key_name(key) for key in keys}
    for row in all_keys():
        assert key_named(row.action, row.view) not in names, row


def test_hints_name_what_arrives(at_a_terminal: None) -> None:
    expect_no(taken({"TMUX": "x"}, "linux"))
    assert (key_named("beams", "write"), decoder_keys(), view_key("runs")) == (
        "^X b",
        "F2-F6",
        "F7",
    )
    expect_no(taken({"TERM_PROGRAM": "vscode"}, "linux"))
    assert (key_named("help"), key_named("app.quit"), decoder_keys()) == ("^X ?", "^X q", "^X 2-6")
    assert key_named("turn(-1)", "write") == "^X -"


async def test_the_footer_names_what_arrives(at_a_terminal: None) -> None:
    expect_no(taken({"TERM_PROGRAM": "vscode"}, "linux"))
    async with running(FakeModel(letters(" hello"))) as screen:
        await until(lambda: "^X ? Help" in painted(screen) and "^X 2-6 Decoder" in painted(screen))
        await write(screen, "Oh")
        await press(screen, "escape")
        await until(lambda: " ? Help" in painted(screen) and "^X ? Help" not in painted(screen))
        await press(screen, "ctrl+c")
        await until(lambda: any("quits, and so does" in toast for toast in toasts(screen)))
        assert not any("^Q" in toast for toast in toasts(screen))


async def test_the_palette_names_what_arrives(at_a_terminal: None) -> None:
    expect_no(taken({"TMUX": "x"}, "linux"))
    async with running(FakeModel(letters(" hello"))) as screen:
        await press(screen, "f5", "ctrl+p", *"beams")
        await until(lambda: "Beams (^X b)" in painted(screen))
