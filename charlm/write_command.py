"""`charlm write`: completions on standard output, as they come.

Several completions stand apart by an empty line. On a terminal everything goes through the
display filter and a dim line says which completion follows; in a pipe the text is raw UTF-8.
Notices go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from charlm.checkpoint import Checkpoint, find_checkpoints, load_checkpoint
from charlm.config import Precision
from charlm.decoding import is_beam
from charlm.device import Device
from charlm.display import visible_text
from charlm.engine import Engine
from charlm.errors import CharlmError, InputError, report_notice
from charlm.events import Completion
from charlm.prompt_state import PromptState
from charlm.receipt import Order, records_of
from charlm.rewriting import Request, read_records, rewrite
from charlm.session import Session
from charlm.stream import TextStream
from charlm.text_files import read_bytes
from charlm.vocabulary import Unknown


@dataclass(frozen=True)
class Task:
    """What to write. n: samples of each prompt, or how many of a beam's best.

    dice: "prompt", "shared", or a name. state: a file to begin from; each prompt follows it.
    save_state: a file for the state after the one text.
    """

    checkpoint: str
    prompts: list[str]
    order: Order
    n: int
    unknown: Unknown
    threads: int
    device: str = "cpu"
    dice: str = "prompt"
    state: str | None = None
    save_state: str | None = None


class _Output:
    """Standard output for text that a model wrote."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        # A terminal gets what it can show, a pipe gets every character as it is.
        if hasattr(sys.stdout, "reconfigure"):
            if self.terminal:
                sys.stdout.reconfigure(errors="backslashreplace")
            else:
                sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass")
        self._at_line_start = True
        self._begun = False

    def write(self, text: str) -> None:
        """Write a piece of text; it is shown at once."""
        if text:
            sys.stdout.write(visible_text(text) if self.terminal else text)
            sys.stdout.flush()
            self._at_line_start = text.endswith("\n")

    def begin(self, heading: str) -> None:
        """Set a completion apart from the one before; `heading` may be empty."""
        self.end_line()
        if self._begun:
            self.write("\n")
        self._begun = True
        if heading:
            sys.stdout.write(f"\x1b[2m{heading}\x1b[0m\n" if self.terminal else f"{heading}\n")

    def end_line(self) -> None:
        """End the line, if one was begun."""
        if not self._at_line_start:
            self.write("\n")


def read_prompts(prompt: str | None, file: str | None) -> list[str]:
    """The prompts meant by --prompt and --prompts, of which one is given: TEXT, -, or FILE."""
    source = "-" if prompt == "-" else file
    if source is None:
        return [prompt or ""]
    data, name = read_bytes(source, "prompts")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"prompts {name}: byte {data[error.start]:#04x} at offset {error.start:,}, line"
            f" {data.count(bytes([10]), 0, error.start) + 1:,}, is not UTF-8: convert the file"
        ) from None
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def write(task: Task, *, as_json: bool) -> None:
    """Write every completion of a task to standard output."""
    if not task.prompts:
        return
    if task.save_state and len(task.prompts) * task.n != 1:
        raise InputError("--save-state is of one text: give one prompt, and -n 1")
    order = task.order
    engine = Engine.load(
        task.checkpoint, threads=task.threads, device=task.device, precision=order.precision
    )
    prompts = _begun(task)
    session = engine.start(
        prompts,
        order.strategy,
        n=task.n,
        first_sample=engine.sample_indices(prompts, order.strategy, n=task.n, unknown=task.unknown),
        details=order.details,
        seed=order.seed,
        dice=task.dice,
        unknown=task.unknown,
        **asdict(order.limits),
    )
    for notice in (*engine.notices, *session.notices):
        report_notice(notice)
    if not (as_json or is_beam(order.strategy)):
        _write_samples(session)
    while not session.done:
        session.advance(64)
    if as_json:
        for _, record in records_of(engine, order, session):
            print(json.dumps(record))
    elif is_beam(order.strategy):
        _write_best(session.completions())
    if task.save_state:
        engine.state_after(session).save(task.save_state)
    _report_overflow(session.completions())


