"""What has texts written: one, or several side by side. The stages show what they write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ...widgets.prompt import Prompt
from ...writer.knobs import Setting
from ...writer.snapshots import Request
from ...writer.worker import DecodeWorker
from .knobs import Knobs
from .model import Model
from .text.block import Block, Comparison

if TYPE_CHECKING:
    from .text.branches import Branch
    from .text.text_view import TextView

#: Says something in a toast; True: something is wrong.
Say = Callable[[str, bool], None]


class State(Enum):
    """How far a text is that was asked for."""

    IDLE = "nothing was asked for"
    WAITING = "the engine has not begun"
    WRITING = "it is being written"
    DONE = "nothing more comes"

    @property
    def streaming(self) -> bool:
        """Whether something is yet to come."""
        return self in (State.WAITING, State.WRITING)


@dataclass(frozen=True)
class Tools:
    """What an author works with. plain: texts appear when they are finished."""

    worker: DecodeWorker
    knobs: Knobs
    model: Model
    prompt: Prompt
    say: Say
    plain: bool = False


class Asked(NamedTuple):
    """A text to write. given: characters of the prompt that the user gave, None: all of them.

    like: the request that it repeats.
    """

    prompt: str
    given: int | None = None
    like: Request | None = None


class Meters(NamedTuple):
    """What is measured of a text. read: the share of its prompt that the model has read.

    log_prob: nats. below: whether newer lines are out of view.
    """

    characters: int = 0
    log_prob: float = 0.0
    ended: bool = False
    seconds: float = 0.0
    below: bool = False
    comparison: Comparison | None = None
    read: float = 1.0


class Kept(NamedTuple):
    """A text that can be exported. branch: None when it is another model's."""

    block: Block
    branch: Branch | None
    view: TextView


class Author(Protocol):
    """What keys of the view do to what is written."""

    @property
    def streaming(self) -> bool:
        """Whether something is being written."""

    @property
    def asked(self) -> Asked | None:
        """By what the newest text was asked for."""

    @property
    def text(self) -> str:
        """Prompt and text, as they are copied."""

    @property
    def meters(self) -> Meters:
        """What the status line says of it."""

    def write(self, asked: Asked) -> None:
        """Write on from a prompt."""

    def turn(self, setting: Setting) -> None:
        """Take a setting; what it changes is written again."""

    def regenerate(self) -> None:
        """Write again, with the next seed."""

    def go_on(self) -> None:
        """Write on where the text was cut."""

    def kept(self) -> Kept | None:
        """What can be exported; where nothing can, it is said why."""

    def cancel(self) -> None:
        """Stop writing; what is there stays."""
