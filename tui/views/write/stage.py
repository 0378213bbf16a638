"""What stands above the prompt: the text, a search seen thinking, several texts."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Generic, TypeAlias, TypeVar

from textual.message import Message
from textual.widget import Widget

from ...keys.table import label_of
from .author import Author

AuthorT = TypeVar("AuthorT", bound=Author, covariant=True)


class Seen(Enum):
    """What is seen above the prompt, in the words of the key table."""

    TEXT = "text"
    BEAMS = "beams"
    GRID = "grid"
    DUEL = "duel"

    @property
    def side_by_side(self) -> bool:
        """Whether it is several texts."""
        return self in (Seen.GRID, Seen.DUEL)


class Stage(Widget, Generic[AuthorT]):
    """One of them: it shows what its author writes, and binds the keys of its own.

    It answers what is seen (`show`), which keys apply (`states`), and how one moves in it
    (`turn_page`, and the actions it binds). group: the keys that the page of help begins with.
    crowded: whether it leaves no room for curves.
    """

    DEFAULT_CSS = "Stage { width: 1fr; height: 1fr; }"
    group: ClassVar[str] = ""

    class Changed(Message):
        """What is seen, or which keys apply, is to be looked at again."""

    class Left(Message):
        """There is nothing to see on this stage any more: the text is to be shown."""

        def __init__(self, stage: Widget) -> None:
            super().__init__()
            self.stage = stage

    def __init__(self, author: AuthorT, id: str) -> None:
        super().__init__(id=id)
        self.author = author
        self.crowded = False

    def show(self) -> None:
        """Draw what changed since the last time."""

    def states(self) -> set[str]:
        """What holds of it, in the words of the key table."""
        return set()

    def turn_page(self, pages: int | None) -> None:
        """So many pages on or back; None: to the newest lines."""

    def take_focus(self) -> None:
        """The keys go to it."""
        self.focus()

    @property
    def selected(self) -> str:
        """The part of it that is selected."""
        return ""

    def leave(self) -> None:
        """Another one is to be seen."""

    def changed(self) -> None:
        """Have what follows the state drawn."""
        self.post_message(self.Changed())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action without a label in the present state is not there: its key falls through."""
        return label_of(action, parameters, {"write", *self.states()}) is not None


#: A stage, whatever it shows.
AnyStage: TypeAlias = Stage[Author]
