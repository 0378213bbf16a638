"""Strategies and limits as the native side takes them: see `_engine.pyi`."""

from __future__ import annotations

from typing import Any

from charlm.decoding import BeamSearch, Greedy, Limits, NucleusBeam, Restrictions, Sampling
from charlm.errors import InputError, argument
from charlm.text.config import TextConfig
from charlm.text.vocabulary import EOS, PAD, Vocabulary


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


def filters(strategy: Greedy | Sampling) -> dict[str, Any]:
    """What a SamplingSession filters by."""
    if isinstance(strategy, Greedy):
        strategy = Sampling(temperature=0)
    names = ("temperature", "top_k", "top_p", "min_p", "typical_p")
    return {name: getattr(strategy, name) for name in names}


def search_options(strategy: BeamSearch | NucleusBeam) -> dict[str, Any]:
    """What a BeamSession searches by."""
    names = ("width", "length_penalty", "stop_rule", "patience")
    options = {name: getattr(strategy, name) for name in names}
    if isinstance(strategy, NucleusBeam):
        return options | {"nucleus": strategy.mode, "top_p": strategy.top_p}
    return options | {"nucleus": "off", "top_p": 1.0}
