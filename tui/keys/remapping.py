"""Keys of one's own: an action's name -> the keys that do it, checked, for Textual's keymap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from charlm.checks import shown
from charlm.errors import InputError
from charlm.wording import did_you_mean, shortened

from .key import SIGNS, Key, is_text

#: Before a letter that does something behind the leader: `leader b`.
LEADER = "leader "
_MODIFIERS = ("ctrl", "alt", "shift")
_FAR = ("super", "cmd", "command", "win", "meta", "hyper", "option")
_SPOKEN = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup",
           "pgdn": "pagedown", "ins": "insert"}  # fmt: skip
_ARROWS = {"up", "down", "left", "right"}
_EDGES = {"home", "end", "pageup", "pagedown", "insert", "delete"}
_FUNCTIONS = {f"f{number}" for number in range(1, 25)}
_NAMED = {"escape", "enter", "tab", "space", "backspace", *_ARROWS, *_EDGES, *_FUNCTIONS}
#: With Ctrl: what a terminal sends for it, where that is the same as for another key.
_SAME = {"i": "Tab", "m": "Enter", "h": "Backspace", "left_square_bracket": "Esc"}
_WITH_CTRL = {"underscore", "right_square_bracket", "backslash", "circumflex_accent"}


class Own(NamedTuple):
    """What a user has other keys for.

    keys: id of a row -> its keys. letters: name of an action -> its letter behind the leader.
    """

    keys: Mapping[str, tuple[str, ...]] = {}
    letters: Mapping[str, str] = {}


def own_keys(
    rows: Sequence[Key], wanted: Mapping[str, Sequence[str]]
) -> tuple[Own, tuple[str, ...]]:
    """What is wanted as far as it can be, and a line for each action for which it cannot.

    If two actions of one view would share a key, the later line of the settings that wants it is
    not used; what is left may then do without it, or clash in its turn.
    """
    names = {row.name for row in rows}
    notices: list[str] = []
    parts: dict[str, Own] = {}
    for name, texts in wanted.items():
        try:
            if name not in names:
                raise InputError(f"there is no action {shown(name)}{did_you_mean(name, names)}")
            parts[name] = _part(name, [row for row in rows if row.name == name], texts)
        except InputError as error:
            notices.append(f"settings, keys.{shortened(name)}: {error}")
    while True:
        own = Own(
            {id: keys for part in parts.values() for id, keys in part.keys.items()},
            {name: letter for part in parts.values() for name, letter in part.letters.items()},
        )
        clash = _clash(rows, own, list(parts))
        if clash is None:
            return own, tuple(notices)
        name, said = clash
        del parts[name]
        notices.append(f"settings, keys.{name}: {said}; this line is not used")


def key_from(text: str) -> str:
    """A key as Textual names it, from what a person writes: Ctrl+B, F5, ?, x.

    Raises InputError for what is no key, and for keys of which terminals do not tell.
    """
    *modifiers, last = text.split("+") if text not in ("+", "") else [text]
    last = SIGNS.get(last, last)
    if len(last) > 1 or modifiers:
        last = last.lower()
    last = _SPOKEN.get(last, last)
    marks = [mark.lower() for mark in modifiers]
    known = last in _NAMED or (is_text(last) and (len(last) > 1 or last.isalnum()))
    if not known or any(mark not in (*_MODIFIERS, *_FAR) for mark in marks):
        raise InputError(f"{shown(text)} is no key{did_you_mean(last, _NAMED)}")
    if why := _never(marks, last):
        raise InputError(f"{shown(text)} never arrives: {why}")
    return "+".join([*(mark for mark in _MODIFIERS if mark in marks), last])


def letters_of(rows: Sequence[Key], own: Mapping[str, str]) -> dict[str, str]:
    """Action -> its letter behind the leader, of the rows of one view, with those of one's own."""
    letters: dict[str, str] = {}
    for explicit in (True, False):  # what a row says goes before what a row beside it has anyway
        for row in rows:
            letter = own.get(row.name) or (row.leader if explicit else row.letter)
            if letter:
                letters.setdefault(row.action, letter)
    return letters


def _never(marks: Sequence[str], last: str) -> str:
    """Why terminals do not tell of a key that is held with these, as they come; "" if they do."""
    if far := [mark for mark in marks if mark in _FAR]:
        return f"{far[0].capitalize()} is not for programs at a terminal"
    if "alt" in marks:
        return "at a terminal Alt and a key are Esc and then that key"
    if not marks or last in _ARROWS | _EDGES:
        return ""
    if marks == ["shift"]:
        if last == "tab":
            return ""
        if is_text(last) and last != "space":
            return f"write {last.upper() if len(last) == 1 else 'the sign'} itself"
    elif marks == ["ctrl"]:
        if last in _SAME:
            return f"at a terminal it is {_SAME[last]}"
        if last in _WITH_CTRL or (len(last) == 1 and last.isascii() and last.isalpha()):
            return ""
        if last in _FUNCTIONS:
            return ""
    return "terminals send another key for it, or nothing"


def _part(name: str, rows: Sequence[Key], texts: Sequence[str]) -> Own:
    """What one line of the settings says. Of keys and of a letter, what is not given stays."""
    behind = [text[len(LEADER) :] for text in texts if text.lower().startswith(LEADER)]
    letters = [key_from(text.strip()) for text in behind]
    if len(letters) > 1 or not all(map(is_text, letters)):
        raise InputError(f"behind {LEADER.strip()!r} stands one letter, digit or sign")
    keys = [key_from(text) for text in texts if not text.lower().startswith(LEADER)]
    return Own(_placed(rows, keys) if keys else {}, {name: letters[0]} if letters else {})


def _placed(rows: Sequence[Key], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each key in the row of its place: what would be text in the prompt works outside it only.

    A key that the action had already works where it did.
    """
    had = {name: row.where for row in rows for name in row.keys}
    places: dict[str, tuple[str, ...]] = {row.where: () for row in rows}
    first = rows[0].where
    for name in names:
        if first == "prompt" and is_text(name):
            raise InputError(f"{name!r} is text in the prompt: take one with Ctrl, or F1 to F12")
        places[had.get(name, "outside" if is_text(name) else first)] += (name,)
    return {row.id: places[row.where] for row in rows}


def _clash(rows: Sequence[Key], own: Own, lines: Sequence[str]) -> tuple[str, str] | None:
    """The line of the settings that has to go, and why: its key would do two things."""
    for view in sorted({row.view for row in rows}):
        here = [row for row in rows if row.view in ("", view)]
        for pairs in (_pairs(here, own, "prompt"), _pairs(here, own, "outside"),
                      _letters(here, own)):  # fmt: skip
            seen: dict[str, Key] = {}
            for key, row in pairs:
                other = seen.setdefault(key, row)
                if other.action != row.action:
                    said = f"{key} would be {other.name} and {row.name}"
                    return max((other.name, row.name), key=lambda n: _place(n, lines)), said
    return None


def _pairs(rows: Iterable[Key], own: Own, place: str) -> Iterator[tuple[str, Key]]:
    for row in rows:
        if row.where in ("always", place):
            yield from ((key, row) for key in own.keys.get(row.id, row.keys))


def _letters(rows: Sequence[Key], own: Own) -> Iterator[tuple[str, Key]]:
    letters = letters_of(rows, own.letters)
    for row in rows:
        if row.action in letters:
            yield f"{LEADER}{letters[row.action]}", row


def _place(name: str, lines: Sequence[str]) -> int:
    """The place of a line in the settings; before all others where there is none."""
    return lines.index(name) if name in lines else -1
