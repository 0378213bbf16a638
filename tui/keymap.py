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
    with none the key is not available. `help`: empty where the entry before speaks for both.
    `rank`: place in the footer when room is short, 0 never. `shown`: the keys, in the footer.
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
        """The first key as the footer writes it."""
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
    state = ((f"knob-{knob}", knob.replace("_", "-")),)
    return (
        Key(f"knob('{knob}', -1)", (letter,), state, help, _OUTSIDE, "outside", 0, False),
        Key(f"knob('{knob}', 1)", (letter.upper(),), state, "", _OUTSIDE, "outside", 0, False),
    )


_OUTSIDE = "Knobs, outside the prompt: a letter turns down, a capital up"
KEYS: tuple[Key, ...] = (
    Key("write", ("enter",), _always("Write"), "write on from the prompt", "Write", "prompt", 1),
    Key("newline", ("ctrl+j",), _always("New line"), "a new line in the prompt", "Write",
        "prompt", palette=False),
    Key("recall(-1)", ("up",), _always("Earlier prompt"), "earlier and later prompts", "Write",
        "prompt", palette=False),
    Key("recall(1)", ("down",), _always("Later prompt"), "", "Write", "prompt", palette=False),
    Key("escape", ("escape",), (("streaming", "Stop"), ("prompt", "Leave"), ("", "Prompt")),
        "stop the text; else leave the prompt, or go back to it", "Write", rank=3),
    Key("to_prompt", ("i", "enter"), _always("To the prompt"), "go back to the prompt", "Write",
        "outside", palette=False),
    Key("regenerate", ("ctrl+r",), (("written", "Again"),), "write again, with a new seed",
        "Write", rank=9),
    Key("regenerate", ("r",), (("written", "Again"),), "", "Write", "outside", palette=False),
    Key("copy", ("ctrl+y",), (("written", "Copy"),), "copy prompt and text", "Write", rank=10),
    Key("copy", ("c",), (("written", "Copy"),), "", "Write", "outside", palette=False),
    Key("pace", ("ctrl+g",), _always("Pace"), "how fast the text appears", "Write"),
    _decoder("greedy", "f2", "greedy", "greedy: the most probable character, always"),
    _decoder("sample", "f3", "sample", "sampling: a random character, by its probability"),
    _decoder("nucleus", "f4", "nucleus", "nucleus: a random one of the few probable ones"),
    _decoder("beam", "f5", "beam", "beam: the most probable of many texts"),
    _decoder("nucleus-beam", "f6", "n-beam", "nucleus beam: many texts, drawn from the nucleus"),
    Key("turn(-1)", ("ctrl+down",), _always("Knob"), "turn the chosen knob down, up", "Knobs",
        rank=5, shown="^↑↓"),
    Key("turn(1)", ("ctrl+up",), _always("Turn the chosen knob up"), "", "Knobs"),
    Key("choose(1)", ("shift+down",), _always("Next knob"), "choose another knob", "Knobs"),
    Key("choose(-1)", ("shift+up",), _always("Choose the knob before"), "", "Knobs"),
    Key("turn(-1)", ("minus", "left"), _always("Knob"), "turn the chosen knob", _OUTSIDE,
        "outside", palette=False),
    Key("turn(1)", ("plus", "right"), _always("Knob up"), "", _OUTSIDE, "outside", palette=False),
    *_knob("temperature", "t", "temperature: below 1 surer, above 1 wilder"),
    *_knob("top_k", "k", "top-k: of the k most probable characters"),
    *_knob("top_p", "p", "top-p: of the nucleus of this mass"),
    *_knob("min_p", "m", "min-p: of those not much rarer than the best"),
    *_knob("width", "w", "width: how many texts a beam keeps"),
    *_knob("length_penalty", "a", "length penalty: above 0 favours longer texts"),
    *_knob("length", "n", "length: the longest text, in characters"),
    *_knob("seed", "s", "seed: the dice"),
    Key("models", ("f7",), _always("Models"), "choose a model", "Screen", rank=8),
    Key("precision", ("ctrl+n",), (("int8", "float32"), ("", "int8")),
        "numbers of 8 bits (int8, faster) or of 32 (float32, exact)", "Screen"),
    Key("train", ("f8",), (("training", "Stop training"), ("", "Train")),
        "train a model; while one trains, stop it", "Screen", rank=6),
    Key("talk", ("ctrl+l",), (("newest", "Talk to it"),),
        "load the newest weights of the training", "Screen", rank=4),
    Key("curves", ("f9",), (("curves", "Hide curves"), ("", "Curves")),
        "show or hide the curves", "Screen", rank=11),
    Key("scroll(-1)", ("pageup",), _always("Page up"), "back and on in the text", "Screen",
        palette=False),
    Key("scroll(1)", ("pagedown",), _always("Page down"), "", "Screen", palette=False),
    Key("newest", ("ctrl+end",), _always("Newest"), "go to the end of the text", "Screen"),
    Key("theme", ("ctrl+t",), _always("Light or dark"), "light or dark", "Screen"),
    Key("help", ("f1",), _always("Help"), "this page", "Screen", rank=2),
    Key("help", ("question_mark",), _always("Help"), "", "Screen", "outside", palette=False),
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
