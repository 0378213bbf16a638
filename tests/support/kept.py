"""A user with a place of their own, and what the screen keeps there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes import FACTS

from tui.views.write.text.branches import Branch
from tui.views.write.view import WriteScreen
from tui.writer.kept.folder import KeptFolder
from tui.writer.kept.keeper import Keeper
from tui.writer.knobs import Setting

#: Of models of one's own: they lie below `checkpoints` of the working folder.
MINE, OTHER = (
    FACTS._replace(name=name, identity=name[0] * 64, path=Path(f"checkpoints/{name}/model"))
    for name in ("arno", "beta")
)


@dataclass(frozen=True)
class Place:
    """The folder of what is kept, and a keeper for each start of the screen."""

    path: Path

    @property
    def keeper(self) -> Keeper:
        return Keeper(KeptFolder(self.path))

    def file(self, identity: str = MINE.identity) -> Path:
        return self.path / f"{identity}.json"


def picture(screen: WriteScreen) -> dict[str, Any]:
    """What is brought back: all that is seen, and what it takes to go on from it."""
    writing, view = screen.text.writing, screen.text.view
    shown = writing.shown
    walk = [] if shown is None else [branch for branch, _ in shown.root().walk()]
    return {
        "blocks": [(b.heading, b.note, b.text, b.given, b.base, b.by) for b in view.blocks],
        "tree": [_branch(branch, walk) for branch in walk],
        "shown": None if shown is None else walk.index(shown),
        "history": screen.prompt._history,
        "knobs": screen.knobs.setting,
    }


def _branch(branch: Branch, walk: Sequence[Branch]) -> tuple[object, ...]:
    block, request = branch.block, branch.request._replace(number=0, pace=0, known="")
    return (
        block.heading, block.text, block.given, block.base, block.whole, branch.ended, branch.over,
        request._replace(details=False), without_pace(branch.setting),
        None if branch.parent is None else walk.index(branch.parent),
        None if branch.last_shown is None else walk.index(branch.last_shown),
    )  # fmt: skip


def without_pace(setting: Setting) -> tuple[object, ...]:
    return (setting.name, dict(setting.values), dict(setting.texts), setting.length,
            setting.seed, setting.sample, setting.wanted)  # fmt: skip
