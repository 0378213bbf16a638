"""Texts of the view as they are kept, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from charlm.display import visible
from charlm.model.config import Precision

from ....writer.kept.values import Kept, KeptBranch, KeptText
from ....writer.knobs import PACES, Setting
from ....writer.snapshots import Request
from .block import Block
from .branches import Branch


def weights(identity: str, precision: str) -> str:
    """What names the weights that write, and in which numbers; "" where they have no identity."""
    return f"{identity} {precision}" if identity else ""


def are_of(block: Block, identity: str) -> bool:
    """Whether a model wrote this text, in whatever numbers."""
    return block.by.partition(" ")[0] == identity != ""


def seen_of(block: Block) -> KeptText:
    """A text as it is seen: what it is yet to be written over is no part of it."""
    precision = cast("Precision", block.by.partition(" ")[2])
    note = block.note or "stopped"
    return KeptText(
        block.heading, note, block.text[: block.fresh], block.given, block.base, precision
    )


def tree_of(shown: Branch) -> tuple[tuple[KeptBranch, ...], int]:
    """All texts of a tree, each behind the one it came of, and the place of this one."""
    walk = [branch for branch, _ in shown.root().walk()]
    places: dict[Branch | None, int] = {branch: place for place, branch in enumerate(walk)}
    return tuple(
        KeptBranch(
            seen_of(branch.block), without_pace(branch.setting), branch.request.prompt,
            branch.request.dice, branch.request.as_fed, branch.ended, branch.block.whole,
            places.get(branch.parent), places.get(branch.last_shown),
        )
        for branch in walk
    ), places[shown]  # fmt: skip


def without_pace(setting: Setting) -> Setting:
    """A setting as it is kept: how fast texts are shown is no part of them."""
    return replace(setting, pace=PACES[0])


def blocks_of(texts: Iterable[KeptText], identity: str, width: int) -> list[Block]:
    """Texts of a model that were kept, as blocks of this width."""
    return [_block(seen, identity, width) for seen in texts]


def branches_of(kept: Kept, identity: str, width: int) -> Sequence[Branch]:
    """The tree that was kept, as it was: of any text one goes on, and its receipt is the same."""
    branches: list[Branch] = []
    for each in kept.branches:
        block, setting = _block(each.seen, identity, width), each.setting
        block.whole = each.whole
        request = Request(
            0, each.prompt, setting.strategy, setting.length, setting.seed, 0, setting.name,
            sample=setting.sample, dice=each.dice, as_fed=each.as_fed, identity=identity,
        )  # fmt: skip
        parent = None if each.parent is None else branches[each.parent]
        branch = Branch(request, setting, block, parent, over=True, ended=each.ended)
        branches.append(branch)
        if parent is not None:
            parent.children.append(branch)
    for each, branch in zip(kept.branches, branches, strict=True):
        branch.last_shown = None if each.redo is None else branches[each.redo]
    return branches


def _block(seen: KeptText, identity: str, width: int) -> Block:
    block = Block(seen.heading, seen.text, seen.given, width)
    block.base, block.note, block.earlier = seen.base, visible(seen.note), True
    block.by = weights(identity, seen.precision)
    return block
