"""What is kept of a model: prompts, texts and how they came of one another, the knobs.

Nothing that can be found again is kept: what the model thought of a text, or how a beam found it,
is asked of the model anew.
"""

from __future__ import annotations

from typing import NamedTuple

from charlm.model.config import Precision

from ..knobs import Setting


class KeptText(NamedTuple):
    """A text as it is seen. given, base: as in a block; precision: of the numbers that wrote it."""

    heading: str
    note: str
    text: str
    given: int
    base: int
    precision: Precision


class KeptBranch(NamedTuple):
    """A text of a tree, with all that it takes to go on from it and to give its receipt.

    prompt, dice, as_fed: of its request. ended, whole: the model wrote its end; nothing stopped it.
    parent: the place of the one it came of, which is before its own; None of the first. redo: that
    of the one to go back to.
    """

    seen: KeptText
    setting: Setting
    prompt: str
    dice: str
    as_fed: bool
    ended: bool
    whole: bool
    parent: int | None
    redo: int | None


class Kept(NamedTuple):
    """All of a model: prompts and texts, oldest first, then the tree of the newest text.

    shown: the place of that text in the tree; without a tree it is 0. setting: the knobs in use.
    """

    prompts: tuple[str, ...]
    setting: Setting
    texts: tuple[KeptText, ...] = ()
    branches: tuple[KeptBranch, ...] = ()
    shown: int = 0
