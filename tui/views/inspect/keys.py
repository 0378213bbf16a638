"""The keys of the view that looks into a model."""

from __future__ import annotations

from dataclasses import replace

from ...keys.key import Key, always

_UNITS = "What the units do"
_TEXT = "The text"
_KEYS: tuple[Key, ...] = (
    Key("surprise", ("v",), (("surprise", "Units"), ("scored", "Surprise")),
        "colour by what a unit does, or by surprise", "Colours", "outside", 1),
    Key("gate(1)", ("g",), (("units", "Gate"),), "the next gate or state", _UNITS, "outside", 2),
    Key("gate(-1)", ("G",), (("units", "Gate before"),), "the one before", _UNITS, "outside"),
    Key("layer(1)", ("l",), (("layers", "Layer"),), "the next layer", _UNITS, "outside", 4),
    Key("layer(-1)", ("L",), (("layers", "Layer before"),), "the one before", _UNITS, "outside"),
    Key("next(1)", ("n",), (("units", "Next unit"), ("surprise", "Next place")),
        "the next unit of the list; the next surprising place", "The list", "outside", 3),
    Key("next(-1)", ("p",), (("units", "Unit before"), ("surprise", "Place before")),
        "the one before", "The list", "outside"),
    Key("next(10)", ("N",), (("units", "Ten units on"),), "ten units on and back", "The list",
        "outside"),
    Key("next(-10)", ("P",), (("units", "Ten units back"),), "", "The list", "outside"),
    Key("unit", ("number_sign",), (("units", "Unit"),), "a unit by its number", "The list",
        "outside", 8),
    Key("first", ("m",), (("units", "Most varying"), ("surprise", "Most surprising")),
        "the unit that varies most; the most surprising place", "The list", "outside", 7),
    Key("walk(1)", ("right",), always("On"), "a character on and back", _TEXT,
        "outside", palette=False),
    Key("walk(-1)", ("left",), always("Back a character"), "", _TEXT, "outside", palette=False),
    Key("lines(1)", ("down",), always("A line down"), "a line down and up", _TEXT,
        "outside", palette=False),
    Key("lines(-1)", ("up",), always("A line up"), "", _TEXT, "outside", palette=False),
    Key("lines(12)", ("pagedown",), always("On a page"), "a page down and up", _TEXT,
        "outside", palette=False, leader="right_square_bracket"),
    Key("lines(-12)", ("pageup",), always("Back a page"), "", _TEXT, "outside", palette=False,
        leader="left_square_bracket"),
    Key("ends(-1)", ("home",), always("Begin"), "begin and end of the text", _TEXT,
        "outside", palette=False, leader="B"),
    Key("ends(1)", ("end",), always("End"), "", _TEXT, "outside", palette=False, leader="E"),
    Key("select", ("f",), (("selected", "Select no more"), ("scored", "Select")),
        "select a part from here on: arrows (or Shift+← →, or the mouse); then copy it", _TEXT,
        "outside", 11),
    Key("extend(-1)", ("shift+left",), (("scored", "Select the one before"),), "", _TEXT,
        "outside", palette=False, leader="left_parenthesis"),
    Key("extend(1)", ("shift+right",), (("scored", "Select the next"),), "", _TEXT, "outside",
        palette=False, leader="right_parenthesis"),
    Key("copy", ("c", "ctrl+y"), (("selected", "Copy part"), ("scored", "")),
        "copy the text, or the part that is selected", _TEXT, "outside", 1),
    Key("other_text", ("e",), always("Other text"), "type or paste another text", _TEXT,
        "outside", 5),
    Key("newest", ("w",), (("older", "Newest text"),), "look into the newest text of Write", _TEXT,
        "outside", 6),
    Key("back", ("escape",), (("tracing", "Stop"), ("selected", "Leave it"), ("", "Back")),
        "stop the computing, or leave what is selected; else back to writing", _TEXT, "outside",
        9),
)  # fmt: skip
KEYS: tuple[Key, ...] = tuple(replace(key, view="inspect") for key in _KEYS)
