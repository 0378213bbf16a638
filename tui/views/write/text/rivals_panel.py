"""What the model thought of one character, and what could have stood in its place."""

from __future__ import annotations

from math import exp

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

from charlm.decoding import Strategy
from charlm.display import visible

from ....writer.cuts import cuts
from ....writer.thoughts import Rival, Thought

_QUIET = "$foreground-muted"
_BAR = 9
_COLUMN = 37
#: Cells from which the entropy has room.
_ROOMY = 44
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MOVED = " · model's % → after the knobs"
#: Keys of the rivals, in their order.
DIGITS = "1234567890"


class RivalsPanel(Widget, can_focus=True):
    """The character under the cursor, and its rivals with a bar each; digits choose one."""

    class Chosen(Message):
        """A rival was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._place: int | None = None
        self._thought: Thought | None = None
        self._strategy: Strategy | None = None
        self._cuts: tuple[str, ...] = ()  # why each rival is out
        self._waiting = ""
        self.chosen: int | None = None
        self.border_subtitle = "digits choose, Enter takes"

    @property
    def rival(self) -> Rival | None:
        """The chosen rival, when it is another character than the one written."""
        if self._thought is None or self.chosen is None:
            return None
        rival = self._thought.rivals[self.chosen]
        return None if rival.character == self._thought.character else rival

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where on the screen the chosen rival is; the character itself where none is."""
        corner = self.content_region.offset
        if self.chosen is None:
            return corner
        column, row = divmod(self.chosen, self._rows)
        return corner + Offset(column * _COLUMN, 1 + row - self._first)

    @property
    def known(self) -> bool:
        """Whether there is something to choose from."""
        return self._thought is not None

    def show(
        self, place: int, thought: Thought | None, strategy: Strategy | None, waiting: str
    ) -> None:
        """Show what stands at a place; strategy: what chose it, None where nothing did.

        place: 0 for the first character that was written, below it in the prompt.
        waiting: what to say while nothing is known.
        """
        if waiting != self._waiting:
            self._waiting = waiting
            self.refresh()
        if (place, thought, strategy) != (self._place, self._thought, self._strategy):
            self._place, self._thought, self._strategy = place, thought, strategy
            written = thought.character if thought is not None else ""
            rivals = thought.rivals if thought is not None else ()
            self._cuts = cuts(rivals, strategy)
            here = (i for i, rival in enumerate(rivals) if rival.character == written)
            self.chosen = next(here, None)
            where = "In the prompt" if place < 0 else f"Character {place + 1:,}"
            self.border_title = where + (_MOVED if any(map(_moved, rivals)) else "")
            self.refresh()

    def choose(self, place: int) -> None:
        """Choose a rival by its place, as far as there are any."""
        if self._thought is not None and self._thought.rivals:
            self.chosen = max(0, min(place, len(self._thought.rivals) - 1))
            self.refresh()

    def step(self, by: int) -> None:
        """Choose the next rival, or the one before."""
        self.choose(by if self.chosen is None else self.chosen + by)

    def on_click(self, event: events.Click) -> None:
        """Choose the rival under the pointer."""
        offset = event.get_content_offset_capture(self)
        rows = self._rows
        place = self._first + offset.y - 1 + (offset.x // _COLUMN) * rows
        if offset.y >= 1 and self._thought is not None and place < len(self._thought.rivals):
            self.post_message(self.Chosen(place))

    def render(self) -> Content:
        """A line on the character, then the rivals, in columns where it is low and wide.

        Where there is one line in all, the chosen rival has it.
        """
        thought = self._thought
        if thought is None:
            return Content.styled(self._waiting, _QUIET)
        if self.content_size.height == 1 and self.chosen is not None and self.rival is not None:
            return self._rival(self.chosen, self.rival)
        lines = [self._head(thought)]
        rivals = [self._rival(i, rival) for i, rival in enumerate(thought.rivals)]
        rows = self._rows
        for row in range(self._first, min(self._first + self._seen, rows, len(rivals))):
            parts = [
                cell.pad_right(max(0, _COLUMN - cell.cell_length)) for cell in rivals[row::rows]
            ]
            lines.append(Content("").join(parts))
        width = max(1, self.content_size.width)
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    @property
    def _rows(self) -> int:
        columns = max(1, self.content_size.width // _COLUMN)
        needed = -(-len(DIGITS) // columns)
        return max(1, min(len(DIGITS), max(needed, self.content_size.height - 1)))

    @property
    def _seen(self) -> int:
        """Rows of rivals that there is room for."""
        return max(1, self.content_size.height - 1)

    @property
    def _first(self) -> int:
        """The first row in view: the chosen rival is always in it."""
        row = (self.chosen or 0) % self._rows
        return max(0, min(row - self._seen + 1, self._rows - self._seen))

    def _head(self, thought: Thought) -> Content:
        p = f"{100 * exp(thought.log_prob):.1f} %"
        facts = f"  {p}  rank {thought.rank + 1}  {abs(thought.log_prob):.2f} nats"
        if self.content_size.width >= _ROOMY:
            facts += f"  entropy {thought.entropy:.2f}"
        return Content.assemble((shown(thought.character), "bold $accent"), facts)

    def _rival(self, place: int, rival: Rival) -> Content:
        assert self._thought is not None
        here, written = place == self.chosen, rival.character == self._thought.character
        style = "bold $accent" if here else "bold" if written else ""
        mark = "▸" if here else " "
        after: tuple[str, str] = ("", "")
        if rival.kept is None:
            after = f" {self._cuts[place]}", _QUIET
        elif _moved(rival):
            after = f" → {100 * rival.kept:.1f} %", ""
        return Content.assemble(
            (f"{mark}{DIGITS[place]} {shown(rival.character):<4}", style),
            (bar(rival.p), "$primary"),
            (f" {100 * rival.p:>5.1f} %", style),
            after,
        )


def _moved(rival: Rival) -> bool:
    """Whether the knobs make it likelier, or less likely, than the model does."""
    return rival.kept is not None and abs(rival.kept - rival.p) > 0.0005


def shown(character: str) -> str:
    """A character so that it can be seen: space and newline as signs, the model's end in words."""
    return {"": "end", " ": "␣", "\n": "↵"}.get(character) or visible(character)


def bar(share: float) -> str:
    """A bar of `_BAR` cells for 0 to 1, in eighths of a cell."""
    eighths = round(share * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)
