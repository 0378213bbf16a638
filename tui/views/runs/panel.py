"""What one run says of itself: facts, its curves, the last text it wrote."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from charlm.wording import counted

from ...charts.panel import CurvesPanel
from ...keys.table import view_key
from .snapshots import RunDetails, RunRow
from .table import state_word

_QUIET = "$foreground-muted"
_SAMPLE = 300
#: Lines of the panel from which there is room for curves.
_CURVES_FROM = 16


class RunPanel(Vertical):
    """Facts above, then curves and the last sample where there is room for them."""

    _has_curves = False

    def compose(self) -> ComposeResult:
        """Three parts."""
        yield Static(id="run-facts", markup=False)
        yield CurvesPanel(id="run-curves")
        yield Static(id="run-sample", markup=False)

    def on_resize(self) -> None:
        """Curves only where there is room."""
        self._place_curves()

    def set_empty(self, empty: bool) -> None:
        """Whether there are no runs at all."""
        if empty:
            self.query_one("#run-facts", Static).update(
                Content(
                    f"No model was found.\n\n{view_key('train')} trains one, on a text of yours"
                    " or on Python's documentation."
                )
            )

    def show(self, row: RunRow | None, details: RunDetails | None) -> None:
        """Show one run; `details` may come later."""
        if row is None:
            return
        facts = details.facts if details else {}
        self.query_one("#run-facts", Static).update(facts_content(row, facts))
        self._has_curves = bool(details and details.curves and details.curves.has_points)
        self.query_one(CurvesPanel).show(details.curves if details else None)
        self._place_curves()
        sample = details.sample.strip()[:_SAMPLE] if details else ""
        said = ("It wrote, when it was last asked:\n", _QUIET), (sample, "italic")
        self.query_one("#run-sample", Static).update(
            Content.assemble(*said) if sample else Content("")
        )

    def _place_curves(self) -> None:
        roomy = self.size.height >= _CURVES_FROM
        self.query_one(CurvesPanel).display = self._has_curves and roomy


def facts_content(row: RunRow, said: Mapping[str, str]) -> Content:
    """The run in a few lines, in words."""
    parts: list[str | tuple[str, str]] = [(row.name, "bold $primary")]
    parts.append((f"  {state_word(row)}", _QUIET))
    if row.why:
        return Content.assemble(*parts, "\n", (row.why, "$error"))
    if not said:
        return Content.assemble(*parts)
    layers = counted(int(said.get("layers", 0)), "layer")
    lines = [
        ("model", f"{said.get('cell')}, {layers} of {said.get('hidden')}"),
        ("weights", said.get("weights", "")),
        ("text", said.get("text", "")),
        ("read as", f"{said.get('unit')}, {said.get('characters known')} known characters"),
        ("kept after", _learned(said)),
        ("validation", said.get("validation", "")),
        ("test", said.get("test", "")),
    ]
    for label, value in lines:
        if value:
            parts += ["\n", (f"{label:<11}", _QUIET), value]
    return Content.assemble(*parts)


def _learned(facts: Mapping[str, str]) -> str:
    seen, time = facts.get("characters seen", ""), facts.get("time", "")
    if not seen or not time:
        return seen or time
    return f"{counted(int(seen.replace(',', '')), 'character')} in {time}"
