"""The writing half's door to the native engine: load a checkpoint, write, stream, score.

    engine = Engine.load("checkpoints/shakespeare")
    engine.write("ROMEO:", Sampling(top_p=0.95)).text

An `Engine` is immutable and may be shared by threads. PyTorch is imported only when a
device other than "cpu" is asked for. This file is long because it is the door: every call is here
with its options, and what it does is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from charlm.checks import check_choice, check_integer, check_list
from charlm.decoding import Greedy, Limits, Sampling, Strategy, check_strategy, is_beam
from charlm.engine.beams import BeamSession
from charlm.engine.call_options import Options, check_names
from charlm.engine.contract import Ints, NativeScoring
from charlm.engine.devices import open_device
from charlm.engine.encoded_text import EncodedText, encode_ids, encode_text, encode_texts, ids_given
from charlm.engine.events import Completion
from charlm.engine.pieces import pieces
from charlm.engine.prompt_state import PromptState
from charlm.engine.prompts import AnyPrompt, Prompt, PromptReader, prompt_of, sample_indices
from charlm.engine.sampling import SampleSession
from charlm.engine.scoring import Score, Scoring
from charlm.engine.session import MAX_SAMPLE, MAX_SAMPLES, Session, Task
from charlm.engine.windows import WindowScore, check_windows, cut_windows, mean_of
from charlm.model.config import PRECISIONS, Precision
from charlm.run.checkpoint import Checkpoint, load_checkpoint
from charlm.text.readers import WINDOW, WINDOWS
from charlm.text.vocabulary import EOS, Unknown, Vocabulary
from charlm.wording import counted

#: Goes up when the same checkpoint, prompt, strategy and seed give another text.
ENGINE_FORMAT = 3

MAX_THREADS = 1024
MAX_RIVALS = 2**16
_NUCLEUS = Sampling(top_p=0.95)  # what writes where no strategy is given


class Engine:
    """A checkpoint made ready to write: weights checked, folded and packed once.

    device: "cpu" is the native engine on `threads` threads; "cuda" decodes on torch tensors;
    "auto" is cuda where PyTorch sees one, else cpu, and then says so in `notices`. precision:
    "int8" keeps weights and hidden states in products as 8-bit integers: smaller and faster, a
    little less exact (docs/int8.md has the loss); the native engine only. Raises
    CheckpointError, InputError, and CharlmError where there is no such device.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        threads: int = 1,
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        check_integer("threads", threads, 1, MAX_THREADS)
        check_choice("precision", precision, PRECISIONS)
        self.checkpoint = checkpoint
        self.threads = threads
        opened = open_device(device)
        self.device = opened.name
        self.notices = [opened.notice] if opened.notice else []
        self._loaded = opened.load(checkpoint, precision)
        self._model = self._loaded.model

    def __repr__(self) -> str:
        config = self.checkpoint.config
        layers = f"{config.layers} x {config.hidden_size}"
        characters = counted(len(self.vocabulary.characters), "character")
        return (
            f"<Engine: {config.cell} {layers}, {characters},"
            f" {self.checkpoint.text.unit} text, {self.precision} on {self.device} ({self.isa}),"
            f" threads {self.threads}, model {self.checkpoint.identity:.12}>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        """A pickle holds the checkpoint; weights are folded and packed anew where it is read."""
        return _made_again, (self.checkpoint, self.threads, self.device, self.precision)

    def __copy__(self) -> Engine:
        """Itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Engine:
        """Itself: it never changes."""
        return self

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        threads: int = 1,
        device: str = "cpu",
        precision: str = "float32",
    ) -> Engine:
        """Read a checkpoint file or a run folder. Raises CheckpointError, CharlmError."""
        return cls(load_checkpoint(path), threads=threads, device=device, precision=precision)

    @property
    def vocabulary(self) -> Vocabulary:
        """Characters and ids of the model."""
        return self.checkpoint.vocabulary

    @property
    def precision(self) -> Precision:
        """Of the weights in products: float32 or int8."""
        return self._model.precision

    @property
    def isa(self) -> str:
        """What computes: the instruction set (avx512, avx2, portable), or the device's name."""
        return self._model.isa

    def start(
        self,
        prompts: Sequence[AnyPrompt],
        strategy: Strategy,
        *,
        n: int = 1,
        first_sample: int | Sequence[int] = 0,
        details: int | None = None,
        seed: int = 1,
        dice: str | Sequence[str] = "prompt",
        unknown: Unknown = "error",
        max_length: int = Limits.max_length,
        min_length: int = Limits.min_length,
        stop: tuple[str, ...] = Limits.stop,
        ignore_eos: bool = Limits.ignore_eos,
        seconds: float | None = Limits.seconds,
    ) -> Session:
        """Begin decoding: n samples of each prompt, or one beam each. Raises InputError.

        first_sample: index of the first of the n samples, for all prompts or for each; a prompt
        that stands twice in the list is written twice alike unless its indices differ
        (`sample_indices`). dice: as in `Options`, for all prompts or for each. details: how many
        rivals of each character are told, 0 for rank and entropy alone.
        """
        check_list("prompts", prompts, "prompts")
        check_strategy(strategy)
        task = Task(
            self._loaded,
            self.checkpoint,
            strategy,
            Limits(max_length, min_length, stop, ignore_eos, seconds),
            n=n,
            first_sample=first_sample,
            seed=seed,
            dice=dice,
            unknown=unknown,
            rivals=self._rivals(details),
            threads=self.threads,
        )
        return (BeamSession if is_beam(strategy) else SampleSession)(task, prompts)

    def write(
        self,
        prompt: str | PromptState,
        strategy: Strategy | None = None,
        **options: Unpack[Options],
    ) -> Completion:
        """One completion (the best one, of a beam); without a strategy, nucleus 0.95."""
        check_names("write", options)
        return self.write_many([prompt], strategy, **options)[0][0]

    def write_many(
        self,
        prompts: Sequence[str | PromptState],
        strategy: Strategy | None = None,
        *,
        n: int = 1,
        first_sample: int = 0,
        **options: Unpack[Options],
    ) -> list[list[Completion]]:
        """For every prompt its n samples, or the n best of its beam.

        A prompt that stands twice in the list has other dice the second time.
        """
        check_names("write_many", options)
        strategy = _NUCLEUS if strategy is None else strategy
        reader = self._reader(options.get("unknown", "error"))
        read, firsts = self._counted(reader, prompts, strategy, n, first_sample)
        session = self.start(read, strategy, n=n, first_sample=firsts, **options)
        while not session.done:
            session.advance(256)
        if options.get("details") is None:
            return session.completions()
        return [
            [
                replace(completion, details=session.details(prompt * n + sample))
                for sample, completion in enumerate(completions)
            ]
            for prompt, completions in enumerate(session.completions())
        ]

    def stream(
        self,
        prompt: str | PromptState,
        strategy: Strategy | None = None,
        **options: Unpack[Options],
    ) -> Iterator[str]:
        """The completion in pieces, as they come; a piece never changes again.

        Of a beam, a piece comes once every hypothesis that may still win agrees on it.
        """
        check_names("stream", options)
        strategy = _NUCLEUS if strategy is None else strategy
        return pieces(self.start([prompt], strategy, **options))

    def prompt_as_fed(self, text: str) -> Prompt:
        """The prompt that a session or a record tells of: it is not prepared a second time.

        Raises UnknownCharacter.
        """
        return prompt_of(self.checkpoint, self.vocabulary.string2code(text))

    def read_prompts(
        self, prompts: Sequence[AnyPrompt], unknown: Unknown = "error"
    ) -> tuple[list[Prompt], list[str]]:
        """Prompts as `start` feeds them, and notices of the characters that were replaced.

        What was read is not prepared a second time. Raises UnknownCharacter and InputError, which
        say the place of the prompt among several.
        """
        reader = self._reader(unknown)
        return reader.read_all(prompts), reader.notices

    def sample_indices(
        self,
        prompts: Sequence[AnyPrompt],
        strategy: Strategy,
        *,
        n: int = 1,
        first: int = 0,
        unknown: Unknown = "error",
    ) -> list[int]:
        """The `first_sample` of every prompt, counted on from `first` where a prompt repeats.

        Prompts are the same if their ids are. Raises as `start` does.
        """
        return self._counted(self._reader(unknown), prompts, strategy, n, first)[1]

    def _counted(
        self,
        reader: PromptReader,
        prompts: Sequence[AnyPrompt],
        strategy: Strategy,
        n: int,
        first: int,
    ) -> tuple[list[Prompt], list[int]]:
        """The prompts as they are fed, and the `first_sample` of each."""
        check_integer("n", n, 1, MAX_SAMPLES)
        check_integer("first_sample", first, 0, MAX_SAMPLE)
        check_list("prompts", prompts, "prompts")
        check_strategy(strategy)
        read = [reader.read(prompt) for prompt in prompts]
        return read, sample_indices(read, 1 if is_beam(strategy) else n, first)

    def _reader(self, unknown: Unknown = "error") -> PromptReader:
        return PromptReader(self.checkpoint, self.precision, unknown)

    def feed(self, prompt: str | PromptState, *, unknown: Unknown = "error") -> PromptState:
        """What the model knows after a text: a prompt from which writing starts at once."""
        return self._fed(self._reader(unknown).read(prompt))

    def _fed(self, prompt: Prompt) -> PromptState:
        nothing = Greedy(), Limits(max_length=0)
        session = SampleSession(Task(self._loaded, self.checkpoint, *nothing), [prompt])
        while not session.done:
            session.advance()
        return session.prompt_state(0)

    def state_after(self, session: Session, prompt: int = 0, rank: int = 0) -> PromptState:
        """The state after one of a prompt's completions as it stands, its end left out.

        The text goes on from it, with the same seed and sample index, as if it had never stopped,
        but that a stop begins to be looked for anew. Raises InputError before the prompt is fed.
        """
        check_integer("prompt", prompt, 0, len(session.prompts) - 1)
        before = session.prompt_state(prompt)
        check_integer("rank", rank, 0, session.n - 1)
        written = [id for id in session.written_ids(prompt, rank) if id != EOS]
        whole = prompt_of(self.checkpoint, [*before.ids[1:].tolist(), *written])
        start = before.state, before.logits, len(before.ids)
        return self._fed(whole._replace(start=start, dice=before.dice))

    def score(self, text: str, *, details: int | None = None, unknown: Unknown = "error") -> Score:
        """Log-probabilities of a text, split by the checkpoint's unit as the trainer splits it.

        Continuous: one stream from the zero state, the start id first; of more than 2 million
        characters many readers, and the score says that it is approximate. details: how many
        rivals of each character are told, 0 for rank and entropy alone. Raises InputError.
        """
        return self.start_score(text, details=details, unknown=unknown).score()

    def score_many(
        self, texts: Sequence[str], *, details: int | None = None, unknown: Unknown = "error"
    ) -> list[Score]:
        """The score of each text, as `score` gives it, read side by side. Raises InputError.

        An error says which of several texts it is of.
        """
        return self._scoring(encode_texts(self.checkpoint, texts, unknown), details).scores()

    def start_score(
        self,
        text: str,
        *,
        details: int | None = None,
        unknown: Unknown = "error",
        keep: bool = True,
    ) -> Scoring:
        """As `score`, a piece at a time. keep: False for `Scoring.totals` alone, in less memory."""
        return self._scoring([encode_text(self.checkpoint, text, unknown)], details, keep)

    def start_score_ids(self, ids: Sequence[int], *, details: int | None = None) -> Scoring:
        """As `start_score`, of one text as it stands: ids [T] behind the start id, no end added."""
        whole = encode_ids(self.checkpoint, ids_given(self.vocabulary, ids), exact=True)
        return self._scoring([whole], details)

    def score_windows(
        self,
        text: str,
        *,
        window: int = WINDOW,
        windows: int = WINDOWS,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> WindowScore:
        """The mean loss of windows at random places, each from the zero state: as nanoGPT's.

        window: characters that are predicted of each (`charlm.engine.windows`). Raises InputError
        for a text that is shorter, and for a model whose text is not continuous.
        """
        chosen = {"window": window, "windows": windows, "seed": seed}
        scoring = self.start_windows(text, **chosen, unknown=unknown)
        return mean_of(scoring.totals(), window, seed)

    def start_windows(
        self,
        text: str,
        *,
        window: int = WINDOW,
        windows: int = WINDOWS,
        seed: int = 1,
        unknown: Unknown = "error",
    ) -> Scoring:
        """As `score_windows`, a piece at a time: each window is a text of the scoring."""
        check_windows(self.checkpoint, window, windows, seed)
        ids = encode_text(self.checkpoint, text, unknown).ids[1:]
        return self._scoring(cut_windows(ids, window, windows, seed), None, False, "window")

    def _scoring(
        self,
        texts: Sequence[EncodedText],
        details: int | None,
        keep: bool = True,
        called: str = "text",
    ) -> Scoring:
        rivals = self._rivals(details)

        def begin(inputs: Sequence[Ints], targets: Sequence[Ints]) -> NativeScoring:
            return self._loaded.scoring(inputs, targets, rivals, self.threads)

        return Scoring(begin, texts, keep=keep, called=called)

    def _rivals(self, details: int | None) -> int:
        """As the native side wants it: -1 for no details, never more than there are ids."""
        if details is None:
            return -1
        check_integer("details", details, 0, MAX_RIVALS)
        return min(details, len(self.vocabulary) - 1)

    def logits(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """ids [N, T] -> logits [N, T, V] of the next character, from the zero state."""
        return self._model.logits(ids)


def _made_again(checkpoint: Checkpoint, threads: int, device: str, precision: str) -> Engine:
    """An engine out of its pickle."""
    return Engine(checkpoint, threads=threads, device=device, precision=precision)
