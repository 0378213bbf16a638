"""The key table is whole: no key twice in one place, every action exists, help shows all."""

import re

from tui.keymap import KEYS, key_name, keys_for, label_of
from tui.screens.sheets import help_content
from tui.screens.write import WriteScreen


def test_no_key_has_two_actions_in_one_place() -> None:
    for place in ("prompt", "outside"):
        names = [n for where in ("always", place) for key in keys_for(where) for n in key.keys]
        assert len(names) == len(set(names))


def test_letters_are_text_in_the_prompt() -> None:
    for where in ("always", "prompt"):
        assert all(len(name) > 1 for key in keys_for(where) for name in key.keys)


def test_every_action_is_a_method() -> None:
    for key in KEYS:
        name = re.split(r"[(]", key.action)[0]
        if key.where != "prompt" and not name.startswith("app."):
            assert callable(getattr(WriteScreen, f"action_{name}")), key.action


def test_help_shows_every_key() -> None:
    page = help_content(KEYS).plain
    for key in KEYS:
        for name in key.keys:
            assert re.search(rf"(^|\s){re.escape(key_name(name))}\s", page), key


def test_labels_follow_the_state() -> None:
    assert label_of("train", (), {"training"}) == "Stop training"
    assert label_of("train", (), set()) == "Train"
    assert label_of("escape", (), {"prompt"}) == "Leave"
    assert label_of("escape", (), {"prompt", "streaming"}) == "Stop"
    assert label_of("copy", (), set()) is None
    assert label_of("knob", ("top_p", 1), {"knob-top_p"}) == "top-p"
    assert label_of("knob", ("top_p", 1), {"knob-width"}) is None
    assert label_of("pick", ("top_p",), set()) is not None


def test_key_names() -> None:
    assert [key_name(k) for k in ("ctrl+q", "f2", "shift+down", "t", "T", "escape")] == [
        "^Q", "F2", "⇧↓", "t", "T", "Esc",
    ]  # fmt: skip
