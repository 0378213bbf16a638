"""One key of the screen: what it does, where, and how it is called."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Where = Literal["always", "prompt", "outside"]
View = Literal["", "write", "train", "inspect", "runs"]


@dataclass(frozen=True)
class Key:
    """One action and its keys.

    `where`: always, in the prompt only, or outside it (letters are text in the prompt).
    `view`: the only view that has it, "" for every view.
    `labels`: (state, label) pairs; the first whose state holds is shown, "" holds always, and
    with none the key is not available; a label "" acts, but stands neither in the footer nor in
    the palette. The states are those that the view's and the stage's `states` give.
    `help`: empty where the entry before speaks for both.
    `rank`: which keys stay in the footer when room is short: the highest; 0 is never there.
    `shown`: the keys, in the footer.
    `stage`: bound by what stands above the prompt, not by the view.
    `leader`: the key that does it behind the leader (`app.leader`), where its letter does not.
    """

    action: str
    keys: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    help: str
    group: str
    where: Where = "always"
    rank: int = 0
    palette: bool = True
    shown: str = ""
    view: View = ""
    stage: bool = False
    leader: str = ""

    @property
    def name(self) -> str:
        """What settings call the action: `decoder('beam')` is decoder-beam, `turn(-1)` turn-down.

        In the views beside Write the view's name comes first: runs-mark, inspect-gate-on.
        """
        ways = ("down", "up") if self.action.startswith(("turn", "knob")) else ("back", "on")

        def way(match: re.Match[str]) -> str:
            number = int(match[0])
            return f"{ways[number > 0]} {abs(number) if abs(number) > 1 else ''}"

        said = re.sub(r"(?<=[( ])-?\d+", way, self.action.removeprefix("app."))
        view = [] if self.view in ("", "write") else [self.view]
        return "-".join([*view, *re.findall(r"[a-z0-9]+", said)])

    @property
    def id(self) -> str:
        """By which a keymap knows the bindings of this row: an action has a row for each place."""
        return f"{self.name} {self.where}"

    def label(self, states: Collection[str]) -> str | None:
        """The label in these states; None when the key does nothing now.

        The name of the view one is in is one of the states.
        """
        if self.view and self.view not in states:
            return None
        for state, label in self.labels:
            if not state or state in states:
                return label
        return None

    @property
    def letter(self) -> str:
        """What does it behind the leader; "" for none.

        A letter or sign that it has anyway; a digit there is the function key of that number.
        """
        own = (key for key in self.keys if is_text(key) and not key.isdecimal() and key != "space")
        return self.leader or next(own, "")

    @property
    def first_text(self) -> str:
        """The first key as the footer writes it."""
        return self.shown or key_name(self.keys[0])


#: Signs as Textual names them.
SIGNS = {
    "?": "question_mark", "+": "plus", "-": "minus", ",": "comma", ".": "full_stop", "/": "slash",
    ":": "colon", ";": "semicolon", "<": "less_than_sign", ">": "greater_than_sign",
    "=": "equals_sign", "[": "left_square_bracket", "]": "right_square_bracket",
    "(": "left_parenthesis", ")": "right_parenthesis",
    "{": "left_curly_bracket", "}": "right_curly_bracket", "*": "asterisk", "_": "underscore",
    "!": "exclamation_mark", "#": "number_sign", "&": "ampersand", "^": "circumflex_accent",
    "\\": "backslash", " ": "space",
}  # fmt: skip
_NAMES = {
    **{name: sign for sign, name in SIGNS.items()},
    "escape": "Esc", "enter": "Enter", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "space": "Space",
    "tab": "Tab", "delete": "Del", "backspace": "Bksp",
}  # fmt: skip


def is_text(key: str) -> bool:
    """Whether a key is text where one types."""
    return len(key) == 1 or key in SIGNS.values()


def key_name(key: str) -> str:
    """`ctrl+q` as `^Q`, `f2` as `F2`."""
    *modifiers, last = key.split("+")
    marks = "".join({"ctrl": "^", "shift": "⇧", "alt": "⌥"}[m] for m in modifiers)
    name = _NAMES.get(last, last)
    is_function = len(last) > 1 and last[0] == "f" and last[1:].isdigit()
    return marks + (name.upper() if (marks and len(name) == 1) or is_function else name)


def always(label: str) -> tuple[tuple[str, str], ...]:
    """The same label in every state."""
    return (("", label),)
