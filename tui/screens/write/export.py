"""The key that keeps a text: as a file or in the clipboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from charlm.display import visible
from tui.messages.writing import Explained, Recorded, Unanswered, WantRecord
from tui.screens.write.base import WriteBase
from tui.widgets.block import Block
from tui.widgets.legend import NATS

if TYPE_CHECKING:
    from tui.screens.write.export_sheet import Export


class ExportActions(WriteBase):
    """Export; what the worker must be asked for first is waited for."""

    _export: Export | None = None

    def load(self, path: Path) -> None:
        """Read a model: a text that was to be kept is then of another."""
        if self._export is not None:
            self._export = None
            self.say("nothing was saved: another model is being read", True)
        super().load(path)

    def action_export(self) -> None:
        """Ask for a format, then save or copy."""
        # Here, as below: the first paint does not need it.
        from tui.screens.write.export_sheet import ExportSheet

        if self._is_whole():
            self.app.push_screen(ExportSheet(), self._chosen)

    def action_receipt(self) -> None:
        """Save the receipt of the text."""
        from tui.screens.write.export_sheet import Export

        if self._is_whole():
            self._chosen(Export("json", copies=False))

    def _is_whole(self) -> bool:
        """Whether there is a text that can be kept; if not, it is said why."""
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

    def answered(self, answer: Explained | Recorded | Unanswered) -> None:
        """Go on with an export that waited for this."""
        export, self._export = self._export, None
        if isinstance(answer, Unanswered):
            self.say(answer.message, True)
        elif export is not None and isinstance(answer, Recorded):
            self._keep(export, answer.record + "\n")
        elif export is not None:
            self._chosen(export)
            self.writing.details = self.view.surprise or self.view.cursor is not None

    def _chosen(self, export: Export | None) -> None:
        if export is None:
            return
        now, block = self.writing.now, self.view.blocks[-1]
        if export.suffix == "json" and now is not None:
            self._export = export
            self._worker.ask(WantRecord(now.request, block.completion))
        elif export.suffix in ("jsonl", "svg") and now is not None and not now.explained:
            self._export = export
            self.writing.explain()
        elif export.suffix == "json" or (export.suffix == "jsonl" and block.trace is None):
            self.say("this text is of another model: that cannot be told any more", True)
        else:
            self._keep(export, self._content(export.suffix, block))

    def _content(self, suffix: str, block: Block) -> str:
        from tui.screens.write import export_files

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
        from tui.screens.write.export_files import save

        name = self.model_name + ("-receipt" if export.suffix == "json" else "")
        try:
            path = save(Path.cwd(), name, export.suffix, content)
        except OSError as error:
            self.say(f"the text could not be saved: {error}", True)
        else:
            again = ": charlm write --from it gives this text again"
            self.say(f"saved {visible(str(path))}" + again * (export.suffix == "json"))
