"""`charlm write`: completions on standard output or in a file, group by group, as they come.

Notices and progress go to standard error. What the texts look like is `charlm.cli.output`'s.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from charlm.cli.continued import look_through
from charlm.cli.groups import Group
from charlm.cli.interrupts import Interrupt, noticed_interrupts
from charlm.cli.out_file import OutFile, opened_out
from charlm.cli.output import TextOutput
from charlm.cli.progress_line import LONG, ProgressLine
from charlm.cli.task import Task, Texts
from charlm.engine.engine import Engine
from charlm.engine.records import records_of
from charlm.engine.session import Session
from charlm.engine.stream import TextStream
from charlm.errors import CharlmError, InputError, reason_of, report_notice
from charlm.run.regular_file import check_place

__all__ = ["Task", "write"]


def write(task: Task, *, as_json: bool) -> None:
    """Write every completion of a task."""
    if task.save_state and len(task.prompts) * task.n > 1:
        raise InputError("--save-state is of one text: give one prompt, and -n 1")
    if task.save_state is not None:
        _check_state(task.save_state)
    if not task.prompts and task.out is None:
        return
    order = task.order
    engine = Engine.load(
        task.checkpoint, threads=task.threads, device=task.device, precision=order.precision
    )
    for notice in engine.notices:
        report_notice(notice)
    texts = Texts(engine, task)
    with ExitStack() as stack:
        out = None
        if task.out is not None:
            by = task.go_on_by if as_json else ""
            out = stack.enter_context(opened_out(task.out, go_on=task.go_on, go_on_by=by))
        if out is not None and task.go_on:
            out.cut(texts.go_on_with(look_through(out, texts.named()), out))
        interrupt = stack.enter_context(noticed_interrupts())
        session = _write_groups(texts, out, interrupt, as_json=as_json)
        if interrupt.asked:
            _leave(engine, task, session, out)
    if task.save_state and session is not None:
        engine.state_after(session).save(task.save_state)
    texts.report_overflow()


def _check_state(path: str) -> None:
    """Raise InputError where no state could be saved, before a text is written for it."""
    if not path:
        raise InputError("--save-state needs the name of a file")
    try:
        check_place(Path(path))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be written: {reason_of(error)}") from None


def _leave(engine: Engine, task: Task, session: Session | None, out: OutFile | None) -> None:
    """Keep what an interrupt leaves, and say what becomes of it."""
    if out is not None and out.go_on_by and not out.empty:
        report_notice(f"{out.path} holds what was whole: {out.go_on_by} goes on with it")
    if not task.save_state:
        return
    if session is None or session.prompts_read < 1:
        report_notice(f"{task.save_state} was not saved: the prompt was not read to its end")
        return
    try:
        engine.state_after(session).save(task.save_state)
    except CharlmError as error:
        report_notice(f"{task.save_state} was not saved: {error.typed}")
    else:
        report_notice(f"{task.save_state} is the state after the text as it stands")


def _write_groups(
    texts: Texts, out: OutFile | None, interrupt: Interrupt, *, as_json: bool
) -> Session | None:
    """Decode and write every group, or as far as an interrupt lets it; the last session."""
    # Where texts are read as they come, they are the progress.
    watched = out is None and not as_json and sys.stdout.isatty()
    puller, session = _Puller(interrupt), None
    writer = _writer(texts, puller, out, as_json=as_json)
    try:
        for group in texts.groups():
            if interrupt.asked:
                break
            session = texts.begin(group)
            writer.write(session, group)
            if not watched and group.end < len(texts.prompts):
                puller.line.show(f"{group.end:,} of {len(texts.prompts):,} prompts")
    finally:
        puller.line.clear()
    return session


class _Puller:
    """Advances sessions until they are done or an end is asked for, and says how far they are."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self.line = ProgressLine()

    @property
    def interrupted(self) -> bool:
        """Whether an end was asked for."""
        return self._interrupt.asked

    def read(self, session: Session, advance: Callable[[], object]) -> None:
        """Advance until the model has read the prompts."""
        told = session.prompt_ids > LONG
        while session.prompts_read < 1 and not (session.done or self._interrupt.asked):
            advance()
            if told and session.prompts_read < 1:
                self.line.show(f"reading the prompt, {int(100 * session.prompts_read)} %")
        if told:
            self.line.clear()

    def end(
        self,
        session: Session,
        advance: Callable[[], object],
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Advance until it is done, or there is enough."""
        while not (session.done or self._interrupt.asked or enough()):
            advance()

    def finish(self, session: Session) -> None:
        """Advance a session of which nothing is shown before it is done."""
        written, length = 0, session.limits.max_length

        def advance() -> None:
            nonlocal written
            written += len(session.advance(64).ids)
            if length > LONG:
                self.line.show(f"{written:,} of {length:,} characters")

        self.end(session, advance)


def _writer(
    texts: Texts, puller: _Puller, out: OutFile | None, *, as_json: bool
) -> _RecordWriter | _SearchWriter | _SampleWriter:
    if as_json:
        return _RecordWriter(texts, puller, out)
    output = TextOutput(None if out is None else _TextFile(out))
    if texts.beam:
        return _SearchWriter(texts, puller, output)
    return _SampleWriter(texts, puller, output)


class _TextFile(io.TextIOBase):
    """A file of `--out` as a stream of text."""

    def __init__(self, out: OutFile) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.append(text.encode("utf-8", "surrogatepass"))
        return len(text)


class _RecordWriter:
    """Records, once a group is decoded; of a group that was interrupted those that are whole."""

    def __init__(self, texts: Texts, puller: _Puller, out: OutFile | None) -> None:
        self._texts, self._puller, self._out = texts, puller, out

    def write(self, session: Session, group: Group) -> None:
        texts = self._texts
        self._puller.read(session, session.advance)
        self._puller.finish(session)
        finished, lines = session.finished, []
        places = [
            (prompt, place)
            for prompt, completions in enumerate(session.completions())
            for place in range(len(completions))
        ]
        ids = texts.ids[group.begin : group.end]
        records = records_of(texts.engine, texts.order, session, ids)
        for (prompt, place), (completion, record) in zip(places, records, strict=True):
            if not finished[prompt if texts.beam else prompt * group.n + place]:
                break  # a record is of a whole text; this one is written when the command goes on
            texts.note(group, prompt, place, completion)
            lines.append(json.dumps(record) + "\n")
        self._puller.line.clear()
        if self._out is not None:
            self._out.append("".join(lines).encode())
        else:
            sys.stdout.write("".join(lines))
            sys.stdout.flush()


class _SearchWriter:
    """A search shows its results when it has them, or what it has when it is interrupted."""

    def __init__(self, texts: Texts, puller: _Puller, output: TextOutput) -> None:
        self._texts, self._puller, self._output = texts, puller, output

    def write(self, session: Session, group: Group) -> None:
        texts = self._texts
        self._puller.read(session, session.advance)
        self._puller.finish(session)
        self._puller.line.clear()
        for prompt, completions in enumerate(session.completions()):
            if self._puller.interrupted and not any(c.length for c in completions):
                continue  # nothing of it was found
            self._output.write_best(texts.place(group.begin + prompt), completions)
            for place, completion in enumerate(completions):
                texts.note(group, prompt, place, completion)
        self._output.end_line()


class _SampleWriter:
    """The first text streams; those behind it are shown, as far as they are, in turn."""

    def __init__(self, texts: Texts, puller: _Puller, output: TextOutput) -> None:
        self._texts, self._puller, self._output = texts, puller, output
        self._headed = output.terminal and len(texts.prompts) * texts.n > 1

    def write(self, session: Session, group: Group) -> None:
        texts, output = self._texts, self._output
        stream = TextStream(session, filtered=False)  # the output filters, where it is a terminal
        ended = [False] * session.rows
        self._puller.read(session, lambda: _advance(stream, ended))
        if output.terminal:
            self._puller.line.clear()
        for row in range(session.rows):
            if self._puller.interrupted and not (stream.text(row) or ended[row]):
                continue  # nothing of it was written
            prompt, sample = divmod(row, group.n)
            heading = f"{texts.place(group.begin + prompt)}sample {group.skip + sample + 1}"
            output.begin(heading if self._headed else "")
            output.write(session.prompts[prompt] + stream.text(row))
            self._stream(row, stream, session, ended)
        output.end_line()
        for prompt, completions in enumerate(session.completions()):
            for place, completion in enumerate(completions):
                texts.note(group, prompt, place, completion)

    def _stream(self, row: int, stream: TextStream, session: Session, ended: list[bool]) -> None:
        """Write what comes of a row until it ends."""

        def advance() -> None:
            before = len(stream.text(row))
            _advance(stream, ended)
            self._output.write(stream.text(row)[before:])

        self._puller.end(session, advance, lambda: ended[row])


def _advance(stream: TextStream, ended: list[bool]) -> None:
    """Go on with every row of a stream, and note which have ended."""
    for change in stream.advance():
        ended[change.row] = change.finished
