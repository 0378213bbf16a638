"""The thread that looks into a model: a text scored by the engine, traced by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from charlm.display import visible
from charlm.errors import InputError
from charlm.text.vocabulary import EOS
from charlm.wording import counted

from ...threads import Job, Worker
from ...writer.models import shown_name
from .snapshots import (
    InspectFailed,
    InspectRequest,
    InspectSnapshot,
    Part,
    Scored,
    Traced,
    TraceProgress,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from charlm.engine.engine import Engine
    from charlm.engine.scoring import Score, Scoring
    from charlm.run.checkpoint import Checkpoint

#: The most characters that are scored, and traced; a trace is slow and takes memory.
MAX_SCORED = 100_000
MAX_TRACED = 4_000
_MAX_BYTES = 200e6
_EVERY = 50


class InspectWorker(Worker[InspectSnapshot]):
    """Answers the newest request only."""

    def __init__(self) -> None:
        super().__init__("inspect")
        self._request: InspectRequest | None = None
        self._engine: tuple[tuple[Path, int], Engine] | None = None

    def ask(self, request: InspectRequest) -> None:
        """Look into this next, in place of what is being looked into."""
        with self._wanting():
            self._request = request

    def cancel(self) -> None:
        """Stop; nothing more of the current request is posted."""
        with self._wanting():
            self._request = None

    def close(self, timeout: float = 0.1) -> None:
        """End the thread; wait for it no longer than `timeout` seconds."""
        self.cancel()
        super().close(timeout)

    def _next_job(self) -> Job | None:
        if (request := self._request) is None:
            return None
        return Job(
            partial(self._look_into, request),
            lambda said: self._post(InspectFailed(request.number, said)),
        )

    def _look_into(self, request: InspectRequest) -> None:
        try:
            self._answer(request)
        finally:
            with self._wake:
                if self._request is request:
                    self._request = None

    def _wanted(self, request: InspectRequest) -> bool:
        return self._request is request

    def _answer(self, request: InspectRequest) -> None:
        engine = self._load(request.path)
        text = request.text[:MAX_SCORED]
        whole = len(text) == len(request.text)
        read = read_examples if request.own else as_written
        examples, notices = read(engine.checkpoint, text, request.ended and whole)
        if not whole:
            notices = (*notices, f"only the first {MAX_SCORED:,} characters are looked into")
        if request.identity not in ("", engine.checkpoint.identity):
            notices = (*notices, "the model was saved anew: these are newer weights than Write has")
        if not any(len(example.ids) for example in examples):
            raise InputError("the text to look into is empty")
        if request.own:
            scoring = engine.start_score(text, details=1, unknown="map")
        else:
            [example] = examples
            ids = [*example.ids, *[EOS] * example.ends]
            scoring = engine.start_score_ids(ids, details=1)
        score = self._score(request, scoring)
        if score is None:
            return
        scored = characters_scored(engine, examples, score)
        name, ends = visible(shown_name(request.path)), places_of_ends(examples)
        self._post(Scored(request.number, name, *scored, notices, ends))
        traced = self._trace(request, engine.checkpoint, examples)
        if traced is not None:
            self._post(traced)

    def _load(self, path: Path) -> Engine:
        """The engine of a checkpoint, kept for the next request."""
        from charlm.engine.engine import Engine
        from charlm.run.checkpoint import checkpoint_path

        file = checkpoint_path(path)
        stamp = (file, file.stat().st_mtime_ns if file.exists() else 0)
        if self._engine is None or self._engine[0] != stamp:
            self._engine = stamp, Engine.load(path)
        return self._engine[1]

    def _score(self, request: InspectRequest, scoring: Scoring) -> Score | None:
        """None when another request came meanwhile."""
        while not scoring.done:
            if not self._wanted(request):
                return None
            scoring.advance()
        return scoring.score()

    def _trace(
        self, request: InspectRequest, checkpoint: Checkpoint, examples: Sequence[Example]
    ) -> Traced | None:
        """None when another request came meanwhile."""
        import numpy as np

        from charlm.reference import ReferenceModel, parts_of, trace

        config = checkpoint.config
        parts = parts_of(config)
        row = 4 * len(parts) * config.layers * config.hidden_size
        whole = sum(len(e.text) for e in examples)
        total = min(MAX_TRACED, int(_MAX_BYTES / row), whole)
        model = ReferenceModel(checkpoint)
        done = 0
        found: dict[str, list[NDArray[np.float32]]] = {}
        for example in examples:
            if done >= total:
                break
            ids = example.ids[: total - done]

            def goes_on(position: int, before: int = done) -> bool:
                if (before + position) % _EVERY == 0:
                    self._post(TraceProgress(request.number, before + position, total))
                return self._wanted(request)

            for name, values in trace(model, checkpoint.text.start_id, ids, goes_on).items():
                found.setdefault(name, []).append(values)
                if example.ends:
                    found[name].append(np.full((1, values.shape[1]), np.nan, np.float32))
            done += len(example.text)
            if not self._wanted(request):
                return None
        traces = {
            (layer, part): part_of(np.concatenate(found.pop(f"layers.{layer}.{part}")))
            for layer in range(config.layers)
            for part in parts
        }
        few = f"units are shown for the first {counted(total, 'character')} only"
        notices = (few,) if total < whole else ()
        return Traced(request.number, config.cell, config.layers, parts, traces, notices)


class Example:
    """A piece of text that the model reads from its zero state. `ends`: it foresees the end."""

    def __init__(self, ids: Sequence[int], characters: str, ends: bool) -> None:
        self.ids, self.ends = ids, ends
        self.text = characters + "\n" * ends


def as_written(
    checkpoint: Checkpoint, text: str, ended: bool
) -> tuple[list[Example], tuple[str, ...]]:
    """A text that the model wrote: one stretch, whatever it holds. ended: its end was written."""
    vocabulary = checkpoint.vocabulary
    ids, said = vocabulary.encode(text, "map")
    ends = ended and checkpoint.text.unit != "continuous"
    return [Example(ids, vocabulary.code2string(ids), ends)], tuple(map(visible, said))


def read_examples(
    checkpoint: Checkpoint, text: str, ended: bool
) -> tuple[list[Example], tuple[str, ...]]:
    """A text as a trainer reads it: prepared, cut by its unit, strange characters mapped.

    ended: the last piece ends where the text does; else it was cut there, unless it is a line
    with its newline.
    """
    from charlm.text.cutting import examples_of

    vocabulary = checkpoint.vocabulary
    examples: list[Example] = []
    notices: dict[str, None] = {}
    config = checkpoint.text
    pieces = examples_of(text, config)
    if pieces and not ended and not (config.unit == "line" and text.endswith("\n")):
        pieces[-1] = pieces[-1]._replace(ends=False)
    for example in pieces:
        ids, said = vocabulary.encode(example.text, "map")
        notices |= dict.fromkeys(map(visible, said))
        examples.append(Example(ids, vocabulary.code2string(ids), example.ends))
    return examples, tuple(notices)


def places_of_ends(examples: Sequence[Example]) -> frozenset[int]:
    """Where the model foresees an end, in the characters of all of them."""
    stops = accumulate(len(example.text) for example in examples)
    return frozenset(
        stop - 1 for example, stop in zip(examples, stops, strict=True) if example.ends
    )


def characters_scored(
    engine: Engine, examples: Sequence[Example], score: Score
) -> tuple[str, NDArray[np.float32], NDArray[np.int32], tuple[str, ...], NDArray[np.float32]]:
    """Characters, nats, ranks, the most probable character and its nats, all [T]."""
    characters = "".join(example.text for example in examples)
    count = len(characters)
    # The engine scores an end behind the last character too, where the text has none.
    assert score.details is not None and score.count in (count, count + 1)
    log_probs, details = score.log_probs[:count], score.details
    rivals, rival_log_probs = details.rival_ids[:count, 0], details.rival_log_probs[:count, 0]
    best = tuple(visible(engine.vocabulary.to_char(int(id))) or "end" for id in rivals)
    return characters, -log_probs, details.ranks[:count], best, -rival_log_probs


def part_of(values: NDArray[np.float32]) -> Part:
    """The units sorted by how much they vary."""
    import numpy as np

    known = values[np.isfinite(values[:, 0])]
    spread = known.std(axis=0, dtype=np.float64).astype(np.float32)
    return Part(values, np.argsort(-spread, kind="stable"), spread)
