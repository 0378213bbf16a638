"""A path as it comes into a field: typed, or dropped on the terminal by a file manager."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTES = ("'", '"')


def path_meant(text: str) -> str:
    """The path that a text means; "" for none.

    What lies there under exactly this name is meant. Else quotes around it are taken off, a
    file:// URL is read, and the backslashes that a shell would need; ~ is one's own folder.
    """
    text = text.strip()
    if not text or _lies_there(text):
        return text
    readings = [os.path.expanduser(reading) for reading in _readings(text)]
    return next(filter(_lies_there, readings), readings[0])


def completed(text: str) -> str:
    """The path that is being typed, as far as the names that lie there leave no choice.

    A folder that alone is meant gets its slash. Names that begin with a dot are for who types one.
    """
    typed_folder, name = os.path.split(text)
    folder = os.path.expanduser(typed_folder) or "."
    try:
        names = [each for each in os.listdir(folder) if each.startswith(name)]
    except (OSError, ValueError):
        return text
    names = [each for each in names if each[0] != "." or name[:1] == "."]
    common = os.path.commonprefix(names)  # noqa: RUF071  # of names, by the character
    if names == [common] and os.path.isdir(os.path.join(folder, common)):
        common += "/"
    return text + common[len(name) :]


def _readings(text: str) -> list[str]:
    """What it may mean, the likeliest first."""
    if len(text) > 2 and text[0] in _QUOTES and text[-1] == text[0]:
        inner = text[1:-1]
        # Some terminals write a quote within quotes as the shell wants it: 'it'\''s'.
        whole = inner.replace(f"{text[0]}\\{text[0]}{text[0]}", text[0])
        return [_read_url(whole), inner, _ESCAPED.sub(r"\1", inner)]
    url = _read_url(text)
    return [url] if url != text else [text, _ESCAPED.sub(r"\1", text)]


def _read_url(text: str) -> str:
    """The path of a file: URL of this machine; what is none, or of another machine, stays."""
    if not text.lower().startswith("file:/"):
        return text
    try:
        url = urlsplit(text, allow_fragments=False)
    except ValueError:
        return text
    if url.netloc.lower() not in ("", "localhost", os.uname().nodename.lower()):
        return text
    path = url.path + (f"?{url.query}" if url.query else "")
    return unquote(path, errors="surrogateescape")


def _lies_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
