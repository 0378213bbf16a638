"""What a terminal sends for keys, by their names in the key table."""

from __future__ import annotations

from hostile import ATTACK

_ARROWS = {"up": "A", "down": "B", "right": "C", "left": "D"}
_NAMED = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "backspace": "\x7f",
    "home": "\x1b[H", "end": "\x1b[F", "ctrl+end": "\x1b[1;5F", "delete": "\x1b[3~",
    "shift+delete": "\x1b[3;2~",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "space": " ", "comma": ",", "full_stop": ".",
    "plus": "+", "minus": "-", "question_mark": "?", "number_sign": "#", "less_than_sign": "<",
    "greater_than_sign": ">", "left_square_bracket": "[", "right_square_bracket": "]",
    "ctrl+underscore": "\x1f", "ctrl+circumflex_accent": "\x1e",
    **{f"f{place}": f"\x1bO{'PQRS'[place - 1]}" for place in range(1, 5)},
    **{f"f{place}": f"\x1b[{number}~"
       for place, number in zip(range(5, 13), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)},
    **{name: f"\x1b[{end}" for name, end in _ARROWS.items()},
    **{f"{held}+{name}": f"\x1b[1;{number}{end}" for name, end in _ARROWS.items()
       for held, number in (("shift", 2), ("ctrl", 5))},
}  # fmt: skip


def typed(name: str) -> str:
    """What a terminal sends for a key of the table."""
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith("ctrl+"):
        return chr(ord(name[-1]) & 31)
    assert len(name) == 1, name
    return name


#: An attack that is pasted, without ESC, of which Textual makes keys.
PASTED = f"\x1b[200~{ATTACK.replace(chr(27), '')}\x1b[201~"
