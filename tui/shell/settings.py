"""What a user prefers: a flag goes before the environment, that before the file, that before us.

The file is `settings.toml` in the platform's folder for settings (CHARLM_SETTINGS names another):

    theme = "light"
    decoder = "beam"

    [keys]
    curves = "f10"

What is wrong in it is told in one line, and the default is used in its place.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from charlm.checks import shown
from charlm.display import visible
from charlm.errors import InputError
from charlm.run.regular_file import open_regular, write_atomically
from charlm.wording import did_you_mean, shortened

from ..colours.depth import ASKED
from ..writer.knobs import DECODERS, PACES
from .themes import NAMES as THEME_NAMES

GLYPHS = ("auto", "unicode", "ascii")
MAX_THREADS = 1024
_SHOWN = 40  # characters of a wrong value
_DIGITS = 10  # of a number that can be a setting there are fewer
_LARGEST = 1 << 20  # bytes of the file
_PREFIX = "CHARLM_"
_FILE = "settings.toml"
#: Of the settings, one TOML line; a key of the file stands before its first table.
_LINE = re.compile(r"^\s*(?P<name>[A-Za-z0-9_-]+)\s*=")
_TABLE = re.compile(r"^\s*\[")


@dataclass(frozen=True)
class Settings:
    """All that can be set. `keys`: name of an action -> its keys.

    `pace`: characters per second, 0 for full speed. `glyphs`: auto looks at the locale. `plain`:
    a text appears when it is finished and nothing moves, for screen readers. `mouse`: whether it
    is the screen's; else the terminal's own, which selects and copies. `colours`: how many there
    are; auto looks at the environment. `history`: whether prompts and texts are kept for the next
    start.
    """

    theme: str = "dark"
    colours: str = "auto"
    glyphs: str = "auto"
    decoder: str = "nucleus"
    pace: int = PACES[0]
    threads: int = 1
    plain: bool = False
    mouse: bool = True
    history: bool = True
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """Settings, where they are kept (None: nowhere), and a line for each that was wrong.

    said: those that were set at all.
    """

    settings: Settings
    path: Path | None = None
    notices: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()


def settings_path(environment: Mapping[str, str]) -> Path | None:
    """Where the file is, whether or not it is there; None where there is no home."""
    if named := environment.get(f"{_PREFIX}SETTINGS"):
        return Path(named)
    from platformdirs import user_config_path  # here: not needed by who only asks for help

    try:
        folder = user_config_path("charlm", appauthor=False)
    except (OSError, RuntimeError):
        return None
    return folder / _FILE if folder.is_absolute() else None


def load_settings(environment: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded:
    """Settings from the file, the environment and the flags that are not None."""
    path = settings_path(environment)
    values, notices = _read(path)
    settings = Settings()
    if path is not None:
        settings = _with(settings, values, f"settings {visible(str(path))}: ", notices)
    said = set(values)
    for name in _CHECKS:
        if (text := environment.get(_PREFIX + name.upper())) is not None:
            said.add(name)
            settings = _with(settings, {name: said_value(text)}, "environment: ", notices, _PREFIX)
    given = {name: value for name, value in flags.items() if value is not None}
    return Loaded(replace(settings, **given), path, tuple(notices), frozenset({*said, *given}))


def keep_setting(path: Path, name: str, value: str) -> None:
    """Write one setting into the file; every other line stays as it is.

    Raises ValueError or RuntimeError when the file is not TOML, or a link to itself; OSError
    when it cannot be written.
    """
    text = _text(path) if path.exists() else ""
    lines = text.splitlines(keepends=True)
    top = next((i for i, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    place = next((i for i in range(top) if _named(lines[i]) == name), None)
    line = f'{name} = "{value}"\n'
    if place is None:
        before = lines[:top]
        if before and not before[-1].endswith("\n"):
            before[-1] += "\n"
        changed = [*before, line, *lines[top:]]
    else:
        changed = [*lines[:place], line, *lines[place + 1 :]]
    try:
        whole = _parsed(text) | {name: value} == _parsed("".join(changed))
    except ValueError:
        whole = False
    if not whole:
        raise InputError(f"settings {path} cannot be changed: write {line.strip()} there yourself")
    _replace(path, "".join(changed))


def wants_ascii(glyphs: str, environment: Mapping[str, str]) -> bool:
    """Whether only ASCII may be drawn: asked for, or the locale names another code than UTF-8."""
    if glyphs != "auto":
        return glyphs == "ascii"
    names = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "")
    return bool(locale) and re.search(r"utf-?8", locale, re.IGNORECASE) is None


def check_setting(name: str, value: object) -> Any:
    """A setting's value, if it may be; else an InputError that says what may."""
    return _CHECKS[name](name, value)


