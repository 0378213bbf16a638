"""The keys of the view that trains."""

from __future__ import annotations

from dataclasses import replace

from ...keys.decoders import DECODERS
from ...keys.key import Key


def _run(label: str) -> tuple[tuple[str, str], ...]:
    """A label for when a run is shown."""
    return (("run", label),)


_KEYS: tuple[Key, ...] = (
    Key("start", ("ctrl+s",), (("form", "Start"),), "start the training", "New training", rank=1,
        leader="S"),
    Key("more", ("ctrl+g",), (("more", "First options"), ("form", "More options")),
        "more options, and back", "New training", rank=3, leader="m"),
    # Before what is typed next reaches a field: they are looked at before any widget.
    Key("field(1)", ("tab",), (("form", "Next"),), "complete a path; next field, the one before",
        "New training", rank=2, leader="f"),
    Key("field(-1)", ("shift+tab",), (("form", "Field before"),), "", "New training", leader="F"),
    Key("texts", ("down",), (("in-corpus", "Texts"),),
        "in the field of the corpus: choose a text of before, or a file", "New training", rank=3),
    Key("pause", ("space", "p"), (("paused", "Go on"), ("alive", "Pause"), ("over", "Train on")),
        "pause the training, or let it go on; one that is over too", "The wheel", "outside", 2),
    Key("rate(-1)", ("ctrl+down",), (("alive", "Rate"),), "lower the learning rate", "The wheel",
        rank=5, shown="^↑↓"),
    Key("rate(-1)", ("less_than_sign",), (("alive", "Rate −"),), "", "The wheel", "outside",
        palette=False),
    Key("rate(1)", ("ctrl+up",), (("alive", "Rate +"),), "raise the learning rate", "The wheel"),
    Key("rate(1)", ("greater_than_sign",), (("alive", "Rate +"),), "", "The wheel", "outside",
        palette=False),
    Key("stop", ("x",), (("alive", "Stop"),), "stop the training: it saves first", "The wheel",
        "outside", 4),
    Key("new", ("ctrl+n",), (("other", "Own training"), ("new", "New")),
        "start a new training; while one runs, go back to it", "The wheel", rank=6, leader="n"),
    Key("kind", ("ctrl+o",), (("one-chart", "Next curve"),),
        "loss, gradient norm, learning rate, speed", "Curves", rank=8),
    Key("kind", ("c",), (("one-chart", "Next curve"),), "", "Curves", "outside", palette=False),
    Key("axis", ("a",), _run("Axis"), "over characters, steps or time", "Curves", "outside", 12),
    Key("smooth", ("s",), _run("Smooth"), "smooth the curves: off, weak, strong", "Curves",
        "outside", 13),
    Key("log", ("l",), _run("Log"), "logarithmic axis", "Curves", "outside", 14),
    Key("zoom(1)", ("plus",), _run("Zoom"), "zoom in, out, show all", "Curves", "outside", 11,
        shown="+−0"),
    Key("zoom(-1)", ("minus",), _run("Zoom out"), "", "Curves", "outside"),
    Key("whole", ("0",), _run("Show all"), "", "Curves", "outside", leader="0"),
    Key("cursor(-1)", ("left",), _run("Cursor"), "the cursor back and on in time", "Curves",
        "outside", 7, palette=False, shown="←→"),
    Key("cursor(1)", ("right",), _run("Cursor on"), "", "Curves", "outside", palette=False),
    Key("cursor(-10)", ("shift+left", "pageup"), _run("Far back"), "ten times as far", "Curves",
        "outside", palette=False, leader="left_square_bracket"),
    Key("cursor(10)", ("shift+right", "pagedown"), _run("Far on"), "", "Curves", "outside",
        palette=False, leader="right_square_bracket"),
    Key("first", ("home",), _run("Beginning"), "the beginning", "Curves", "outside", leader="B"),
    Key("latest", ("ctrl+end",), _run("Newest"), "the newest values", "Curves", leader="E"),
    Key("latest", ("end",), _run("Newest"), "", "Curves", "outside", palette=False),
    Key("strip", ("g",), (("strip", "Hide gates"), ("run", "Gates")),
        "gates and gradients over time", "Gates", "outside", 10),
    Key("next_strip", ("h",), (("strip", "Next strip"),),
        "gates open, gates stuck, gradients, updates", "Gates", "outside", 15),
    Key("to_prompt", ("enter", "i"), _run("Prompt"), "type what it shall go on from", "Talk",
        "outside", 9, palette=False),
    Key("again", ("ctrl+r",), _run("Again"), "ask again, with other dice", "Talk", rank=10,
        leader="r"),
    Key("copy_answer", ("ctrl+y",), (("answered", "Copy"),), "copy what it wrote", "Talk", rank=16,
        leader="y"),
    Key("write_with", ("ctrl+l",), (("learned", ""), ("answered", "Write with it")),
        "write with the weights of this moment, or the newest; once it is over the best", "Talk",
        rank=8, leader="W"),
    # Once it is over this is what one wants next, so it stays in a narrow footer.
    Key("write_with_made", ("w",), (("learned", "Write with it"),), "", "Talk", "outside", 2),
    *(replace(key, labels=_run(key.labels[0][1]), rank=17) for key in DECODERS),
    Key("escape", ("escape",), (("prompt", "Leave"), ("", "Back")),
        "leave the prompt or the cursor's place, else go back to writing", "View", rank=3),
)  # fmt: skip
KEYS: tuple[Key, ...] = tuple(replace(key, view="train") for key in _KEYS)
