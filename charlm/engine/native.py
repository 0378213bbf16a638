"""Strategies and limits as the native side takes them: see `_engine.pyi`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from charlm.checks import Range
from charlm.decoding import KNOBS, BeamSearch, Greedy, Limits, Restrictions, Sampling, Strategy
from charlm.errors import InputError, argument
from charlm.text.config import TextConfig
from charlm.text.vocabulary import EOS, PAD, Vocabulary

#: The numbers of float32, which the engine computes in, that are next to 0 and to 1.
_ABOVE_0, _BELOW_1 = float(np.finfo(np.float32).tiny), float(np.nextafter(np.float32(1), 0))


def banned_ids(
    vocabulary: Vocabulary, text: TextConfig, restrictions: Restrictions, limits: Limits
) -> list[int]:
    """What is never written: PAD, EOS in continuous text or when ignored, banned characters.

    Raises InputError if no character is left.
    """
    ends = text.unit != "continuous" and not limits.ignore_eos
    banned = {PAD} if ends else {PAD, EOS}
    for character, id in vocabulary.to_id.items():
        forbidden = restrictions.allow and character not in restrictions.allow
        if forbidden or character in restrictions.ban:
            banned.add(id)
    if banned.issuperset(vocabulary.to_id.values()):
        raise InputError(
            argument("ban"), " and ", argument("allow"),
            " leave no character that the model could write",
        )  # fmt: skip
    return sorted(banned)


def strategy_options(strategy: Strategy) -> dict[str, object]:
    """The options of a strategy by name, but for ban and allow, which `banned_ids` reads.

    Greedy is sampling at temperature 0, and a beam search one without a nucleus.
    """
    options = {f.name: _inside(f.name, getattr(strategy, f.name)) for f in fields(strategy)}
    if isinstance(strategy, Greedy):
        return strategy_options(Sampling(temperature=0, **options))
    if isinstance(strategy, BeamSearch):
        options |= {"mode": "off", "top_p": 1.0}
    del options["ban"], options["allow"]
    return options


def _inside(option: str, value: Any) -> Any:
    """A value; a share that float32 would put at an end that is excluded is beside that end."""
    rule = KNOBS[option].rule
    if not isinstance(rule, Range) or not isinstance(value, float):
        return value
    if rule.above:
        return max(value, _ABOVE_0)
    return min(value, _BELOW_1) if rule.below else value