def said_value(text: str) -> str | int:
    """What an option or the environment says: a number, if it is one."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else text


def _one_of(words: Collection[str]) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        word = _word(value)
        hint = did_you_mean(word, words) or f": it must be one of {', '.join(words)}"
        raise InputError(f"{name} {word[:_SHOWN]!r} is not known{hint}")

    return check


def _word(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


def _colours(name: str, value: object) -> str:
    return _one_of(ASKED)(name, _word(value))  # 16 and 256 are numbers in the file


def _threads(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_THREADS:
        return value
    raise InputError(f"{name} is {shown(value)}: it must be a number from 1 to {MAX_THREADS}")


def _pace(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value in PACES:
        return value
    paces = ", ".join(map(str, sorted(PACES)))
    raise InputError(f"{name} is {shown(value)}: it must be one of {paces} (0: full speed)")


def _yes_or_no(name: str, value: object) -> bool:
    if value in (True, False):  # 1 and 0 too: the environment has no others
        return bool(value)
    raise InputError(
        f"{name} is {shown(value)}: it must be true or false (in the environment 1 or 0)"
    )


_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "theme": _one_of(THEME_NAMES),
    "colours": _colours,
    "glyphs": _one_of(GLYPHS),
    "decoder": _one_of(tuple(DECODERS)),
    "pace": _pace,
    "threads": _threads,
    "plain": _yes_or_no,
    "mouse": _yes_or_no,
    "history": _yes_or_no,
}


def _read(path: Path | None) -> tuple[dict[str, Any], list[str]]:
    if path is None:
        return {}, ["there is no folder for settings here: nothing is kept"]
    try:
        return _parsed(_text(path)), []
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"settings {visible(str(path))} cannot be read: {error.strerror}"]
    except (ValueError, RecursionError) as error:
        said = shortened(str(error))
        return {}, [f"settings {visible(str(path))} are not TOML, so none is used: {said}"]


def _text(path: Path) -> str:
    """What the file holds; nobody waits at a pipe for it, or reads a disk. Raises OSError."""
    with open_regular(path) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data.decode("utf-8")


def _parsed(text: str) -> dict[str, Any]:
    import tomllib  # here: the first paint does not wait for it where there is no file

    return tomllib.loads(text)


def _with(
    settings: Settings, values: Mapping[str, Any], where: str, notices: list[str], prefix: str = ""
) -> Settings:
    """The settings with those values that may be; the others become notices."""
    for name, value in values.items():
        try:
            if name == "keys":
                settings = replace(settings, keys=_keys(value))
            elif name in _CHECKS:
                settings = replace(settings, **{name: check_setting(name, value)})
            else:
                near = did_you_mean(name, [*_CHECKS, "keys"])
                raise InputError(f"{shown(name)} is no setting{near}")
        except InputError as error:
            notices.append(f"{where}{prefix if prefix else ''}{error}")
    return settings


def _keys(value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise InputError('keys is a table: [keys], then lines as  curves = "f10"')
    keys: dict[str, tuple[str, ...]] = {}
    for action, said in value.items():
        names = [said] if isinstance(said, str) else said
        if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
            named = shortened(action, _SHOWN, _SHOWN)
            raise InputError(f"keys.{named} must be a key, or a list of keys, in quotes")
        keys[action] = tuple(names)
    return keys


def _named(line: str) -> str | None:
    match = _LINE.match(line)
    return match["name"] if match else None


def _replace(path: Path, text: str) -> None:
    """At any instant the old file or the new one; a link stays a link."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
