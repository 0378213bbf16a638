"""The texts that came of one another, as a tree from which one is chosen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charlm.display import visible

from .branches import Branch

_QUIET = "$text-muted"
_SHOWN = 40
_LEVELS = 8  # drawn of a deeper tree, so that the texts stay in view


class BranchesSheet(ModalScreen[Branch | None]):
    """The tree; Enter shows a text. Gives it, or None."""

    BINDINGS = [("escape", "dismiss(None)", "Close"), ("b", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, now: Branch) -> None:
        super().__init__()
        self._now = now
        self._walk = list(now.root().walk())

    def compose(self) -> ComposeResult:
        """One line for each text: where it left, and how it goes on."""
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "Branches"
            sheet.border_subtitle = "Enter shows · Esc closes"
            yield OptionList(
                *(self._option(branch, bars) for branch, bars in self._walk),
                id="branch-list", markup=False,
            )  # fmt: skip

    def on_mount(self) -> None:
        """Begin at the text shown."""
        branches = [branch for branch, _ in self._walk]
        self.query_one(OptionList).highlighted = branches.index(self._now)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Give the chosen text."""
        self.dismiss(self._walk[event.option_index][0])

    def _option(self, branch: Branch, bars: tuple[bool, ...]) -> Option:
        here = "● " if branch is self._now else "  "
        tree = "".join("│  " if more else "   " for more in bars[:-1][-_LEVELS:])
        if bars:
            tree += "├─ " if bars[-1] else "└─ "
        left = branch.left_at
        given = (branch.parent or branch).block.given
        text = visible(branch.block.text[left : left + _SHOWN].replace("\n", "↵"))
        where = f"at {left - given + 1:,}  " if left >= given else "in the prompt  "
        where = where if bars else ""
        size = f"  {len(branch.block.text) - branch.block.given:,}"
        return Option(
            Content.assemble((here, "$accent"), (tree, _QUIET), (where, _QUIET), (text, "bold"),
                             (size, _QUIET))
        )  # fmt: skip
