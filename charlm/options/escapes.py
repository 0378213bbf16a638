"""Characters that a shell does not let one type, as escapes."""

from __future__ import annotations

import re

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


def unescaped(text: str) -> str:
    r"""What is meant by a text typed with \n, \t and \\; another backslash is one."""
    return re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match.group()], text)
