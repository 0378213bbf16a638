"""Keys of one's own: an action's name -> the keys that do it, checked and put into the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from charlm.errors import InputError
from charlm.wording import did_you_mean

from .key import Key, Where

_VIEWS = ("write", "train", "inspect", "runs")
_MODIFIERS = ("ctrl", "alt", "shift")
_SPOKEN = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup",
           "pgdn": "pagedown", "ins": "insert"}  # fmt: skip
_NAMED = {
    "escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup",
    "pagedown", "up", "down", "left", "right", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip
#: Signs as Textual names them.
_SIGNS = {
    "?": "question_mark", "+": "plus", "-": "minus", ",": "comma", ".": "full_stop", "/": "slash",
    ":": "colon", ";": "semicolon", "<": "less_than_sign", ">": "greater_than_sign",
    "=": "equals_sign", "[": "left_square_bracket", "]": "right_square_bracket", "*": "asterisk",
    "!": "exclamation_mark", "#": "number_sign", " ": "space",
}  # fmt: skip


def action_name(key: Key) -> str:
    """What settings call an action: `decoder('beam')` is decoder-beam, `turn(-1)` turn-down.

    In the views beside Write the view's name comes first: runs-mark, inspect-gate-on.
    """
    ways = ("down", "up") if key.action.startswith(("turn", "knob")) else ("back", "on")

    def way(match: re.Match[str]) -> str:
        number = int(match[0])
        return f"{ways[number > 0]} {abs(number) if abs(number) > 1 else ''}"

    said = re.sub(r"(?<=[( ])-?\d+", way, key.action.removeprefix("app."))
    view = [] if key.view in ("", "write") else [key.view]
    return "-".join([*view, *re.findall(r"[a-z0-9]+", said)])


def remapped(
    keys: Sequence[Key], wanted: Mapping[str, Sequence[str]]
) -> tuple[tuple[Key, ...], tuple[str, ...]]:
    """The table with these keys, and a line for each that cannot be.

    If two actions of one view would share a key, none of the wanted ones is used.
    """
    names = {action_name(key) for key in keys}
    notices: list[str] = []
    changes: dict[str, tuple[str, ...]] = {}
    for name, texts in wanted.items():
        try:
            if name not in names:
                raise InputError(f"there is no action {name!r}{did_you_mean(name, names)}")
            changes[name] = tuple(map(key_from, texts))
        except InputError as error:
            notices.append(f"settings, keys.{name}: {error}")
    table = tuple(_table(keys, changes, notices))
    clash = _clash(table) if changes else ""
    if clash:
        return tuple(keys), (*notices, f"settings, keys: {clash}; none of them is used")
    return table, tuple(notices)


def key_from(text: str) -> str:
    """A key as Textual names it, from what a person writes: Ctrl+B, F5, ?, x."""
    *modifiers, last = text.split("+") if text not in ("+", "") else [text]
    last = _SIGNS.get(last, last)
    if len(last) > 1 or modifiers:
        last = last.lower()
    last = _SPOKEN.get(last, last)
    marks = [mark.lower() for mark in modifiers]
    known = last in _NAMED or last in _SIGNS.values() or (len(last) == 1 and last.isalnum())
    if not known or any(mark not in _MODIFIERS for mark in marks):
        raise InputError(f"{text!r} is no key{did_you_mean(last, _NAMED)}")
    return "+".join([*(mark for mark in _MODIFIERS if mark in marks), last])


def _table(
    keys: Sequence[Key], changes: Mapping[str, tuple[str, ...]], notices: list[str]
) -> Iterator[Key]:
    """Where an action has several rows its first speaks for all of them."""
    done: set[tuple[str, str]] = set()
    for key in keys:
        name = action_name(key)
        if name not in changes:
            yield key
        elif (name, key.view) not in done:
            done.add((name, key.view))
            before = [k for k in keys if (k.action, k.view) == (key.action, key.view)]
            try:
                yield from _rows(before, changes[name])
            except InputError as error:
                notices.append(f"settings, keys.{name}: {error}")
                yield from before


def _rows(before: Sequence[Key], names: tuple[str, ...]) -> Iterator[Key]:
    """A row for each place: what would be text in the prompt works outside it only.

    A key that the action had already works where it did.
    """
    key = before[0]
    had = {name: row.where for row in before for name in row.keys}
    places: dict[Where, list[str]] = {}
    for name in names:
        if key.where == "prompt" and _is_text(name):
            raise InputError(f"{name!r} is text in the prompt: take one with Ctrl, or F1 to F12")
        where = had.get(name, "outside" if _is_text(name) else key.where)
        places.setdefault(where, []).append(name)
    for place, (where, there) in enumerate(places.items()):
        help, rank = ("", 0) if place else (key.help, key.rank)
        palette = key.palette and not place
        yield replace(key, keys=tuple(there), where=where, help=help, rank=rank, palette=palette,
                      shown="")  # fmt: skip


def _is_text(key: str) -> bool:
    return len(key) == 1 or key in _SIGNS.values()


def _clash(table: Sequence[Key]) -> str:
    """Which key would do two things in one place; "" when none."""
    for view in _VIEWS:
        for place in ("prompt", "outside"):
            seen: dict[str, Key] = {}
            for key in table:
                if key.view in ("", view) and key.where in ("always", place):
                    for name in key.keys:
                        if name in seen and seen[name].action != key.action:
                            one, other = action_name(seen[name]), action_name(key)
                            return f"{name} would be {one} and {other}: give one another key"
                        seen[name] = key
    return ""
