"""How many colours the terminal has: the one place that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

from textual.app import App

#: All that there are; the 256 of which all terminals with so many agree on 240; the 16 with names,
#: which are what the user made of them; none, where bold, underline and reverse have to do.
Depth = Literal["truecolor", "256", "16", "none"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
#: What a setting may say: one of them, or to look at the environment.
ASKED = ("auto", *DEPTHS)

#: Terminals of which the name alone says it.
_FULL = ("direct", "truecolor", "24bit")
_MANY = ("256color", "256", "kitty", "alacritty", "ghostty", "foot", "wezterm", "contour")
_NO = ("vt52", "vt100", "vt102", "vt132", "vt220", "vt320", "vt420", "mono", "m")
#: What Textual calls them, in TEXTUAL_COLOR_SYSTEM.
_OF_TEXTUAL: Mapping[str, Depth] = {
    "truecolor": "truecolor", "256": "256", "standard": "16", "windows": "16",
}  # fmt: skip


def depth_of(environment: Mapping[str, str], asked: str = "auto", textual: str = "auto") -> Depth:
    """Which depth is drawn in: as it was asked for, else as the environment says.

    NO_COLOR says none (no-color.org: where it is there and not empty), TEXTUAL_COLOR_SYSTEM
    (`textual`: as it was when Textual was imported) what Textual is to draw with, COLORTERM that
    there are all. Else the name in TERM tells; one that says nothing is taken to have 16.
    """
    if asked in DEPTHS:
        return asked
    if environment.get("NO_COLOR"):
        return "none"
    if textual in _OF_TEXTUAL:
        return _OF_TEXTUAL[textual]
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    parts = environment.get("TERM", "").strip().lower().split("-")
    for depth, names in (("truecolor", _FULL), ("256", _MANY), ("none", _NO)):
        if any(part in names for part in parts):
            return cast(Depth, depth)
    return "16"


def depth_in(app: App[object]) -> Depth:
    """The depth that an app draws in. A theme of the terminal's own colours has 16 of them."""
    depth: Depth = getattr(app, "depth", "truecolor")
    return "16" if app.native_ansi_color and depth != "none" else depth
