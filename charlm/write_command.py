"""`charlm write`: completions on standard output, as they come.

Several completions stand apart by an empty line. On a terminal everything goes through the
display filter and a dim line says which completion follows; in a pipe the text is raw UTF-8.
Notices go to standard error.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from charlm.decoding import Strategy, is_beam
from charlm.display import visible, visible_text
from charlm.engine import ENGINE_FORMAT, Engine
from charlm.errors import InputError
from charlm.session import Session
from charlm.stream import TextStream
from charlm.text_files import read_bytes
from charlm.vocabulary import Unknown


@dataclass(frozen=True)
class Order:
    """What to write. `n`: samples of each prompt, or how many of a beam's best."""

    checkpoint: str
    prompts: list[str]
    name: str
    strategy: Strategy
    n: int
    max_length: int
    seed: int
    unknown: Unknown
    threads: int


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


def write(order: Order, *, as_json: bool) -> None:
    """Write every completion of an order to standard output."""
    if not order.prompts:
        return
    engine = Engine.load(order.checkpoint, threads=order.threads)
    session = engine.start(
        order.prompts,
        order.strategy,
        n=order.n,
        max_length=order.max_length,
        seed=order.seed,
        unknown=order.unknown,
    )
    for notice in session.notices:
        print(f"charlm: {visible(notice)}", file=sys.stderr)
    if as_json:
        _write_records(order, engine, session)
    elif is_beam(order.strategy):
        _write_best(order, session)
    else:
        _write_samples(order, session)


def _write_records(order: Order, engine: Engine, session: Session) -> None:
    while not session.done:
        session.advance(64)
    common = {
        "checkpoint": engine.checkpoint.sha256,
        "engine_format": ENGINE_FORMAT,
        "strategy": order.name,
        "options": asdict(order.strategy),
        "max_length": order.max_length,
        "seed": order.seed,
    }
    for completions in session.completions():
        for sample, completion in enumerate(completions):
            print(json.dumps(common | {"sample": sample} | asdict(completion)))


def _write_best(order: Order, session: Session) -> None:
    """A search shows its results when it has them, best first, each with its score."""
    output = _Output()
    while not session.done:
        session.advance(64)
    for prompt, completions in enumerate(session.completions()):
        for rank, completion in enumerate(completions, start=1):
            end = "the end" if completion.finished else "cut"
            heading = (
                f"{_place(order, prompt)}{rank}. score {completion.score:.4f},"
                f" log_prob {completion.log_prob:.4f}, length {completion.length:,}, {end}"
            )
            output.begin(heading if order.n > 1 or output.terminal else "")
            output.write(completion.prompt + completion.text)
    output.end_line()


def _write_samples(order: Order, session: Session) -> None:
    """The first completion streams; those behind it are shown, as far as they are, in turn."""
    output = _Output()
    stream = TextStream(session, filtered=False)  # the output filters, where it is a terminal
    finished = [False] * session.rows
    for row in range(session.rows):
        prompt, sample = divmod(row, order.n)
        heading = f"{_place(order, prompt)}sample {sample + 1}"
        output.begin(heading if session.rows > 1 and output.terminal else "")
        output.write(session.prompts[prompt] + stream.text(row))
        while not finished[row]:
            for change in stream.advance():
                finished[change.row] = change.finished
                if change.row == row:
                    output.write(change.text)
    output.end_line()


def _place(order: Order, prompt: int) -> str:
    return f"prompt {prompt + 1}, " if len(order.prompts) > 1 else ""
