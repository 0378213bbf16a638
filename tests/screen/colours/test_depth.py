"""Which depth is drawn in."""

from __future__ import annotations

import pytest

from tui.colours.depth import ASKED, depth_of
from tui.shell.settings import check_setting, load_settings


@pytest.mark.parametrize(
    ("said", "depth"),
    [
        ("TERM=xterm-256color COLORTERM=truecolor", "truecolor"),
        ("TERM=xterm COLORTERM=24bit", "truecolor"),
        ("TERM=xterm-direct", "truecolor"),
        ("TERM=xterm-256color COLORTERM=yes", "256"),
        ("TERM=tmux-256color", "256"),
        ("TERM=screen.xterm-256color", "256"),
        ("TERM=xterm-kitty", "256"),
        ("TERM=xterm", "16"),
        ("TERM=screen", "16"),
        ("TERM=linux", "16"),
        ("TERM=rxvt", "16"),
        ("TERM=", "16"),
        ("", "16"),
        ("TERM=vt100", "none"),
        ("TERM=vt220", "none"),
        ("TERM=xterm-mono", "none"),
        ("TERM=xterm-256color NO_COLOR=1 COLORTERM=truecolor", "none"),
        ("TERM=xterm NO_COLOR=", "16"),
    ],
)
def test_the_environment_says_it(said: str, depth: str) -> None:
    assert depth_of(dict(word.split("=") for word in said.split())) == depth


def test_who_asks_is_heard_first() -> None:
    environment = {"NO_COLOR": "1", "COLORTERM": "truecolor"}
    for asked in ASKED[1:]:
        assert depth_of(environment, asked, "256") == asked
    assert depth_of(environment, "auto", "256") == "none"
    assert depth_of({"COLORTERM": "truecolor"}, "auto", "standard") == "16"


def test_it_is_a_setting() -> None:
    for value in (*ASKED, 16, 256):
        assert check_setting("colours", value) == str(value)
    loaded = load_settings({"CHARLM_COLOURS": "16", "CHARLM_SETTINGS": "/nowhere/at/all"}, {})
    assert loaded.settings.colours == "16"
    wrong = load_settings({"CHARLM_COLOURS": "17", "CHARLM_SETTINGS": "/nowhere/at/all"}, {})
    assert wrong.settings.colours == "auto" and "colours '17' is not known" in wrong.notices[0]
