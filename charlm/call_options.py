"""What every call of the engine that decodes takes by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from charlm.vocabulary import Unknown


class Options(TypedDict, total=False):
    """How much is written and from what: keyword arguments of every call that decodes.

    The fields of `Limits`; seed (1) and dice: which random numbers are used, each prompt's own
    ("prompt", the default), those that all prompts share ("shared"), or those of a name, 16
    hexadecimal digits (`charlm.dice`); unknown: what to do with characters of a prompt that the
    model does not know ("error", "skip" or "map"); details: of each character that sampling writes,
    what the model thought, and so many rivals (`Completion.details`).
    """

    max_length: int
    min_length: int
    stop: tuple[str, ...]
    ignore_eos: bool
    seconds: float | None
    seed: int
    dice: str
    unknown: Unknown
    details: int | None


def check_names(call: str, options: Mapping[str, object]) -> None:
    """Raise TypeError unless every option is one of `Options`; the nearest is offered."""
    for name in options:
        if name not in Options.__annotations__:
            from difflib import get_close_matches  # here: who makes no mistake does not wait

            known = list(Options.__annotations__)
            near = [o for o in known if o.split("_")[0] == name.split("_")[0]]
            near += get_close_matches(name, known, n=1, cutoff=0.5)
            if name in ("n", "first_sample"):
                near = []
            hint = f": did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
            hint = ": write_many() has it" if name in ("n", "first_sample") else hint
            raise TypeError(f"{call}() has no option {name}{hint}")