def write_again(
    records: str, checkpoint: str | None, device: Device, threads: int, *, as_json: bool
) -> None:
    """Write the texts of a file of records once more, as they were written; or the records.

    checkpoint: the one they are of; None: it is looked for.
    """
    data, name = read_bytes(records, "file of records")
    requests = read_records(data, name, device.name)
    models = _models_of(requests, name, checkpoint)
    engines: dict[tuple[str, Precision], Engine] = {}
    for model, precision in {(request.model, request.order.precision) for request in requests}:
        engines[model, precision] = Engine(
            models[model], threads=threads, device=device.name, precision=precision
        )
    completions = rewrite(engines, requests)
    if as_json:
        for request in requests:
            print(json.dumps(request.record))
        return
    groups: list[list[Completion]] = []
    for request, completion in zip(requests, completions, strict=True):
        if request.rank == 0 or not groups or groups[-1][0].prompt != completion.prompt:
            groups.append([])
        groups[-1].append(completion)
    if is_beam(requests[0].order.strategy):
        _write_best(groups)
        return
    output = _Output()
    for completion in completions:
        output.begin("")
        output.write(completion.prompt + completion.text)
    output.end_line()


def _models_of(
    requests: Sequence[Request], name: str, checkpoint: str | None
) -> dict[str, Checkpoint]:
    """The models of records by the names they give them; says which were found where."""
    lines = {request.model: request.line for request in reversed(requests)}
    if checkpoint is None:
        found = find_checkpoints(lines)
        for path in dict.fromkeys(path for path, _ in found.values()):
            report_notice(f"the records are of {path}")
        return {model: checkpoint for model, (_, checkpoint) in found.items()}
    given = load_checkpoint(checkpoint)
    for model, line in lines.items():
        if not given.is_named(model):
            raise InputError(
                f"records {name}, line {line:,}: its model is {model:.12}, not"
                f" {given.identity:.12} of {checkpoint}"
            )
    return dict.fromkeys(lines, given)


def _begun(task: Task) -> list[str] | list[PromptState]:
    if task.state is None:
        return task.prompts
    state = PromptState.load(task.state)
    return [state + prompt for prompt in task.prompts]


def _write_best(results: list[list[Completion]]) -> None:
    """A search shows its results when it has them, best first, each with its score."""
    output = _Output()
    headed = output.terminal or any(len(completions) > 1 for completions in results)
    for prompt, completions in enumerate(results):
        for rank, completion in enumerate(completions, start=1):
            end = {"eos": "the end", "stop": "a stop"}.get(completion.end, "cut")
            heading = (
                f"{_place(len(results), prompt)}{rank}. score {completion.score:.4f},"
                f" log_prob {completion.log_prob:.4f}, length {completion.length:,}, {end}"
            )
            output.begin(heading if headed else "")
            output.write(completion.prompt + completion.text)
    output.end_line()


def _write_samples(session: Session) -> None:
    """The first completion streams; those behind it are shown, as far as they are, in turn."""
    output = _Output()
    stream = TextStream(session, filtered=False)  # the output filters, where it is a terminal
    finished = [False] * session.rows
    for row in range(session.rows):
        prompt, sample = divmod(row, session.n)
        heading = f"{_place(len(session.prompts), prompt)}sample {sample + 1}"
        output.begin(heading if session.rows > 1 and output.terminal else "")
        output.write(session.prompts[prompt] + stream.text(row))
        while not finished[row]:
            for change in stream.advance():
                finished[change.row] = change.finished
                if change.row == row:
                    output.write(change.text)
    output.end_line()


def _place(prompts: int, prompt: int) -> str:
    return f"prompt {prompt + 1}, " if prompts > 1 else ""


def _report_overflow(results: list[list[Completion]]) -> None:
    """Once all is written: an error for the first text that the model could not go on with."""
    for prompt, completions in enumerate(results):
        for sample, completion in enumerate(completions):
            if completion.end == "overflow":
                raise CharlmError(
                    f"the model's numbers overflow in {_place(len(results), prompt)}sample"
                    f" {sample + 1}, at character {completion.length + 1:,}"
                )
