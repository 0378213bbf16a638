"""Which keys never come to the screen, because something between it and the keyboard takes them.

As each of these comes, without settings of one's own. docs/keys.md has the same table in words.
Sources: tmux(1) and screen(1), "default key bindings"; byobu(1), "keybindings"; VS Code's
`terminal.integrated.commandsToSkipShell` and `allowChords`; Apple's keyboard shortcuts for
Terminal and Mission Control; the shortcuts of GNOME Terminal; console_codes(4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

_FUNCTION_KEYS = tuple(f"f{number}" for number in range(1, 13))
_ARROWS = ("up", "down", "left", "right")


@dataclass(frozen=True)
class Taker:
    """What takes keys. there: whether it is, by the environment and the platform."""

    name: str
    keys: tuple[str, ...]
    there: Callable[[Mapping[str, str], str], bool]


def _set(name: str) -> Callable[[Mapping[str, str], str], bool]:
    """Whether a variable is set, and not to nothing."""
    return lambda environment, platform: bool(environment.get(name))


def _is(name: str, value: str) -> Callable[[Mapping[str, str], str], bool]:
    return lambda environment, platform: environment.get(name) == value


def _held(modifier: str, *keys: str) -> tuple[str, ...]:
    return tuple(f"{modifier}+{key}" for key in keys)


TAKERS = (
    Taker("tmux", ("ctrl+b",), _set("TMUX")),
    Taker("GNU screen", ("ctrl+a",), _set("STY")),
    Taker("byobu", ("ctrl+a", *_FUNCTION_KEYS[1:9], "f12", *_held("shift", *_ARROWS)),
          _set("BYOBU_BACKEND")),
    Taker("VS Code", ("f1", "f5", "f6", "f11", *_held("ctrl", *"efjkpq", "up", "down", "end")),
          _is("TERM_PROGRAM", "vscode")),
    Taker("Terminal.app", (*_FUNCTION_KEYS, "home", "end", "pageup", "pagedown"),
          _is("TERM_PROGRAM", "Apple_Terminal")),
    Taker("macOS", ("f11", *_held("ctrl", *_ARROWS)),
          lambda environment, platform: platform == "darwin"),
    Taker("GNOME Terminal and its like", ("f1", "f10", "f11"), _set("VTE_VERSION")),
    Taker("the Linux console", (*_held("ctrl", *_ARROWS, "home", "end"), *_held("shift", *_ARROWS)),
          _is("TERM", "linux")),
)  # fmt: skip


def taken(environment: Mapping[str, str], platform: str) -> frozenset[str]:
    """The keys that do not come here, as far as the environment tells. platform: sys.platform."""
    return frozenset(
        key for taker in TAKERS if taker.there(environment, platform) for key in taker.keys
    )
