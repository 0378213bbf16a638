"""Several texts of one prompt side by side: a grid of samples, or two decoders in a duel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from charlm.display import visible, visible_characters

from ....colours.ramps import LEVELS, PARTED, Ramp, ramp_of
from ....widgets.wrapping import Wrapped, cut
from ..comparison import Lane, parting, shared_runs

#: Between two texts that stand side by side.
_GAP = 3
_WHEEL = 3
#: Cells of a text from which its head has room for numbers.
_ROOMY = 32
#: Cells of the sign of a side, before its name.
_SIGN = 3


class LanesView(Widget):
    """Texts in columns and rows, each under its own head.

    The same lines of all are in view: their first, those one went to, or their newest.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lanes--head", "lanes--chosen", "lanes--same", "lanes--prompt", "lanes--text",
        "lanes--rule",
    }  # fmt: skip

    class Clicked(Message):
        """A text was clicked. `chain`: how many clicks in a row."""

        def __init__(self, lane: int, chain: int) -> None:
            super().__init__()
            self.lane, self.chain = lane, chain

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chosen = 0
        self._lanes: tuple[Lane, ...] = ()
        self._prompt = ""
        self._names: Sequence[str] = ()
        self._compared = False
        self._columns = 1
        self._cells: list[list[Strip]] = []
        self._longest = 0
        self._top: int | None = 0
        self._drawn: tuple[object, ...] = ()
        self._asked: tuple[Sequence[Lane], str, Sequence[str], int, int, bool] | None = None

    def show(
        self, lanes: Sequence[Lane], prompt: str, names: Sequence[str], columns: int,
        chosen: int, compared: bool,
    ) -> None:  # fmt: skip
        """Show these texts, so many beside one another.

        chosen: the one that keys act on. compared: of two, each character has the colour of the
        decoder that makes it likelier; while that is not known, those stand out that are not the
        same at their place.
        """
        self._asked = lanes, prompt, names, columns, chosen, compared
        state = (tuple(lanes), prompt, tuple(names), columns, chosen, self.size, self.app.theme)
        if state == self._drawn or not self.size:
            return
        self._drawn = state
        self._lanes, self._prompt, self._names = tuple(lanes), prompt, names
        self._columns, self._chosen, self._compared = columns, chosen, compared
        self._draw()

    def move(self, lines: int) -> None:
        """So many lines on, or back; at their ends the texts are followed again."""
        last = max(0, self._longest - self.page)
        top = max(0, min(last, (last if self._top is None else self._top) + lines))
        self._top = top if top < last else None
        self._draw()

    def seek(self, top: int | None) -> None:
        """This line and what follows it; None: the newest lines, from now on."""
        self._top = top
        self._draw()

    @property
    def page(self) -> int:
        """Lines of a text that are in view."""
        return max(1, self._height - 1 - (self.rows > 1))

    @property
    def hides(self) -> bool:
        """Whether a text has lines below those in view."""
        return self._top is not None and self._longest > self._top + self.page

    @property
    def rows(self) -> int:
        """Texts above one another."""
        return -(-len(self._lanes) // self._columns)

    @property
    def chosen_offset(self) -> Offset:
        """Where on the screen the head of the chosen text is."""
        row, column = divmod(self._chosen, self._columns)
        across = column * (self._width + _GAP)
        return self.content_region.offset + Offset(across, row * self._height)

    def towards(self, way: str) -> int:
        """The text in a direction of the chosen one; itself at an edge."""
        step = {"left": -1, "right": 1, "up": -self._columns, "down": self._columns,
                "home": -self._chosen, "end": len(self._lanes) - 1 - self._chosen}[way]  # fmt: skip
        place = self._chosen + step
        return place if 0 <= place < len(self._lanes) else self._chosen

    def render_line(self, y: int) -> Strip:
        """One line across all columns."""
        base, width = self.rich_style, self.size.width
        if not self._lanes:
            return Strip.blank(width, base)
        height = self._height
        row, line = y // height, y % height
        gap = Segment(" " * _GAP, base)
        segments: list[Segment] = []
        for place in range(row * self._columns, min((row + 1) * self._columns, len(self._lanes))):
            cell = self._cells[place]
            strip = cell[line] if line < len(cell) else Strip([])
            segments += [*strip.crop_extend(0, self._width, base), gap]
        return Strip(segments).crop_extend(0, width, base)

    def on_resize(self) -> None:
        """Only what has a size can be drawn."""
        if self._asked is not None:
            self.show(*self._asked)

    def on_mouse_scroll_up(self) -> None:
        """The wheel goes back."""
        self.move(-_WHEEL)

    def on_mouse_scroll_down(self) -> None:
        """The wheel goes on."""
        self.move(_WHEEL)

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the pointer."""
        at = event.get_content_offset_capture(self)
        column = min(self._columns - 1, at.x // (self._width + _GAP))
        lane = at.y // self._height * self._columns + column
        if 0 <= lane < len(self._lanes):
            self.post_message(self.Clicked(lane, event.chain))

    @property
    def _width(self) -> int:
        return max(1, (self.size.width - _GAP * (self._columns - 1)) // self._columns)

    @property
    def _height(self) -> int:
        return max(2, self.size.height // max(1, self.rows))

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"lanes--{name}", partial=True)

    def _draw(self) -> None:
        self._longest = 0
        self._cells = [self._cell(i) for i in range(len(self._lanes))]
        self.refresh()

    def _cell(self, place: int) -> list[Strip]:
        """Head and lines in view of one text."""
        lane, width = self._lanes[place], self._width
        prompt, text = visible_characters(self._prompt), visible_characters(lane.text)
        wrapped = Wrapped(prompt + text, width)
        self._longest = max(self._longest, len(wrapped))
        first = max(0, len(wrapped) - self.page)
        first = first if self._top is None else min(first, self._top)
        lines = range(first, min(first + self.page, len(wrapped)))
        seen = wrapped.starts[lines[0]], wrapped.ends[lines[-1]]
        marks = self._marks(place, len(prompt), *seen)
        body = [
            Strip(list(self._pieces(wrapped.text, marks, wrapped.starts[i], wrapped.ends[i])))
            for i in lines
        ]
        return [self._head(place, lane, width), *body]

    def _head(self, place: int, lane: Lane, width: int) -> Strip:
        chosen = place == self._chosen
        mark = "▸" if chosen else " "
        name = visible(self._names[place])
        nats = lane.nats if width >= _ROOMY else ""
        right = " ".join(part for part in (nats, "✓" if lane.over else "…") if part)
        left = cut(f"{mark}{name}", max(1, width - len(right) - 2))
        rule = " " + "─" * max(0, width - cell_len(left) - len(right) - 2) + " "
        style, quiet = self._style("chosen" if chosen else "head"), self._style("head")
        sign, tint = 0, style
        if self._compared:  # each side has its colour, which is the legend
            sign, tint = _SIGN, self.rich_style + self._ramp.styles[0 if place == 0 else -1]
        pieces = ((left[:1], style), (left[1 : 1 + sign], tint), (left[1 + sign :], style),
                  (rule, self._style("rule")), (right, quiet))  # fmt: skip
        return Strip([Segment(text, style) for text, style in pieces if text])

    @property
    def _ramp(self) -> Ramp:
        return ramp_of(self.app, two_ends=True)

    def _marks(self, place: int, prompt: int, first: int, last: int) -> list[tuple[int, Style]]:
        """(end, style) of the runs of a text, prompt and all, that lie between two places."""
        lane, text = self._lanes[place], self._style("text")
        marks = [(prompt, self._style("prompt"))]
        if not self._compared:
            return [*marks, (last, text)]
        other = self._lanes[1 - place].text
        start, parted = 0, parting(lane.text, other)
        if lane.leans:
            start, styles = max(0, first - prompt), self._ramp.styles
            leans = enumerate(lane.leans[start : max(0, last - prompt)], start)
            for (level, parts), run in groupby(leans, lambda pair: (pair[1], pair[0] == parted)):
                start += len(list(run))
                tint = text + styles[level] if level != LEVELS // 2 else text
                marks.append((prompt + start, tint + PARTED if parts else tint))
            return marks
        for stop, same in shared_runs(lane.text, other):
            if not same and start == parted < len(other):
                marks.append((prompt + start + 1, text + PARTED))
            marks.append((prompt + stop, self._style("same") if same else text))
            start = stop
        return marks

    def _pieces(
        self, text: str, marks: Sequence[tuple[int, Style]], start: int, end: int
    ) -> Sequence[Segment]:
        pieces, at = [], start
        for stop, style in marks:
            if stop > at and at < end:
                pieces.append(Segment(text[at : min(stop, end)], style))
                at = min(stop, end)
        return pieces
