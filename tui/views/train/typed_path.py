"""Paths as they come into a field: typed, pasted, or dropped on the terminal by a file manager."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from charlm.display import visible

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTES = ("'", '"')
_BEGINNINGS = ("/", "~", "file:/", "$")  # of a path that a file manager or a shell wrote
_WINDOWS = re.compile(r"([A-Za-z]):[\\/]|\\\\\w")
_ELSEWHERE = re.compile(r"[a-z]{3,5}://", re.IGNORECASE)
_LOOKED_AT = 10_000  # names in a folder, for one that is spelt in another way


def path_meant(text: str) -> str:
    """The path that a text means; "" for none.

    What lies there under exactly this name is meant. Else quotes around it are taken off, a
    file:// URL is read, and the backslashes that a shell would need; ~ is one's own folder, and
    accents may be part of their letter or characters behind it.
    """
    text = text.strip()
    if not text or _lies_there(text):
        return text
    readings = [expanded for reading in _readings(text) for expanded in _expanded(reading)]
    found = next(filter(_lies_there, readings), "")
    return found or next(filter(_lies_there, map(_spelt, readings)), readings[-1])


def paths_meant(text: str) -> list[str]:
    """The paths that a text means: one, or several that were dropped together."""
    one = path_meant(text)
    if not one or _lies_there(one):
        return [one] if one else []
    words = _words(text)
    paths = [path_meant(word) for word in words]
    there = [_lies_there(path) for path in paths]
    plain = all(
        each or word.startswith(_BEGINNINGS) for each, word in zip(there, words, strict=True)
    )
    return paths if len(paths) > 1 and plain and any(there) else [one]


def why_missing(path: str) -> str:
    """What to do with a path where nothing lies."""
    if _WINDOWS.match(path):
        return f"{path} is a path of Windows: here paths begin with / (in WSL C: is /mnt/c)"
    if _ELSEWHERE.match(path):
        return f"{path} is not on this machine: fetch it first"
    return f"{path} is not there: give the path of a text"


def dropped(text: str) -> str:
    """What was pasted or dropped as one line: several lines are a path each."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return "".join(lines)
    return " ".join(shlex.quote(path) for line in lines for path in paths_meant(line))


def completed(text: str) -> str:
    """The path that is being typed, as far as the names that lie there leave no choice.

    A folder that alone is meant gets its slash. Names that begin with a dot are for who types one.
    """
    readings = [text]
    if text[:1] in _QUOTES:  # which may not be closed yet
        readings.append(text.strip(text[0]))
    readings += [each for reading in _readings(text) for each in _expanded(reading)]
    return next(filter(None, map(_finished, readings)), text)


def _finished(text: str) -> str:
    """A path, completed; "" where no name begins so."""
    typed_folder, name = os.path.split(text)
    folder = os.path.expanduser(typed_folder) or "."
    if not _lies_there(folder):
        folder = _spelt(folder)
        text = os.path.join(folder, name)
    try:
        names = [each for each in os.listdir(folder) if _form(each).startswith(_form(name))]
    except (OSError, ValueError):
        return ""
    names = [each for each in names if each[0] != "." or name[:1] == "."]
    common = os.path.commonprefix(names)  # noqa: RUF071  # of names, by the character
    if not _form(common).startswith(_form(name)):  # they part inside a letter and its accent
        return ""
    if names == [common] and os.path.isdir(os.path.join(folder, common)):
        common += "/"
    return text[: len(text) - len(name)] + common


def _readings(text: str) -> list[str]:
    """What it may mean, the likeliest first; what is said where none of them lies there, last."""
    url = _read_url(text)
    readings = [url] if url != text else [_ESCAPED.sub(r"\1", text), text]
    if len(text) > 2 and text[0] in _QUOTES and text[-1] == text[0]:
        inner = text[1:-1]
        # Some terminals write a quote within quotes as the shell wants it: 'it'\''s'.
        whole = inner.replace(f"{text[0]}\\{text[0]}{text[0]}", text[0])
        url = _read_url(whole)
        readings = [url, inner, _ESCAPED.sub(r"\1", inner)]
    return [_in_wsl(url), url] if _WINDOWS.match(url) else readings


def _in_wsl(path: str) -> str:
    """A path of Windows as its Linux has it; one of a share stays."""
    rest = path[2:].replace("\\", "/")
    return f"/mnt/{path[0].lower()}{rest}" if path[0] != "\\" else path


def _expanded(reading: str) -> Iterator[str]:
    """A reading as it stands, and with what a shell would put in the place of ~ and $HOME."""
    yield os.path.expanduser(reading)
    if "$" in reading:
        yield os.path.expanduser(os.path.expandvars(reading))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


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
    path = unquote(path, errors="surrogateescape")
    return path[1:] if _WINDOWS.match(path, 1) else path


def _form(name: str) -> str:
    """A name by which those that look alike are one: fields show what is hidden in it."""
    return unicodedata.normalize("NFC", visible(name))


def _spelt(path: str) -> str:
    """The same path as the folders spell the names in it; "" where one of them is not there."""
    found = "/" if path.startswith("/") else ""
    for part in Path(path).parts[path.startswith("/") :]:
        step = os.path.join(found, part)
        if not os.path.lexists(step):
            if part.isascii() and "\\" not in part:
                return ""
            step = _same_in(found, part)
            if not step:
                return ""
        found = step
    return found


def _same_in(folder: str, name: str) -> str:
    try:
        with os.scandir(folder or ".") as entries:
            names = (entry.name for entry in islice(entries, _LOOKED_AT))
            found = next((each for each in names if _form(each) == _form(name)), "")
            return found and os.path.join(folder, found)
    except OSError:
        return ""


def _lies_there(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except (OSError, ValueError):
        return False
