"""The key that keeps a text: as a file or in the clipboard."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charlm.display import visible

from ....writer.models import python, typed_name
from ....writer.snapshots import Answer, Explained, Question, Recorded, Unanswered, WantRecord
from ....writer.thoughts import Trace
from ..base import WriteBase
from ..text.block import Block
from ..text.legend import NATS
from ..text.look_back import question_of

if TYPE_CHECKING:
    from .export_sheet import Export

#: Seconds after which it is said that something is waited for.
_SOON = 0.5


class Waiting(NamedTuple):
    """An export that waits for an answer."""

    export: Export
    block: Block
    question: Question


class ExportActions(WriteBase):
    """Export; what the worker must be asked for first is waited for."""

    _waiting: Waiting | None = None

    def load(self, path: Path) -> None:
        """Read a model: of it, the text that was to be kept cannot be asked."""
        self.give_up_export()
        super().load(path)

    def action_export(self) -> None:
        """Ask for a format, then save or copy."""
        # Here, as below: the first paint does not need it.
        from .export_sheet import ExportSheet

        if self._may_keep():
            self.app.push_screen(ExportSheet(), self._chosen)

    def action_receipt(self) -> None:
        """Save the receipt of the text."""
        from .export_sheet import Export

        if self._may_keep():
            self._chosen(Export("json", copies=False))

    def answered(self, answer: Answer) -> None:
        """Go on with the export that waited for this."""
        waiting = self._waiting
        if waiting is None or answer.question is not waiting.question:
            if isinstance(answer, Unanswered):
                self.say(answer.message, True)
            return
        self._waiting = None
        match answer:
            case Recorded(record=record):
                self._keep(waiting.export, record + "\n")
            case Explained(thoughts=thoughts):
                waiting.block.trace = Trace.of(*thoughts)
                self._keep(waiting.export, self._content(waiting.export.suffix, waiting.block))
            case Unanswered(message=message):
                self.say(message, True)

    def give_up_export(self) -> bool:
        """Keep nothing of what is waited for, and say so; False when nothing is."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._worker.dismiss(waiting.question)
            self.say("nothing was saved: it was not ready yet", True)
        return waiting is not None

    def _may_keep(self) -> bool:
        """Whether there is a text that can be kept; where one is not ready it is said why."""
        reason = ""
        if "lanes" in self.states():
            reason = "Enter takes the chosen text alone: then it can be exported"
        elif self._loading:
            reason = "one moment: the model is being read"
        elif self.writing.streaming:
            reason = "the text is still being written: Esc stops it"
        if reason:
            self.say(reason)
        return not reason and bool(self.view.blocks)

    def _chosen(self, export: Export | None) -> None:
        if export is None:
            return
        self.give_up_export()
        now, block = self.writing.now, self.view.blocks[-1]
        if export.suffix == "json" and now is not None:
            self._wait(Waiting(export, block, WantRecord(now.request, block.completion)))
        elif export.suffix in ("jsonl", "svg") and now is not None and not now.explained:
            self._wait(Waiting(export, block, question_of(now)))
        elif export.suffix == "json" or (export.suffix == "jsonl" and block.trace is None):
            self.say("this text is of another model: that cannot be told any more", True)
        else:
            self._keep(export, self._content(export.suffix, block))

    def _wait(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._worker.ask(waiting.question)

        def tell() -> None:
            if self._waiting is waiting:
                self.say("one moment: the model writes it once more; Esc gives up")

        self.set_timer(_SOON, tell)

    def _content(self, suffix: str, block: Block) -> str:
        from . import export_files

        if suffix == "md":
            return export_files.as_markdown(block)
        if suffix == "svg":
            levels = [self.view.get_component_rich_style(name, partial=True) for name in NATS]
            return export_files.as_svg(block, self.view.rich_style, levels)
        if suffix == "jsonl" and block.trace:
            return export_files.as_json_lines(block.trace)
        return block.text

    def _keep(self, export: Export, content: str) -> None:
        if export.copies:
            self.copy(content)
            return
        from .export_files import save

        name = self.model_name + ("-receipt" if export.suffix == "json" else "")
        try:
            path = save(Path.cwd(), name, export.suffix, content)
        except OSError as error:
            self.say(f"the text could not be saved: {error}", True)
        else:
            said = f"saved {visible(str(path))}"
            if export.suffix == "json" and self.facts is not None and self.facts.path.exists():
                words = ["write", typed_name(self.facts.path), "--from", path.name]
                again = shlex.join([python(), "-m", "charlm", *words])
                if visible(again) == again:  # else no one could type it
                    said += f"\n{again} writes it again"
            self.say(said, long=True)
