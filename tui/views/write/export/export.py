"""What keeps a text: as a file or in the clipboard."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charlm.display import visible

from ....colours.ramps import nats, theme_of
from ....writer.models import python, typed_name
from ....writer.snapshots import Answer, Explained, Question, Recorded, Unanswered, WantRecord
from ....writer.thoughts import Trace
from ....writer.worker import DecodeWorker
from ...base import View
from ..author import Author, Kept
from ..model import Model
from ..text.look_back import question_of

if TYPE_CHECKING:
    from .export_sheet import Export

#: Seconds after which it is said that something is waited for.
_SOON = 0.5


class Waiting(NamedTuple):
    """An export that waits for an answer."""

    export: Export
    kept: Kept
    question: Question


class Exporter:
    """Exports for a view; what the worker must be asked for first is waited for."""

    def __init__(self, view: View, worker: DecodeWorker, model: Model) -> None:
        self._view, self._worker, self._model = view, worker, model
        self.waiting: Waiting | None = None

    def ask(self, author: Author) -> None:
        """Ask for a format, then save or copy."""
        # Here, as below: the first paint does not need it.
        from .export_sheet import ExportSheet

        def chosen(export: Export | None) -> None:
            kept = None if export is None else author.kept()
            if export is not None and kept is not None:
                self._export(export, kept)

        if author.kept() is not None:
            self._view.app.push_screen(ExportSheet(), chosen)

    def save_receipt(self, author: Author) -> None:
        """Save the receipt of the text."""
        from .export_sheet import Export

        kept = author.kept()
        if kept is not None:
            self._export(Export("json", copies=False), kept)

    def take(self, answer: Answer) -> None:
        """Go on with the export that waited for this."""
        waiting = self.waiting
        if waiting is None or answer.question is not waiting.question:
            if isinstance(answer, Unanswered):
                self._view.say(answer.message, True)
            return
        self.waiting = None
        match answer:
            case Recorded(record=record):
                self._keep(waiting.export, record + "\n")
            case Explained(thoughts=thoughts):
                waiting.kept.block.trace = Trace.of(*thoughts)
                self._keep(waiting.export, _content(waiting.export.suffix, waiting.kept))
            case Unanswered(message=message):
                self._view.say(message, True)

    def give_up(self) -> bool:
        """Keep nothing of what is waited for, and say so; False when nothing is."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            self._worker.dismiss(waiting.question)
            self._view.say("nothing was saved: it was not ready yet", True)
        return waiting is not None

    def _export(self, export: Export, kept: Kept) -> None:
        self.give_up()
        now, block = kept.branch, kept.block
        if export.suffix == "json" and now is not None:
            self._wait(Waiting(export, kept, WantRecord(now.request, block.completion)))
        elif export.suffix in ("jsonl", "svg") and now is not None and not now.explained:
            self._wait(Waiting(export, kept, question_of(now)))
        elif export.suffix == "json" or (export.suffix == "jsonl" and block.trace is None):
            self._view.say("this text is of another model: that cannot be told any more", True)
        else:
            self._keep(export, _content(export.suffix, kept))

    def _wait(self, waiting: Waiting) -> None:
        self.waiting = waiting
        self._worker.ask(waiting.question)

        def tell() -> None:
            if self.waiting is waiting:
                self._view.say("one moment: the model writes it once more; Esc gives up")

        self._view.set_timer(_SOON, tell)

    def _keep(self, export: Export, content: str) -> None:
        if export.copies:
            self._view.copy(content)
            return
        from .export_files import save

        name = self._model.name + ("-receipt" if export.suffix == "json" else "")
        try:
            path = save(Path.cwd(), name, export.suffix, content)
        except OSError as error:
            self._view.say(f"the text could not be saved: {error}", True)
            return
        said, facts = f"saved {visible(str(path))}", self._model.facts
        if export.suffix == "json" and facts is not None and facts.path.exists():
            words = ["write", typed_name(facts.path), "--from", path.name]
            again = shlex.join([python(), "-m", "charlm", *words])
            if visible(again) == again:  # else no one could type it
                said += f"\n{again} writes it again"
        self._view.say(said, long=True)


def _content(suffix: str, kept: Kept) -> str:
    from . import export_files

    block, view = kept.block, kept.view
    if suffix == "md":
        return export_files.as_markdown(block)
    if suffix == "svg":
        levels = nats(theme_of(view.app), "truecolor").levels
        return export_files.as_svg(block, view.rich_style, levels)
    if suffix == "jsonl" and block.trace:
        return export_files.as_json_lines(block.trace)
    return block.text
