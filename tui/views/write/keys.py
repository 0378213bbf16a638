"""The keys of the view one writes in."""

from __future__ import annotations

from dataclasses import replace

from ...keys.decoders import DECODERS
from ...keys.key import Key, always
from ...keys.prompt import PROMPT
from ...writer.knobs import ROWS, TEXTS


def _knob(name: str, letter: str, help: str) -> tuple[Key, Key]:
    state = ((f"knob-{name}", name.replace("_", "-")), ("", ""))
    return (
        Key(f"knob('{name}', -1)", (letter,), state, help, _OUTSIDE, "outside", 0, False),
        Key(f"knob('{name}', 1)", (letter.upper(),), state, "", _OUTSIDE, "outside", 0, False),
    )


def _typed(name: str, letter: str, help: str) -> Key:
    label = f"{name.capitalize()} characters"
    return Key(f"option('{name}')", (letter,), always(label), help, _OUTSIDE, "outside")


def _walks() -> tuple[Key, ...]:
    ways = ("left", "right", "up", "down", "home", "end")
    return tuple(
        Key(f"walk('{way}')", (way,),
            (("beams", "Step"), ("grid", "Choose"), ("duel", "Side"), ("written", "Walk")),
            "walk the text; the panel shows what else could stand there" if way == "left" else "",
            _CURSOR, "outside", 4 if way == "left" else 0, False, "←→", stage=True,
            leader={"home": "left_curly_bracket", "end": "right_curly_bracket"}.get(way, ""))
        for way in ways
    )  # fmt: skip


def _rivals() -> tuple[Key, ...]:
    return tuple(
        Key(f"rival({place})", (digit,), (("grid", "Take"), ("duel", ""), ("rivals", "Choose")),
            "choose a rival (or Tab, then up and down)" if place == 0 else "",
            _CURSOR, "outside", 3 if place == 0 else 0, False, "1-0", stage=True)
        for place, digit in enumerate("1234567890")
    )  # fmt: skip


