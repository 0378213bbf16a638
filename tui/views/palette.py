"""The palette: every action that can be done now, found by its name before its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from ..keys.key import Key
from ..keys.key import View as ViewName
from ..keys.table import key_text, keys_of
from .base import View

#: Of Textual's own commands, those that are ours too: the others are about keys and panels of
#: its own.
_TEXTUALS = ("Theme", "Screenshot")
#: Two hits of one kind differ by their place in the table alone.
_STEP = 1e-4


class Entry(NamedTuple):
    """One action. names: what it may be called, the name that is shown first.

    listed: whether it is shown before anything is typed. action: "" for one of Textual's.
    """

    names: tuple[str, ...]
    sentence: str
    listed: bool
    key: str = ""
    action: str = ""
    call: Callable[[], Any] | None = None

    @property
    def title(self) -> str:
        """The line of the palette: the name and the key."""
        name = self.names[0][:1].upper() + self.names[0][1:]
        return f"{name} ({self.key})" if self.key else name


def entries_of(view: ViewName, states: Collection[str]) -> list[Entry]:
    """The actions of the key table that do something now, one for each."""
    found: dict[str, Entry] = {}
    sentence = ""
    for key in keys_of(view):
        sentence = key.help or sentence  # without one, the row before speaks for both
        label = key.label(states)
        of_the_prompt = key.where == "prompt" and not key.palette  # its own: nobody else has them
        if label is None or of_the_prompt:
            continue
        listed = key.palette and bool(label)
        said = sentence[:1].upper() + sentence[1:]
        if said == label:  # once is enough
            said = ""
        way = _way(key)
        # Keys that go several ways are shown as one in the footer; here each is by itself.
        shown = key_text(replace(key, shown="") if way else key, view, states)
        entry = found.get(key.action) or Entry((), said, listed, shown, key.action)
        names = [name for name in _names(key, label) if name]
        if way and way not in names[0].split():
            names.insert(0, f"{names[0]} {way}")
        names = [*entry.names, *names]
        found[key.action] = entry._replace(names=tuple(dict.fromkeys(names)))
    return list(found.values())


def ranked(entries: Iterable[Entry], query: str) -> list[tuple[float, Entry]]:
    """The entries that a query may mean, each with how surely, from 0 to 1; the surest first."""
    hits = [(_score(entry, query), place, entry) for place, entry in enumerate(entries)]
    scores = [(score - place * _STEP, entry) for score, place, entry in hits if score]
    return sorted(scores, key=lambda hit: -hit[0])


def all_entries(app: App[Any], screen: Screen[Any]) -> list[Entry]:
    """What can be done on a screen: its keys, then themes and pictures of the screen."""
    entries = entries_of(screen.view_name, screen.states()) if isinstance(screen, View) else []
    return entries + [
        Entry((command.title,), command.help, True, call=command.callback)
        for command in app.get_system_commands(screen)
        if command.title in _TEXTUALS
    ]


class ActionsProvider(Provider):
    """What Textual's palette asks."""

    async def discover(self) -> Hits:
        """What is listed before anything is typed."""
        entries = [entry for entry in all_entries(self.app, self.screen) if entry.listed]
        for entry in sorted(entries, key=lambda entry: entry.title.casefold()):
            yield DiscoveryHit(entry.title, self._call(entry), help=entry.sentence)

    async def search(self, query: str) -> Hits:
        """What is meant by what was typed."""
        for score, entry in ranked(all_entries(self.app, self.screen), query):
            yield Hit(score, entry.title, self._call(entry), help=entry.sentence)

    def _call(self, entry: Entry) -> Callable[[], Any]:
        return entry.call or partial(self.screen.run_action, entry.action)


def _way(key: Key) -> str:
    """Which of several ways an action goes that are called alike: up, down, left, ..."""
    match = re.fullmatch(r"(?:turn|knob)\(.*?(-?)1\)|walk\('(\w+)'\)", key.action)
    if match is None:
        return ""
    return match[2] or ("down" if match[1] else "up")


def _names(key: Key, label: str) -> Sequence[str]:
    """The label of now, the others, and what settings call the action, whole and in words."""
    others = [other for _, other in key.labels]
    words = key.name.removeprefix(f"{key.view}-").split("-")
    argument = re.findall(r"'([\w-]+)'", key.action)
    return [label, *others, " ".join(words), *argument]


def _score(entry: Entry, query: str) -> float:
    """How surely an entry is meant: 0 for not at all."""
    asked = _plain(query)
    names = [_plain(name) for name in entry.names]
    if not asked:
        return 0
    if asked == names[0]:
        return 1
    if asked in names:
        return 0.9
    if names[0].startswith(asked):
        return 0.8
    if any(word.startswith(asked) for name in names for word in [name, *name.split()]):
        return 0.7
    said = " ".join([*names, _plain(entry.sentence)]).split()
    if all(any(word.startswith(part) for word in said) for part in asked.split()):
        return 0.5
    letters = ".*".join(rf"\b{letter}" for letter in asked.replace(" ", ""))
    return 0.3 if len(asked) > 2 and any(re.search(letters, name) for name in names) else 0


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
