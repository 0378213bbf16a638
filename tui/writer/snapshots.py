"""What the threads post to the screen: frozen snapshots, read by the drain.

A thread never touches a widget. Every request carries a number; snapshots of an older request
than the newest are dropped by the reader. Named tuples: as dataclasses they would take a
thirtieth of the time to the first paint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charlm.decoding import Strategy
from charlm.model.config import Precision

from .thoughts import Thoughts

if TYPE_CHECKING:
    from .kept.values import Kept
    from .search import SearchPart  # the first paint does not need it


class ModelFacts(NamedTuple):
    """What the title line says of a model.

    loss: nats per character of the part of the corpus that `loss_part` names, from which it never
    learned; None when not known. identity: of the model (charlm.model.identity), "" when not known.
    """

    name: str
    path: Path
    cell: str
    layers: int
    hidden: int
    parameters: int
    characters: int
    unit: str
    loss: float | None
    isa: str
    threads: int
    precision: Precision
    loss_part: str = ""
    identity: str = ""


class Request(NamedTuple):
    """One completion asked for. `pace` is in characters per second, 0 for full speed.

    sample: which of the texts of this seed, from 0. dice: "prompt", or the name of those that a
    text began with, so that it goes on as if it had never stopped. as_fed: the prompt is not
    prepared again, as a model wrote a part of it. identity: of that model; another one takes the
    prompt as typed, with its own dice. decoder: the strategy's name in charlm.decoding.STRATEGIES.
    details: what the model thought is told too; a beam has none before its end. known: a text that
    is shown already: where the new one is the same, the pace does not hold it up.
    """

    number: int
    prompt: str
    strategy: Strategy
    length: int
    seed: int
    pace: int
    decoder: str
    details: bool = False
    known: str = ""
    sample: int = 0
    dice: str = "prompt"
    as_fed: bool = False
    identity: str = ""

    def going_on(self, like: Request | None) -> Request:
        """The same, repeating another: with its dice, and its prompt as that was fed."""
        if like is None:
            return self
        return self._replace(dice=like.dice, as_fed=like.as_fed, identity=like.identity)


class Together(NamedTuple):
    """Several texts of one prompt, written side by side, character by character.

    compared: of two, how much likelier one decoder makes each character is told too.
    """

    number: int
    requests: tuple[Request, ...]
    compared: bool = False


class Explain(NamedTuple):
    """What did the model think of this text? `prompt` as fed, `text` as written for `request`.

    ended: the model wrote its end.
    """

    request: Request
    prompt: str
    text: str
    ended: bool


class WantRecord(NamedTuple):
    """The record from which `charlm write --from` writes this text again."""

    request: Request
    text: str


Question = Explain | WantRecord


class Newest(NamedTuple):
    """What is written with, and the newest text so far. `ended`: the model wrote its end too.

    identity: as in ModelFacts. growing: it is being written.
    """

    path: Path | None
    text: str
    ended: bool
    identity: str = ""
    growing: bool = False


class Loading(NamedTuple):
    """A model is being read."""

    path: Path


class Loaded(NamedTuple):
    """A model is ready to write. kept: what was kept of it, None where nothing was."""

    facts: ModelFacts
    kept: Kept | None = None


class LoadFailed(NamedTuple):
    """A model could not be read; the one before it, if any, stays."""

    path: Path
    message: str


class Started(NamedTuple):
    """The engine took the prompt; `prompt` is the text as fed, `thoughts` are of it.

    dice: the name of those that are thrown, identity: of the model; "" of several texts. Texts of
    snapshots are as the model has them: the widget that shows one filters it.
    """

    number: int
    prompt: str
    notices: tuple[str, ...]
    thoughts: Thoughts | None = None
    dice: str = ""
    identity: str = ""


class Reading(NamedTuple):
    """The model reads a long prompt. share: how much of it is read, from 0 to 1."""

    number: int
    share: float


class Written(NamedTuple):
    """The text changed to old[:keep] + text. `thoughts`: of `text`, where they were asked for.
    `search`: what a beam did meanwhile.

    `characters`: written so far; `log_prob`: their sum in nats; `seconds`: spent inside the
    engine, pauses left out.
    """

    number: int
    keep: int
    text: str
    characters: int
    log_prob: float
    seconds: float
    thoughts: Thoughts | None = None
    search: SearchPart | None = None


class LaneWritten(NamedTuple):
    """As Written, of one of several texts; `over`: it is, and `ended` by the model's end.

    ratios: for each character of `text`, log p under the first decoder minus log p under the
    second; where they are not known (yet), none. What is known later comes with the whole text.
    """

    number: int
    lane: int
    keep: int
    text: str
    characters: int
    log_prob: float
    over: bool
    ended: bool
    ratios: tuple[float, ...] = ()


class Finished(NamedTuple):
    """The completion is over. `ended`: the model wrote its end; else it was cut at the length."""

    number: int
    ended: bool


class Failed(NamedTuple):
    """The engine gave an error instead of (more) text."""

    number: int
    message: str


class Explained(NamedTuple):
    """The answer to Explain: thoughts of the prompt and of the text, in their order."""

    question: Explain
    thoughts: tuple[Thoughts, ...]


class Recorded(NamedTuple):
    """The answer to WantRecord: one line of JSON."""

    question: WantRecord
    record: str


class Unanswered(NamedTuple):
    """A question that could not be answered, and why."""

    question: Question
    message: str


Answer = Explained | Recorded | Unanswered
DecodeSnapshot = (
    Loading
    | Loaded
    | LoadFailed
    | Started
    | Reading
    | Written
    | LaneWritten
    | Finished
    | Failed
    | Answer
)
