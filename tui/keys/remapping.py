"""Keys of one's own: an action's name -> the keys that do it, checked, for Textual's keymap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from charlm.errors import InputError
from charlm.wording import did_you_mean

from .key import Key

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


def own_keys(
    rows: Sequence[Key], wanted: Mapping[str, Sequence[str]]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Id of a row -> its new keys, and a line for each that cannot be.

    If two actions of one view would share a key, none of the wanted ones is used.
    """
    names = {row.name for row in rows}
    notices: list[str] = []
    own: dict[str, tuple[str, ...]] = {}
    for name, texts in wanted.items():
        try:
            if name not in names:
                raise InputError(f"there is no action {name!r}{did_you_mean(name, names)}")
            own |= _placed([row for row in rows if row.name == name], map(key_from, texts))
        except InputError as error:
            notices.append(f"settings, keys.{name}: {error}")
    clash = _clash(rows, own) if own else ""
    if clash:
        return {}, (*notices, f"settings, keys: {clash}; none of them is used")
    return own, tuple(notices)


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


def _placed(rows: Sequence[Key], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each key in the row of its place: what would be text in the prompt works outside it only.

    A key that the action had already works where it did.
    """
    had = {name: row.where for row in rows for name in row.keys}
    places: dict[str, tuple[str, ...]] = {row.where: () for row in rows}
    first = rows[0].where
    for name in names:
        if first == "prompt" and _is_text(name):
            raise InputError(f"{name!r} is text in the prompt: take one with Ctrl, or F1 to F12")
        places[had.get(name, "outside" if _is_text(name) else first)] += (name,)
    return {row.id: places[row.where] for row in rows}


def _is_text(key: str) -> bool:
    return len(key) == 1 or key in _SIGNS.values()


def _clash(rows: Sequence[Key], own: Mapping[str, tuple[str, ...]]) -> str:
    """Which key would do two things in one place; "" when none."""
    for view in {row.view for row in rows}:
        for place in ("prompt", "outside"):
            seen: dict[str, Key] = {}
            for row in rows:
                if row.view in ("", view) and row.where in ("always", place):
                    for name in own.get(row.id, row.keys):
                        if name in seen and seen[name].action != row.action:
                            one, other = seen[name].name, row.name
                            return f"{name} would be {one} and {other}: give one another key"
                        seen[name] = row
    return ""
