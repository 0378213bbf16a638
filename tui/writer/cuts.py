"""Which filter cut a rival, of what a panel knows: the most probable characters of a place."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from charlm.decoding import FILTERS, KNOBS, Strategy

from .thoughts import Rival

#: Characters that stand for the rest of an alphabet, at most.
_MOST = 2000
#: Why a rival is out where nothing says more.
_CUT = "cut"


def cuts(rivals: Sequence[Rival], strategy: Strategy | None) -> tuple[str, ...]:
    """For each rival why it is out, in words; "" for one that was kept.

    rivals: the most probable, the best first. That one is out the engine says; the filters of the
    reference are asked why, with the rest of the alphabet taken to be as few characters as it can
    be. Where they would have kept it, the one filter that acts is named, if it is alone.
    """
    if strategy is None or all(rival.kept is not None for rival in rivals):
        return tuple("" if rival.kept is not None else _CUT for rival in rivals)
    import numpy as np  # here: the first paint does not wait for NumPy

    from charlm.reference.filters import filtered, rule_of

    rule, rest = rule_of(strategy), _rest(rivals)
    log_probs = np.array([*(rival.log_prob for rival in rivals), *rest])
    banned = np.array([*(_is_banned(rival, strategy) for rival in rivals), *([False] * len(rest))])
    acting = [n for n in FILTERS if getattr(rule, n) != KNOBS[n].neutral and n != "temperature"]
    alone = _said(acting[0]) if len(acting) == 1 else _CUT
    reasons = {-1: "banned", 0: alone} | {
        place: _said(name) for place, name in enumerate(FILTERS, start=1)
    }
    found = filtered(log_probs, rule, banned).cut.tolist()
    return tuple(
        reasons[cut] if rival.kept is None else ""
        for cut, rival in zip(found, rivals, strict=False)
    )


def _said(name: str) -> str:
    return "not the best" if name == "temperature" else f"{_CUT} by {KNOBS[name].label}"


def _is_banned(rival: Rival, strategy: Strategy) -> bool:
    """Whether a strategy never writes a character; the model's end is not one."""
    character, allow = rival.character, strategy.allow
    return bool(character) and (character in strategy.ban or bool(allow and character not in allow))


def _rest(rivals: Sequence[Rival]) -> list[float]:
    """log p of the characters that are not told of: as few as these, which are likelier, allow."""
    left, most = 1 - sum(rival.p for rival in rivals), exp(rivals[-1].log_prob)
    if left < 1e-6 or most == 0:
        return []
    count = min(_MOST, int(left / most) + 1)
    return [log(left / count)] * count