_AGAIN = (("lanes", "Again"), ("again", "Again"), ("asked", ""))
_COPY = (("lanes", "Copy"), ("selected", "Copy part"), ("written", "Copy"))
_RECEIPT = (("lanes", ""), ("written", "Receipt"))
_CURSOR = "In the text, outside the prompt"
_OUTSIDE = "Knobs, outside the prompt: a letter turns down, a capital up"
_KEYS: tuple[Key, ...] = (
    *PROMPT,
    Key("escape", ("escape",), (("streaming", "Stop"), ("prompt", "Leave"), ("aside", "Text"),
        ("cursor", "Close"), ("", "Prompt")),
        "stop the text; else leave the prompt, or go back to it", "Write", rank=3),
    Key("to_prompt", ("i",), always("To the prompt"), "go back to the prompt", "Write",
        "outside", palette=False),
    Key("regenerate", ("ctrl+r",), _AGAIN, "write again, with a new seed",
        "Write", rank=9),
    Key("regenerate", ("r",), _AGAIN, "", "Write", "outside", palette=False),
    Key("copy", ("ctrl+y",), _COPY, "copy prompt and text, or the part that is selected", "Write",
        rank=10),
    Key("copy", ("c",), _COPY, "", "Write", "outside", palette=False),
    Key("continue", ("ctrl+k",), (("lanes", ""), ("cut", "Continue"), ("written", "")),
        "go on where the text was cut", "Write", rank=8, leader="f"),
    Key("edit", ("e",), (("written", "Edit"),),
        "put the text, up to the cursor, into the prompt", "Write", "outside", rank=6),
    Key("export", ("ctrl+e",), (("lanes", ""), ("written", "Export")),
        "keep the text: as a file, a picture, a receipt", "Write", rank=10, leader="x"),
    Key("receipt", ("f12",), _RECEIPT,
        "save its receipt: charlm write --from it gives this text again", "Write", rank=12),
    Key("receipt", ("j",), _RECEIPT, "", "Write", "outside", palette=False),
    Key("pace", ("ctrl+g",), always("Pace"), "how fast the text appears", "Write",
        leader="F"),
    *DECODERS,
    Key("turn(-1)", ("ctrl+down",), always("Knob"), "turn the chosen knob down, up", "Knobs",
        rank=5, shown="^↑↓"),
    Key("turn(1)", ("ctrl+up",), always("Knob up"), "", "Knobs"),
    Key("choose(1)", ("shift+down",), always("Next knob"), "choose another knob", "Knobs",
        leader="y"),
    Key("choose(-1)", ("shift+up",), always("Knob before"), "", "Knobs",
        leader="Y"),
    Key("turn(-1)", ("minus",), always("Knob"), "turn the chosen knob", _OUTSIDE,
        "outside", palette=False, shown="-+"),
    Key("turn(1)", ("plus",), always("Knob up"), "", _OUTSIDE, "outside", palette=False),
    *(key for name, knob in ROWS.items() for key in _knob(name, knob.letter, knob.said)),
    *(_typed(name, knob.letter, knob.said) for name, knob in TEXTS.items()),
    Key("beams", ("ctrl+b",), (("beams", "Text"), ("searched", "Beams"), ("", "")),
        "see what a beam does: its texts as a tree, live and again", "Beams", rank=4, leader="b"),
    Key("step(-1)", ("comma",), (("beams", "Step"),),
        "a character back and on in the search; arrows, Home and End too", "Beams", "outside",
        palette=False, stage=True),
    Key("step(1)", ("full_stop",), (("beams", "On"),), "", "Beams", "outside", palette=False,
        stage=True),
    Key("step(-10)", ("less_than_sign",), (("beams", "Ten back"),), "ten back and on", "Beams",
        "outside", palette=False, stage=True),
    Key("step(10)", ("greater_than_sign",), (("beams", "Ten on"),), "", "Beams", "outside",
        palette=False, stage=True),
    Key("play", ("space",), (("playing", "Hold"), ("beams", "Play")),
        "play the search slowly from here, or hold", "Beams", "outside", 2, stage=True),
    Key("grid", ("ctrl+f",), (("grid", "Text"), ("samples", "Grid"), ("", "")),
        "several samples of the prompt at once; Enter or a digit takes one", "Side by side",
        rank=10, leader="g"),
    Key("cells", ("g",), (("grid", "4, 6, 9"),), "four, six or nine samples", "Side by side",
        "outside", rank=6, stage=True, leader="G"),
    Key("duel", ("ctrl+d",), (("duel", "Text"), ("", "Duel")),
        "two settings on one prompt and the same dice; Enter takes one", "Side by side", rank=10,
        leader="d"),
    Key("precision", ("ctrl+n",), (("int8", "float32"), ("", "int8")),
        "numbers of 8 bits (int8, faster) or of 32 (float32, exact)", "Model", leader="I"),
    Key("talk", ("ctrl+l",), (("newest", "New weights"),),
        "load the newest weights of the training", "Model", rank=2, leader="R"),
    Key("curves", ("ctrl+o",),
        (("curves", "Hide curves"), ("lanes", ""), ("cursor", ""), ("", "Curves")),
        "show or hide the curves", "Text", rank=11, leader="C"),
    Key("surprise", ("ctrl+s",),
        (("lanes", ""), ("surprise", "Plain text"), ("written", "Surprise")),
        "colour each character by how surprising it was", "Text", rank=7, leader="h"),
    *_walks(),
    Key("select", ("f",), (("selected", "Select no more"), ("written", "Select")),
        "select a part from here on: arrows (or Shift+← →, or the mouse); then copy it", _CURSOR,
        "outside", stage=True, leader="H"),
    Key("extend('left')", ("shift+left",), (("written", "Select the one before"),), "", _CURSOR,
        "outside", palette=False, stage=True, leader="left_parenthesis"),
    Key("extend('right')", ("shift+right",), (("written", "Select the next"),), "", _CURSOR,
        "outside", palette=False, stage=True, leader="right_parenthesis"),
    *_rivals(),
    Key("enter", ("enter",),
        (("lanes", "Take it"), ("taking", "Take it"), ("cursor", ""), ("", "Prompt")),
        "write on with the chosen rival or text; else go to the prompt", _CURSOR, "outside",
        rank=2, stage=True),
    Key("undo", ("u",), (("undo", "Undo"), ("asked", "")),
        "back to the text this one came of", _CURSOR, "outside", rank=5),
    Key("redo", ("U",), (("redo", "Redo"),), "on to the text that came of this one", _CURSOR,
        "outside", rank=5),
    Key("branches", ("b",), (("branches", "Branches"),),
        "choose among the texts that came of one another", _CURSOR, "outside", rank=6, leader="B"),
    Key("forget", ("delete",), always("Forget"),
        "forget the prompts and texts that are kept of this model; of all models", "Text",
        "outside", leader="exclamation_mark"),
    Key("forget_all", ("shift+delete",), always("Forget all"), "", "Text", "outside",
        leader="number_sign"),
    Key("scroll(-1)", ("pageup",), always("Page up"), "back and on in the text", "Text",
        palette=False, leader="left_square_bracket"),
    Key("scroll(1)", ("pagedown",), always("Page down"), "", "Text", palette=False,
        leader="right_square_bracket"),
    Key("newest", ("ctrl+end",), always("Newest"), "go to the end of the text", "Text",
        leader="E"),
)  # fmt: skip
KEYS: tuple[Key, ...] = tuple(replace(key, view="write") for key in _KEYS)
