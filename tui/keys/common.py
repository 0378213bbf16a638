"""The keys that every view has."""

from __future__ import annotations

from .key import Key, always

KEYS: tuple[Key, ...] = (
    Key("app.leader", ("ctrl+x",), always("More"),
        "then a letter, at any pace: every action, wherever one is", "Screen", rank=3,
        palette=False),
    Key("theme", ("ctrl+t",), always("Light or dark"), "light or dark", "Screen", leader="D"),
    Key("help", ("f1",), always("Help"), "this page", "Screen", rank=2),
    Key("help", ("question_mark",), always("Help"), "", "Screen", "outside", palette=False),
    Key("app.command_palette", ("ctrl+p",), always("Actions"), "every action by name", "Screen",
        rank=12, palette=False, leader="colon"),
    Key("app.suspend_process", ("ctrl+z",), always("Suspend"),
        "back to the shell; its `fg` comes back", "Screen", leader="ampersand"),
    Key("app.quit", ("ctrl+q",), always("Quit"), "quit (Ctrl+C twice, too)", "Screen", rank=7),
    Key("app.quit", ("q",), always("Quit"), "", "Screen", "outside", palette=False),
)  # fmt: skip
