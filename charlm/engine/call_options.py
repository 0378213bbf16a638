"""What every call of the engine that decodes takes by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TypedDict

from charlm.decoding import BeamSearch, NucleusBeam, Sampling
from charlm.text.vocabulary import Unknown
from charlm.wording import meant, nearest

#: The strategy whose option a name is, the likeliest first; and what `Engine.load` takes.
_STRATEGIES = (Sampling, BeamSearch, NucleusBeam)
_OF_LOAD = ("threads", "device", "precision")


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
    """Raise TypeError unless every option is one of `Options`; where it belongs is said."""
    for name in options:
        if name not in Options.__annotations__:
            raise TypeError(f"{call}() has no option {name}{_hint(name)}")


def _hint(name: str) -> str:
    """Where a name belongs, or what was probably meant; the end of a sentence."""
    knobs = {f.name: kind.__name__ for kind in reversed(_STRATEGIES) for f in fields(kind)}
    if name in knobs:
        return f": {name} is of the strategy: {knobs[name]}({name}=...)"
    if name in _OF_LOAD:
        return f": {name} is of the engine: Engine.load(..., {name}=...)"
    if name in ("n", "first_sample"):
        return ": write_many() has it"
    known = list(Options.__annotations__)
    near = [option for option in known if option.split("_")[0] == name.split("_")[0]]
    near += [option for option in nearest(name, known) if option not in near]
    if not near:
        near = [f"{knobs[knob]}({knob}=...)" for knob in nearest(name, knobs)]
    return meant(near)
