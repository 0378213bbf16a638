"""The keys, as one table: bindings, footer, help and palette are drawn from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

Where = Literal["always", "prompt", "outside"]


@dataclass(frozen=True)
class Key:
    """One action and its keys.

    `where`: always, in the prompt only, or outside it (letters are text in the prompt).
    `labels`: (state, label) pairs; the first whose state holds is shown, "" holds always, and
    with none the key is not available. `rank`: place in the footer when room is short, 0 never.
    """

    action: str
    keys: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    help: str
    group: str
    where: Where = "always"
    rank: int = 0
    palette: bool = True
    shown: str = field(default="")

    def label(self, states: Collection[str]) -> str | None:
        """The label in these states; None when the key does nothing now."""
        for state, label in self.labels:
            if not state or state in states:
                return label
        return None

    @property
    def key_text(self) -> str:
        """The first key as footer and help write it."""
        return self.shown or key_name(self.keys[0])


_NAMES = {
    "escape": "Esc", "enter": "Enter", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "question_mark": "?", "plus": "+", "minus": "-",
    "home": "Home", "end": "End",
}  # fmt: skip


def key_name(key: str) -> str:
    """`ctrl+q` as `^Q`, `f2` as `F2`."""
    *modifiers, last = key.split("+")
    marks = "".join({"ctrl": "^", "shift": "⇧", "alt": "⌥"}[m] for m in modifiers)
    name = _NAMES.get(last, last)
    is_function = len(last) > 1 and last[0] == "f" and last[1:].isdigit()
    return marks + (name.upper() if marks or is_function else name)


def _always(label: str) -> tuple[tuple[str, str], ...]:
    return (("", label),)


def _decoder(name: str, key: str, label: str, help: str) -> Key:
    return Key(f"decoder('{name}')", (key,), _always(label), help, "Decoders", rank=9)


def _knob(knob: str, letter: str, help: str) -> tuple[Key, Key]:
    state = ((f"knob-{knob}", f"{knob.replace('_', '-')}"),)
    shown = f"{letter} {letter.upper()}"
    return (
        Key(f"knob('{knob}', -1)", (letter,), state, help, "Knobs", "outside", 0, False, shown),
        Key(f"knob('{knob}', 1)", (letter.upper(),), state, "", "Knobs", "outside", 0, False),
    )


KEYS: tuple[Key, ...] = (
    Key("write", ("enter",), _always("Write"), "write on from the prompt", "Write", "prompt", 1),
    Key("newline", ("ctrl+j",), _always("New line"), "a new line in the prompt", "Write",
        "prompt", palette=False),
    Key("recall(-1)", ("up",), _always("Earlier prompt"), "the prompt before this one",
        "Write", "prompt", palette=False),
    Key("recall(1)", ("down",), _always("Later prompt"), "the prompt after this one",
        "Write", "prompt", palette=False),
    Key("escape", ("escape",), (("streaming", "Stop"), ("prompt", "Leave"), ("", "Prompt")),
        "stop the text; else leave the prompt, or go back to it", "Write", rank=3),
    Key("to_prompt", ("enter", "i"), _always("To the prompt"), "go to the prompt", "Write",
        "outside", palette=False),
    Key("regenerate", ("ctrl+r",), (("seed", "Again"), ("written", "Again")),
        "write again, with a new seed", "Write", rank=9),
    Key("regenerate", ("r",), (("written", "Again"),), "the same outside the prompt", "Write",
        "outside", palette=False),
    Key("copy", ("ctrl+y",), (("written", "Copy"),), "copy prompt and text", "Write", rank=10),
    Key("copy", ("c",), (("written", "Copy"),), "the same outside the prompt", "Write",
        "outside", palette=False),
    Key("pace", ("ctrl+g",), _always("Pace"), "how fast the text appears", "Write"),
    _decoder("greedy", "f2", "greedy", "the most probable character, always"),
    _decoder("sample", "f3", "sample", "a random character, by its probability"),
    _decoder("nucleus", "f4", "nucleus", "a random one of the few probable ones"),
    _decoder("beam", "f5", "beam", "the most probable text of several searched"),
    _decoder("nucleus-beam", "f6", "n-beam", "several texts, each drawn from its nucleus"),
    Key("turn(1)", ("ctrl+up",), _always("Knob up"), "turn the chosen knob up", "Knobs"),
    Key("turn(-1)", ("ctrl+down",), _always("Knob"), "turn the chosen knob down", "Knobs", rank=5,
        shown="^↑↓"),
    Key("choose(1)", ("shift+down",), _always("Next knob"), "choose the next knob", "Knobs"),
    Key("choose(-1)", ("shift+up",), _always("Previous knob"), "choose the one before", "Knobs"),
    Key("turn(1)", ("plus", "right"), _always("Knob up"), "turn it up, outside the prompt",
        "Knobs", "outside", palette=False, shown="+ →"),
    Key("turn(-1)", ("minus", "left"), _always("Knob down"), "turn it down, outside the prompt",
        "Knobs", "outside", palette=False, shown="- ←"),
    *_knob("temperature", "t", "temperature down, up"),
    *_knob("top_k", "k", "top-k down, up"),
    *_knob("top_p", "p", "top-p down, up"),
    *_knob("min_p", "m", "min-p down, up"),
    *_knob("width", "w", "width of the beam down, up"),
    *_knob("length_penalty", "a", "length penalty down, up"),
    *_knob("length", "n", "longest text down, up"),
    *_knob("seed", "s", "seed down, up"),
    Key("models", ("f7",), _always("Models"), "choose a model", "Screen", rank=8),
    Key("train", ("f8",), (("training", "Stop training"), ("", "Train")),
        "train a model; while one trains, stop it", "Screen", rank=6),
    Key("talk", ("ctrl+l",), (("newest", "Talk to it"),),
        "load the newest weights of the training", "Screen", rank=4),
    Key("curves", ("f9",), (("curves", "Hide curves"), ("", "Curves")),
        "show or hide the curves", "Screen", rank=11),
    Key("scroll(-1)", ("pageup",), _always("Page up"), "back in the text", "Screen",
        palette=False),
    Key("scroll(1)", ("pagedown",), _always("Page down"), "on in the text", "Screen",
        palette=False),
    Key("newest", ("ctrl+end",), _always("Newest"), "go to the end of the text", "Screen"),
    Key("theme", ("ctrl+t",), _always("Light or dark"), "light or dark", "Screen"),
    Key("help", ("f1",), _always("Help"), "this page", "Screen", rank=2),
    Key("help", ("question_mark",), _always("Help"), "the same outside the prompt", "Screen",
        "outside", palette=False),
    Key("app.command_palette", ("ctrl+p",), _always("Actions"), "every action by name", "Screen",
        rank=12, palette=False),
    Key("app.quit", ("ctrl+q",), _always("Quit"), "quit", "Screen", rank=7, palette=False),
)  # fmt: skip


def keys_for(where: Where) -> tuple[Key, ...]:
    """The keys that work in one place."""
    return tuple(key for key in KEYS if key.where == where)


def label_of(action: str, parameters: Collection[object], states: Collection[str]) -> str | None:
    """The label of an action in these states; None when all its keys do nothing now."""
    call = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
    keys = [key for key in KEYS if key.action == call]
    labels = [label for key in keys if (label := key.label(states)) is not None]
    # An action outside the table (a click on a knob) is always there.
    return labels[0] if labels else (None if keys else action)
