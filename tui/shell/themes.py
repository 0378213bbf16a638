"""Two themes of our own, light and dark: ink, paper, one accent. Textual's own may be set too."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="charlm-dark",
    primary="#8fb8de",
    secondary="#9aa5b1",
    accent="#e0af68",
    success="#9ece8f",
    warning="#e0af68",
    error="#e58a8a",
    foreground="#d8dee6",
    background="#14171c",
    surface="#1a1e25",
    panel="#222831",
    dark=True,
)
LIGHT = Theme(
    name="charlm-light",
    primary="#2a5d8f",
    secondary="#5b6773",
    accent="#9a5b00",
    success="#3d7a2e",
    warning="#9a5b00",
    error="#b03030",
    foreground="#22272e",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e8e5de",
    dark=False,
)
THEMES = (DARK, LIGHT)

#: What settings call the themes, ours first.
NAMES = ("dark", "light", *BUILTIN_THEMES)


def full_name(name: str) -> str:
    """A theme as the app knows it."""
    return f"charlm-{name}" if name in ("dark", "light") else name


def short_name(name: str) -> str:
    """A theme as settings call it."""
    return name.removeprefix("charlm-")
