"""The writing half's door to the native engine: load a checkpoint, write, stream, score.

    engine = Engine.load("checkpoints/shakespeare")
    engine.write("ROMEO:", Sampling(top_p=0.95)).text

An `Engine` is immutable and may be shared by threads. A `Session` is one batch being decoded;
it is pulled: `advance` runs some positions with the GIL released and returns their arrays, and
cancelling is not calling it again. PyTorch is never imported here.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from charlm import _engine
from charlm.checkpoint import Checkpoint, load_checkpoint
from charlm.config import check_range
from charlm.corpus import prepare_prompt, prepare_text, split_examples
from charlm.decoding import BeamSearch, Greedy, NucleusBeam, Sampling, Strategy, is_beam
from charlm.errors import CheckpointError, InputError
from charlm.vocabulary import EOS, PAD, Vocabulary

#: Goes up when the same checkpoint, prompt, strategy and seed give another text.
ENGINE_FORMAT = 1

MAX_LENGTH = 2**31 - 1
MAX_SAMPLES = 2**20
MAX_THREADS = 1024

Unknown = Literal["error", "skip", "map"]


@dataclass(frozen=True)
class Completion:
    """A text that follows a prompt.

    log_prob: of the raw model, in nats, EOS included. score: what ranks it (log_prob, unless a
    beam says otherwise). length: new characters and EOS. finished: EOS was reached; if not, the
    text was cut or is still growing.
    """

    prompt: str
    text: str
    log_prob: float
    score: float
    length: int
    finished: bool


@dataclass(frozen=True)
class Score:
    """How well a model foresees a text. log_probs: float32 [count], nats, EOS included."""

    log_probs: NDArray[np.float32]

    @property
    def count(self) -> int:
        """Number of targets."""
        return len(self.log_probs)

    @property
    def loss(self) -> float:
        """Nats per character."""
        return -float(self.log_probs.sum(dtype=np.float64)) / self.count

    @property
    def bpc(self) -> float:
        """Bits per character."""
        return self.loss / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(loss): among how many equally likely characters it hesitates."""
        return math.exp(self.loss)


@dataclass(frozen=True)
class SampleEvents:
    """n positions of N rows; after a row's end its ids are PAD and its log_probs 0."""

    ids: NDArray[np.int32]  # [n, N]
    log_probs: NDArray[np.float32]  # [n, N], of the raw model
    finished: NDArray[np.bool_]  # [N]


@dataclass(frozen=True)
class BeamEvents:
    """n positions of P prompts and K slots; an empty slot has parent -1."""

    parents: NDArray[np.int32]  # [n, P, K]: slot at the position before
    ids: NDArray[np.int32]  # [n, P, K]
    scores: NDArray[np.float64]  # [n, P, K]
    finished: NDArray[np.bool_]  # [P]


