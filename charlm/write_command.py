"""`charlm write`: completions on standard output, as they come.

Several completions stand apart by an empty line. On a terminal everything goes through the
display filter and a dim line says which completion follows; in a pipe the text is raw UTF-8.
Notices go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from charlm.corpus import read_bytes
from charlm.decoding import Strategy, is_beam
from charlm.display import visible, visible_text
from charlm.engine import ENGINE_FORMAT, Completion, Engine, Session
from charlm.errors import InputError
from charlm.stream import TextStream

_BEST_SHOWN = 3


@dataclass(frozen=True)
class Order:
    """What to write. `n`: samples of each prompt, or how many of the best of a beam."""

    checkpoint: str
    prompts: list[str]
    name: str
    strategy: Strategy
    n: int | None
    max_length: int
    seed: int
    unknown: str
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
    data, name = read_bytes(source)
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
        n=1 if is_beam(order.strategy) else (order.n or 1),
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
    stream = TextStream(session, filtered=False)
    while not stream.done:
        stream.advance()
    common = {
        "checkpoint": engine.checkpoint.sha256,
        "engine_format": ENGINE_FORMAT,
        "strategy": order.name,
        "options": asdict(order.strategy),
        "max_length": order.max_length,
        "seed": order.seed,
    }
    for _, sample, completion in _completions(order, session):
        record: dict[str, Any] = common | {
            "prompt": completion.prompt,
            "sample": sample,
            "text": completion.text,
            "log_prob": completion.log_prob,
            "score": completion.score,
            "length": completion.length,
            "finished": completion.finished,
        }
        print(json.dumps(record))


def _write_best(order: Order, session: Session) -> None:
    """A search shows its results when it has them, best first, each with its score."""
    output = _Output()
    stream = TextStream(session)
    while not stream.done:
        stream.advance()
    for _, rank, completion in _completions(order, session):
        end = "the end" if completion.finished else "cut"
        heading = (
            f"{rank + 1}. score {completion.score:.4f}, log_prob {completion.log_prob:.4f},"
            f" {completion.length:,} characters, {end}"
        )
        output.begin(heading)
        output.write(completion.prompt + completion.text)
    output.end_line()


def _write_samples(order: Order, session: Session) -> None:
    """The first completion streams; those behind it are shown, as far as they are, in turn."""
    output = _Output()
    stream = TextStream(session, filtered=False)  # the output filters, where it is a terminal
    each = order.n or 1
    rows = len(order.prompts) * each
    finished = [False] * rows
    for row in range(rows):
        number = f"prompt {row // each + 1}, " if len(order.prompts) > 1 else ""
        several = output.terminal and rows > 1
        output.begin(f"{number}sample {row % each + 1}" if several else "")
        output.write(session.prompts[row // each] + stream.text(row))
        while not finished[row]:
            for change in stream.advance():
                finished[change.row] = change.finished
                if change.row == row:
                    output.write(change.text)
    output.end_line()


def _completions(order: Order, session: Session) -> Iterator[tuple[int, int, Completion]]:
    """(prompt, sample or rank, completion) of all that the order asked for."""
    most = (order.n or _BEST_SHOWN) if is_beam(order.strategy) else None
    for prompt, completions in enumerate(session.completions()):
        for sample, completion in enumerate(completions[:most]):
            yield prompt, sample, completion
