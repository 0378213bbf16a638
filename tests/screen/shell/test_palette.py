"""The palette finds an action by its name, before all whose sentence has the word."""

from __future__ import annotations

import pytest
from driver import opened, press, running, until
from fakes import FakeModel
from textual.command import CommandPalette

from tui.keys.key import View
from tui.keys.table import all_keys, keys_of
from tui.views.palette import Entry, _plain, all_entries, entries_of, ranked

#: What holds when a text stands on the screen and samples are drawn.
WRITTEN = frozenset({"write", "outside", "written", "samples", "again", "cut", "undo", "branches"})
VIEWS: tuple[View, ...] = ("write", "train", "inspect", "runs")


def first(entries: list[Entry], query: str) -> str:
    """The action that is found first."""
    hits = ranked(entries, query)
    return hits[0][1].action if hits else ""


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("grid", "grid"),  # found nothing
        ("quit", "app.quit"),
        ("help", "help"),
        ("beam", "decoder('beam')"),
        ("beams", "beams"),
        ("copy", "copy"),
        ("export", "export"),
        ("train", "app.view('train')"),
        ("runs", "app.view('runs')"),
        ("inspect", "app.view('inspect')"),
        ("greedy", "decoder('greedy')"),
        ("sampling", "decoder('sample')"),
        ("sample", "decoder('sample')"),
        ("nucleus", "decoder('nucleus')"),
        ("nucleus beam", "decoder('nucleus-beam')"),
        ("Nucleus-Beam", "decoder('nucleus-beam')"),
        ("surprise", "surprise"),
        ("duel", "duel"),
        ("undo", "undo"),
        ("branches", "branches"),
        ("continue", "continue"),
        ("curves", "curves"),
        ("receipt", "receipt"),
        ("pace", "pace"),
        ("int8", "precision"),
        ("dark", "theme"),
        ("temperature", "knob('temperature', -1)"),
        ("regenerate", "regenerate"),
        # no name: words of the sentence
        ("picture", "export"),
        ("saved file", ""),
        ("how fast", "pace"),
        ("colour character", "surprise"),
        ("gri", "grid"),
        # letters that begin words
        ("lod", "theme"),
        ("temperature up", "knob('temperature', 1)"),
        ("seed down", "knob('seed', -1)"),
        ("knob down", "turn(-1)"),
        ("rie", ""),
        ("ntin", ""),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_a_word_finds_what_is_called_so(word: str, action: str) -> None:
    assert first(entries_of("write", WRITTEN), word) == action


@pytest.mark.parametrize("view", VIEWS)
def test_every_action_is_found_by_its_names(view: View) -> None:
    """In every state in which it does something; by what it is called then, and in settings."""
    tried = 0
    for key in keys_of(view):
        if key.where == "prompt" and not key.palette:
            continue
        for state, label in key.labels:
            entries = entries_of(view, {view, state})
            if not label or key.label({view, state}) != label:
                continue
            tried += 1
            for name in (label, key.name.removeprefix(f"{view}-")):
                alike = [e.action for e in entries if _plain(name) in map(_plain, e.names)]
                assert key.action in alike and first(entries, name) in alike
    assert tried > 10


@pytest.mark.parametrize("view", VIEWS)
def test_entries_are_told_apart(view: View) -> None:
    titles = [entry.title.casefold() for entry in entries_of(view, WRITTEN | {view})]
    assert len(set(titles)) == len(titles)
    names = [entry.names[0].casefold() for entry in entries_of(view, WRITTEN | {view})]
    assert {name for name in names if names.count(name) > 1} <= {"prompt", "text", "write"}


def test_a_name_that_says_all_is_not_said_twice() -> None:
    entries = entries_of("write", WRITTEN)
    assert [entry.sentence for entry in entries if entry.names[0] == "Light or dark"] == [""]
    assert all(entry.sentence != entry.names[0] for entry in entries)


def test_a_knob_goes_two_ways() -> None:
    titles = {entry.title for entry in entries_of("write", WRITTEN)}
    assert titles >= {"Temperature down (t)", "Temperature up (T)", "Seed up (S)", "Width down (w)",
                      "Length up (N)", "Knob down (^↓)", "Walk left (←)"}  # fmt: skip


def test_names_come_before_sentences() -> None:
    entries = [
        Entry(("other",), "Copy a copy of the copy", True, action="sentence"),
        Entry(("copying",), "", True, action="begins"),
        Entry(("copy",), "", True, action="name"),
    ]
    hits = ranked(entries, "copy")
    assert [entry.action for _, entry in hits] == ["name", "begins", "sentence"]
    assert all(0 < score <= 1 for score, _ in hits)


def test_keys_of_the_prompt_alone_are_not_offered() -> None:
    offered = {entry.action for entry in entries_of("write", {"write", "prompt"})}
    assert "newline" in {key.action for key in all_keys()} - offered


async def test_the_palette_does_what_it_finds() -> None:
    async with running(FakeModel()) as screen:
        assert {entry.names[0] for entry in all_entries(screen.app, screen)} >= {"Quit", "Theme"}
        dark = screen.app.current_theme.dark
        await press(screen, "ctrl+p")
        await opened(screen, CommandPalette)
        await press(screen, *"light or d")
        await until(lambda: screen.app.screen.query_one("OptionList").option_count == 1)  # type: ignore[attr-defined]
        await press(screen, "enter")
        await until(lambda: screen.app.current_theme.dark != dark)
