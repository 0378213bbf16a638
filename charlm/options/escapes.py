"""Characters that a shell does not let one type, as escapes."""

from __future__ import annotations

import re

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_TYPED = {meant: typed for typed, meant in _ESCAPES.items()}


def unescaped(text: str) -> str:
    r"""What is meant by a text typed with \n, \t and \\; another backslash is one."""
    return re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match.group()], text)


def escaped(text: str) -> str:
    r"""A text as it is typed: what `unescaped` takes back."""
    return "".join(_TYPED.get(character, character) for character in text)
