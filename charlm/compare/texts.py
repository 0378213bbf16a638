"""What each model writes by every decoder, from the same prompts and dice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from charlm.decoding import STRATEGIES
from charlm.engine.engine import Engine
from charlm.engine.events import Completion
from charlm.text.cutting import Example

_LENGTH = 160
_SEED = 1
_PROMPTS = 2
_WORDS = 3
_LONG = 40  # characters of a line worth beginning with


def default_prompts(examples: Sequence[Example]) -> tuple[str, ...]:
    """The first words of the first and of the middle line of a text, of those that are long."""
    lines = [line for example in examples for line in example.text.split("\n")]
    long = [line for line in lines if len(line) >= _LONG and line.count(" ") >= _WORDS] or [""]
    chosen = (long[len(long) * n // _PROMPTS] for n in range(_PROMPTS))
    beginnings = ("".join(f"{word} " for word in line.split()[:_WORDS]) for line in chosen)
    return tuple(dict.fromkeys(beginnings))


def write_texts(run: Path, prompts: Iterable[str]) -> dict[str, list[Completion]]:
    """By strategy, the completion of each prompt by the best weights of a run."""
    engine, prompts = Engine.load(run), list(prompts)
    return {
        name: [
            completions[0]
            for completions in engine.write_many(prompts, strategy, max_length=_LENGTH, seed=_SEED)
        ]
        for name, strategy in STRATEGIES.items()
    }
