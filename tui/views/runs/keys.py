"""The keys of the view that lists the runs."""

from __future__ import annotations

from dataclasses import replace

from ...keys.key import Key, always

_KEYS: tuple[Key, ...] = (
    Key("load", ("enter",), (("loads", "Write with it"),), "write with this model", "This run",
        "outside", 1),
    Key("train", ("t",), (("run", "Its training"),), "open its training", "This run", "outside",
        6),
    Key("delete", ("delete", "x"), (("deletable", "Delete"), ("rows", "")),
        "delete it, after a question", "This run", "outside", 8),
    Key("rename", ("r",), (("renamable", "Rename"), ("rows", "")), "give it another name",
        "This run", "outside", 10),
    Key("mark", ("space",), (("marked-here", "Unmark"), ("rows", "Mark")), "mark it, or not",
        "Marked runs", "outside", 2),
    Key("difference", ("d",), (("comparable", "Differences"), ("rows", "")),
        "how two runs differ: two marked ones, or this and a marked one", "Marked runs",
        "outside", 3),
    Key("overlay", ("o",), (("marked-runs", "Curves together"), ("rows", "")),
        "their curves over each other",
        "Marked runs", "outside", 5),
    Key("unmark", ("u",), (("marked", "Unmark all"),), "unmark all", "Marked runs", "outside"),
    Key("move(-1)", ("up", "k"), always("Up"), "up and down", "Table", "outside", palette=False),
    Key("move(1)", ("down", "j"), always("Down"), "", "Table", "outside", palette=False),
    Key("move(-10)", ("pageup",), always("Ten up"), "ten up and down", "Table", "outside",
        palette=False, leader="left_square_bracket"),
    Key("move(10)", ("pagedown",), always("Ten down"), "", "Table", "outside", palette=False,
        leader="right_square_bracket"),
    Key("move(-9999)", ("home", "g"), always("First"), "first and last", "Table", "outside",
        palette=False),
    Key("move(9999)", ("end", "G"), always("Last"), "", "Table", "outside", palette=False),
    Key("sort", ("s",), always("Sort"), "sort by the next column (or click on its name)", "Table",
        "outside", 7),
    Key("turn_order", ("S",), always("Turn the order"), "the other way round", "Table", "outside"),
    Key("back", ("escape",), always("Back"), "back to writing", "Table", "outside", 9),
)  # fmt: skip
KEYS: tuple[Key, ...] = tuple(replace(key, view="runs") for key in _KEYS)
