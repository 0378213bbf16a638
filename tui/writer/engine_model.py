"""From charlm.engine.engine and charlm.engine.stream to what the writing thread asks for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charlm.decoding import BeamSearch, Limits, NucleusBeam, is_beam
from charlm.display import visible
from charlm.errors import InputError
from charlm.model.config import Precision

from .contract import StillWanted, Unwanted
from .models import shown_name
from .snapshots import (
    Explain,
    Explained,
    ModelFacts,
    Question,
    Recorded,
    Request,
    Together,
    WantRecord,
)
from .thoughts import RIVALS, Thoughts, thoughts_of

if TYPE_CHECKING:
    from charlm.engine.engine import Engine
    from charlm.engine.prompts import AnyPrompt
    from charlm.engine.scoring import Scoring
    from charlm.engine.session import Session

    from .engine_lanes import EngineLanes
    from .search import EndedText, SearchPart

_PAD = 0
#: Positions at a time of what nobody watches: the time ends an advance first.
_MANY = 4096
#: Finished texts of a beam that are told of while it searches.
_ENDED = 20


def load_engine(path: Path, threads: int, precision: Precision) -> EngineModel:
    """A checkpoint on the native engine. Imported here: NumPy waits for the first paint."""
    from charlm.engine.engine import Engine

    return EngineModel(Engine.load(path, threads=threads, precision=precision), path)


class EngineModel:
    """A model as the screen uses it: facts, completions, answers about them."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        checkpoint = engine.checkpoint
        config = checkpoint.config
        vocabulary = checkpoint.vocabulary
        loss, part = _loss(checkpoint.metrics)
        self.alphabet: tuple[str, ...] = tuple(map(vocabulary.to_char, range(len(vocabulary))))
        self.facts = ModelFacts(
            name=visible(shown_name(path)),
            path=path,
            cell=str(config.cell).upper(),
            layers=config.layers,
            hidden=config.hidden_size,
            parameters=config.parameter_count,
            characters=len(vocabulary.characters),
            unit=checkpoint.text.unit,
            loss=loss,
            isa=engine.isa,
            threads=engine.threads,
            precision=engine.precision,
            loss_part=part,
            identity=checkpoint.identity,
        )

    def open(self, request: Request) -> EngineText:
        """Begin a completion; unknown characters are mapped or left out, with a notice."""
        strategy = request.strategy
        if isinstance(strategy, BeamSearch | NucleusBeam):
            session = self._start(request, request.length, None, min(strategy.width, _ENDED))
            return EngineText(self, session, False)
        session = self._start(request, request.length, RIVALS if request.details else None)
        return EngineText(self, session, request.details)

    def open_lanes(self, together: Together) -> EngineLanes:
        """Begin several texts; samples that follow one another are one batch."""
        from .duel import Duel, rivals_of
        from .engine_lanes import EngineLanes

        batches: list[list[Request]] = []
        for request in together.requests:
            last = batches[-1][-1] if batches else None
            if last is not None and last._replace(sample=last.sample + 1) == request:
                batches[-1].append(request)
            else:
                batches.append([request])
        sides = [request.strategy for request in together.requests]
        duel = Duel(self._engine, sides) if together.compared else None
        details = rivals_of(together.requests[0].length) if duel is not None else None
        sessions = [
            self._start(
                batch[0], batch[0].length,
                None if is_beam(batch[0].strategy) else details, len(batch),
            )
            for batch in batches
        ]  # fmt: skip
        return EngineLanes(together.number, sessions, duel)

    def answer(self, question: Question, wanted: StillWanted) -> Explained | Recorded:
        """Decode a text once more, and tell what was asked. Raises InputError, Unwanted."""
        if isinstance(question, Explain):
            return Explained(question, tuple(self._explain(question, wanted)))
        return Recorded(question, self._record(question, wanted))

    def foreseen(
        self, text: str, wanted: StillWanted, after: str = "", ended: bool = False
    ) -> Thoughts | None:
        """What the model thought of a text (and of its end) after another; None of no text.

        Raises Unwanted.
        """
        from charlm.text.vocabulary import EOS

        before = self._engine.vocabulary.string2code(after)
        ids = self._engine.vocabulary.string2code(text) + [EOS] * ended
        if not ids:
            return None
        scoring = self.scoring_of([*before, *ids])
        _pull(scoring, wanted)
        return self.thoughts_in(scoring)[len(before) :]

    def scoring_of(self, ids: Sequence[int]) -> Scoring:
        """What finds the thoughts of ids that are given."""
        return self._engine.start_score_ids(ids, details=RIVALS)

    def thoughts_in(self, scoring: Scoring) -> Thoughts:
        """The thoughts that were found."""
        score = scoring.score()
        assert score.details is not None
        return thoughts_of(self.alphabet, score.ids, score.log_probs, score.details)

    def _start(self, request: Request, length: int, details: int | None, n: int = 1) -> Session:
        from charlm.dice import spelled

        mine = request.identity in ("", self.facts.identity)
        prompt: AnyPrompt = request.prompt
        if request.as_fed and mine:
            prompt = self._engine.prompt_as_fed(request.prompt)
        session = self._engine.start(
            [prompt], request.strategy, n=n,
            max_length=length, seed=request.seed, dice=request.dice if mine else "prompt",
            first_sample=_sample(request), unknown="map", details=details,
        )  # fmt: skip
        if not mine and request.dice not in ("prompt", spelled(session.dice[0])):
            session.notices.append("own dice: those of the text were another model's")
        return session

    def _explain(self, question: Explain, wanted: StillWanted) -> Sequence[Thoughts]:
        request, text = question.request, question.text
        told = None
        if not is_beam(request.strategy):
            session = self._start(request, len(text) + question.ended, RIVALS)
            _pull(session, wanted)
            if session.completions()[0][0].text == text:
                told = thoughts_of(self.alphabet, *session.told(0))
        told = told or self.foreseen(text, wanted, question.prompt, question.ended)
        before = self.foreseen(question.prompt, wanted)
        return [part for part in (before, told) if part is not None]

    def _record(self, question: WantRecord, wanted: StillWanted) -> str:
        from charlm.engine.records import Order, records_of

        request, text = question.request, question.text
        # What was stopped by hand is, to a record, a text of just that length.
        cut = request.length if is_beam(request.strategy) else len(text)
        for length in dict.fromkeys((request.length, cut)):
            session = self._start(request, length, None)
            _pull(session, wanted)
            order = Order(request.decoder, request.strategy, Limits(length), request.seed,
                          precision=self.facts.precision)  # fmt: skip
            [(completion, record)] = records_of(self._engine, order, session)
            if completion.text == text:
                return json.dumps(record)
        raise InputError("a search that was stopped has no record: let it come to its end")


