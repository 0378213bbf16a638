"""How far a training is: a bar, the time left, or how it ended."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ...training.snapshots import Curves
from ...training.words import rest

_EIGHTHS = " ▏▎▍▌▋▊▉"


class ProgressLine(Widget):
    """One line; drawn when something on it changed."""

    DEFAULT_CSS = "ProgressLine { height: 1; width: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said: tuple[float, str, str] = (0.0, "", "")

    def show(self, curves: Curves | None, state: str, alive: bool) -> None:
        """`state`: a word that stands before the numbers ("paused"); "" for none."""
        share = 0.0 if curves is None else curves.progress or 0.0
        words = [] if curves is None or state == "starting" else _words(curves, alive)
        said = (round(share, 3), state, " · ".join(words))
        if said != self._said:
            self._said = said
            self.refresh()

    def render(self) -> Content:
        """State, bar, numbers."""
        share, state, words = self._said
        room = self.content_size.width - len(words) - (len(state) + 11 if state else 8)
        parts: list[str | tuple[str, str]] = []
        if state:
            parts += [(f" {state} ", "bold reverse $warning"), " "]
        if room >= 8:
            full, part = divmod(int(share * room * 8), 8)
            bar = "█" * full + (_EIGHTHS[part] if full < room else "")
            parts += [(f"{bar:<{room}}", "$primary on $panel"), " "]
        parts += [(f"{100 * share:3.0f} %", "bold"), f"  {words}"]
        return Content.assemble(*parts)


def _words(curves: Curves, alive: bool) -> list[str]:
    words = []
    if curves.last is not None:
        words.append(f"step {curves.last.step:,.0f}")
    if curves.ended is not None:
        words.append(curves.ended)
    elif alive:
        if curves.characters_per_s is not None:
            words.append(f"{curves.characters_per_s:,.0f} characters/s")
        if not curves.paused:
            words += rest(curves)
    elif curves.has_points:
        words.append("not running")
    return words