class Engine:
    """A checkpoint made ready to write: weights checked, folded and packed once."""

    def __init__(self, checkpoint: Checkpoint, *, threads: int = 1) -> None:
        check_range("threads", threads, 1, MAX_THREADS)
        self.checkpoint = checkpoint
        self.threads = threads
        try:
            self._model = _engine.Model(**asdict(checkpoint.config), tensors=checkpoint.tensors)
        except _engine.EngineError as error:
            raise CheckpointError(str(error)) from None

    @classmethod
    def load(cls, path: str | Path, *, threads: int = 1) -> Engine:
        """Read a checkpoint file or a run folder. Raises CheckpointError."""
        return cls(load_checkpoint(path), threads=threads)

    @property
    def vocabulary(self) -> Vocabulary:
        """Characters and ids of the model."""
        return self.checkpoint.vocabulary

    @property
    def isa(self) -> str:
        """The instruction set in use: avx2 or portable."""
        return self._model.isa

    def start(
        self,
        prompts: Sequence[str],
        strategy: Strategy,
        *,
        n: int = 1,
        max_length: int = 400,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> Session:
        """Begin decoding: n samples of each prompt, or one beam each. Raises InputError."""
        return Session(
            self, prompts, strategy, n=n, max_length=max_length, seed=seed, unknown=unknown
        )

    def write(
        self,
        prompt: str,
        strategy: Strategy | None = None,
        *,
        max_length: int = 400,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> Completion:
        """One completion (the best one, of a beam); without a strategy, nucleus 0.95."""
        return self.write_many(
            [prompt], strategy, max_length=max_length, seed=seed, unknown=unknown
        )[0][0]

    def write_many(
        self,
        prompts: Sequence[str],
        strategy: Strategy | None = None,
        *,
        n: int = 1,
        max_length: int = 400,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> list[list[Completion]]:
        """For every prompt its n samples, or the n best of its beam."""
        session = self.start(
            prompts,
            strategy or Sampling(top_p=0.95),
            n=n,
            max_length=max_length,
            seed=seed,
            unknown=unknown,
        )
        while not session.done:
            session.advance(256)
        return session.completions()

    def stream(
        self,
        prompt: str,
        strategy: Strategy | None = None,
        *,
        max_length: int = 400,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> Iterator[str]:
        """The completion in pieces, as they come; a piece never changes again.

        Of a beam, a piece comes once every hypothesis that may still win agrees on it.
        """
        session = self.start(
            [prompt],
            strategy or Sampling(top_p=0.95),
            max_length=max_length,
            seed=seed,
            unknown=unknown,
        )
        written = 0
        while not session.done:
            session.advance(64)
            settled = session.settled(0)
            if len(settled) > written:
                yield settled[written:]
                written = len(settled)

    def score(self, text: str, *, unknown: Unknown = "error") -> Score:
        """Log-probabilities of a text, split by the checkpoint's unit as the trainer splits it.

        Continuous: one stream from the zero state, the start id first. Raises InputError.
        """
        config = self.checkpoint.text
        inputs: list[list[int]] = []
        targets: list[list[int]] = []
        for example in split_examples(prepare_text(text, config), config):
            ids, _ = self.encode(example.text, unknown)
            inputs.append([config.start_id, *ids] if example.ends else [config.start_id, *ids[:-1]])
            targets.append([*ids, EOS] if example.ends else ids)
        if not any(targets):
            raise InputError("the text to score is empty")
        session = _engine.ScoringSession(
            model=self._model, inputs=inputs, targets=targets, threads=self.threads
        )
        while not session.done():
            session.advance(4096, 50.0)
        return Score(np.concatenate(session.log_probs()))

    def logits(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""
        return self._model.logits(ids)

    def encode(self, text: str, unknown: Unknown = "error") -> tuple[list[int], list[str]]:
        """The ids of a prepared text, and a notice for every kind of character replaced.

        unknown: "error" raises UnknownCharacter; "skip" leaves the character out; "map" takes
        its compatibility form or other case if the model has it, else skips it.
        """
        if unknown not in ("error", "skip", "map"):
            raise InputError(f"unknown is {unknown!r}: it must be error, skip or map")
        strange = sorted({c for c in text if c not in self.vocabulary})
        if not strange or unknown == "error":
            return self.vocabulary.string2code(text), []
        replacement = {c: self._nearest(c) if unknown == "map" else "" for c in strange}
        notices = [
            f"character {c!r} is unknown to the model: "
            + (f"read as {replacement[c]!r}" if replacement[c] else "skipped")
            for c in strange
        ]
        known = "".join(replacement.get(c, c) for c in text)
        return self.vocabulary.string2code(known), notices

    def _nearest(self, character: str) -> str:
        decomposed = unicodedata.normalize("NFKD", character)
        base = "".join(c for c in decomposed if not unicodedata.combining(c))
        for form in (decomposed, base, character.swapcase(), base.swapcase()):
            if form and all(c in self.vocabulary for c in form):
                return form
        return ""

    def banned_ids(self) -> list[int]:
        """What is never written: PAD, and in continuous text EOS."""
        return [PAD, EOS] if self.checkpoint.text.unit == "continuous" else [PAD]


class Session:
    """One batch being decoded. Rows: n samples of each prompt in order, or a beam a prompt."""

    def __init__(
        self,
        engine: Engine,
        prompts: Sequence[str],
        strategy: Strategy,
        *,
        n: int,
        max_length: int,
        seed: int,
        unknown: Unknown,
    ) -> None:
        check_range("n", n, 1, MAX_SAMPLES)
        check_range("max_length", max_length, 0, MAX_LENGTH)
        check_range("seed", seed, 0, 2**64 - 1)
        if isinstance(strategy, BeamSearch | NucleusBeam) and n > strategy.width:
            raise InputError(f"n is {n}: a beam of width {strategy.width} has no more texts")
        self.engine = engine
        self.strategy = strategy
        self.notices: list[str] = []
        self.prompts: list[str] = []
        self.n = n
        ids = [self._encode(prompt, unknown) for prompt in prompts]
        self._native = _native_session(engine, ids, strategy, n, max_length, seed)
        self.rows = len(ids) if is_beam(strategy) else len(ids) * n
        self._ids: list[NDArray[np.int32]] = []  # [n, N] each
        self._log_probs = np.zeros(self.rows)

    def _encode(self, prompt: str, unknown: Unknown) -> list[int]:
        config = self.engine.checkpoint.text
        ids, notices = self.engine.encode(prepare_prompt(prompt, config), unknown)
        self.notices += [notice for notice in notices if notice not in self.notices]
        self.prompts.append(self.engine.vocabulary.code2string(ids))
        return [config.start_id, *ids]

    @property
    def vocabulary(self) -> Vocabulary:
        """Characters and ids of the model."""
        return self.engine.vocabulary

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self._native.done()

    def advance(self, n: int = 1, budget_ms: float = 20) -> SampleEvents | BeamEvents:
        """Run up to n positions, or until the budget is used (by at most one position more)."""
        check_range("n", n, 1, MAX_LENGTH)
        if isinstance(self._native, _engine.BeamSession):
            return BeamEvents(*self._native.advance(n, budget_ms))
        events = SampleEvents(*self._native.advance(n, budget_ms))
        self._ids.append(events.ids)
        self._log_probs += events.log_probs.sum(axis=0, dtype=np.float64)
        return events

    def completions(self) -> list[list[Completion]]:
        """For every prompt its n completions as they stand, the best of a beam first."""
        if isinstance(self._native, _engine.BeamSession):
            return [
                [self._completion(p, *best) for best in self._native.best(p)[: self.n]]
                for p in range(len(self.prompts))
            ]
        self._join()
        rows = [self._sample(row) for row in range(self.rows)]
        return [rows[i : i + self.n] for i in range(0, len(rows), self.n)]

    def settled(self, row: int) -> str:
        """The part of a row's text that can no longer change."""
        if not isinstance(self._native, _engine.BeamSession):
            self._join()
            return self._sample(row).text
        best = [ids for ids, *_ in self._native.best(row)]
        if self._native.done():
            best = best[:1]
        if not best:
            return ""
        low, high = min(best), max(best)
        same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), None)
        return self.engine.vocabulary.code2string(low[:same])

    def _join(self) -> None:
        if len(self._ids) > 1:
            self._ids = [np.concatenate(self._ids)]

    def _sample(self, row: int) -> Completion:
        ids = self._ids[0][:, row].tolist() if self._ids else []
        while ids and ids[-1] == PAD:
            ids.pop()
        log_prob = float(self._log_probs[row])
        finished = bool(ids) and ids[-1] == EOS
        return self._completion(row // self.n, ids, log_prob, log_prob, len(ids), finished)

    def _completion(
        self,
        prompt: int,
        ids: Sequence[int],
        log_prob: float,
        score: float,
        length: int,
        finished: bool,
    ) -> Completion:
        text = self.engine.vocabulary.code2string(ids)
        return Completion(self.prompts[prompt], text, log_prob, score, length, finished)


def _native_session(
    engine: Engine, ids: list[list[int]], strategy: Strategy, n: int, max_length: int, seed: int
) -> _engine.SamplingSession | _engine.BeamSession:
    model, banned, threads = engine._model, engine.banned_ids(), engine.threads
    if isinstance(strategy, BeamSearch | NucleusBeam):
        return _engine.BeamSession(
            model=model,
            prompts=ids,
            width=strategy.width,
            length_penalty=strategy.length_penalty,
            nucleus=isinstance(strategy, NucleusBeam),
            top_p=strategy.top_p if isinstance(strategy, NucleusBeam) else 1.0,
            seed=seed,
            max_length=max_length,
            banned=banned,
            threads=threads,
        )
    filters = Sampling(temperature=0) if isinstance(strategy, Greedy) else strategy
    return _engine.SamplingSession(
        model=model,
        prompts=ids,
        samples=n,
        seed=seed,
        max_length=max_length,
        banned=banned,
        threads=threads,
        **asdict(filters),
    )
