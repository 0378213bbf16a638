"""The keys of the prompt: the same wherever one is typed into."""

from __future__ import annotations

from .key import Key, always

PROMPT: tuple[Key, ...] = (
    Key("write", ("enter",), always("Write"), "write on from the prompt", "Write", "prompt", 1,
        view="write"),
    Key("newline", ("ctrl+j",), always("New line"), "a new line in the prompt", "Write", "prompt",
        palette=False, view="write", leader="J"),
    Key("clear", ("ctrl+u",), always("Clear"), "empty the prompt", "Write", "prompt",
        palette=False, view="write", leader="X"),
    Key("undo_typing", ("ctrl+underscore",), always("Undo typing"),
        "undo what was typed in the prompt, and redo it", "Write", "prompt", palette=False,
        view="write", leader="underscore"),
    Key("redo_typing", ("ctrl+circumflex_accent",), always("Redo typing"), "", "Write", "prompt",
        palette=False, view="write", leader="equals_sign"),
    Key("recall(-1)", ("up",), always("Earlier prompt"), "earlier and later prompts", "Write",
        "prompt", palette=False, view="write"),
    Key("recall(1)", ("down",), always("Later prompt"), "", "Write", "prompt", palette=False,
        view="write"),
)  # fmt: skip