class EngineText:
    """A completion begun."""

    def __init__(self, model: EngineModel, session: Session, details: bool) -> None:
        from charlm.dice import spelled
        from charlm.engine.stream import TextStream

        self._model, self._session, self._details = model, session, details
        self.source = TextStream(session, filtered=False)
        self.prompt = session.prompts[0]
        self.dice = spelled(session.dice[0])
        self.notices = tuple(visible(notice) for notice in session.notices)
        ids = session.vocabulary.string2code(self.prompt) if details else []
        self._scoring = model.scoring_of(ids) if ids else None

    @property
    def read(self) -> float:
        """The share of the prompt that the model has read; where it tells of it, it reads twice."""
        fed = self._session.prompts_read
        return fed if self._scoring is None else (self._scoring.read + fed) / 2

    def prompt_thoughts(self, wanted: StillWanted) -> Thoughts | None:
        """What the model thought of the prompt, where that was asked for. Raises Unwanted."""
        if self._scoring is None:
            return None
        _pull(self._scoring, wanted)
        return self._model.thoughts_in(self._scoring)

    def thoughts(self) -> Thoughts | None:
        """What it thought of what the last `advance` wrote."""
        from charlm.engine.events import SampleEvents

        events = self.source.events
        if not isinstance(events, SampleEvents) or events.details is None:
            return None
        thoughts = thoughts_of(
            self._model.alphabet, events.ids, events.log_probs, events.details, row=0
        )
        return thoughts[: int((thoughts.ids != _PAD).sum())]

    def searched(self) -> SearchPart | None:
        """What a beam did in the last `advance`."""
        from charlm.engine.events import BeamEvents

        events = self.source.events
        if not isinstance(events, BeamEvents):
            return None
        from .search import EndedText, SearchPart

        ended: tuple[EndedText, ...] = ()
        if self._model.facts.unit != "continuous":  # where no text has an end
            texts = self._session.completions()[0]
            ended = tuple(EndedText(c.text, c.length, c.score) for c in texts if c.finished)
        return SearchPart(
            self._model.alphabet, events.parents[:, 0], events.ids[:, 0], events.scores[:, 0], ended
        )

    def ended(self) -> bool:
        """Whether the model wrote its end."""
        return self._session.completions()[0][0].finished


def _pull(work: Session | Scoring, wanted: StillWanted) -> None:
    """Advance a session, or a score, to its end. Raises Unwanted."""
    while not work.done:
        if not wanted():
            raise Unwanted
        work.advance(_MANY)


def _sample(request: Request) -> int:
    """The first text of a beam is its best; dice have nothing to do with it."""
    return 0 if is_beam(request.strategy) else request.sample


def _loss(metrics: Mapping[str, object]) -> tuple[float | None, str]:
    """The loss on the part that was kept aside longest, and that part's name."""
    for part in ("test", "validation"):
        loss = metrics.get(f"{part}_loss")
        if isinstance(loss, int | float) and math.isfinite(loss):
            return loss, part
    return None, ""
