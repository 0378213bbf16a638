"""The curves of a training: one chart, or all four where there is room; axis, zoom and cursor."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Offset
from textual.message import Message

from ...charts.chart import Chart
from ...charts.pictures import AXES, KINDS, SMOOTHINGS, Kind, Look, caption, picture
from ...training.snapshots import Curves, Place
from ...widgets.pieces_line import PiecesLine

#: Sizes from which all charts are shown together.
_WIDE, _TALL = 84, 20
_MOST_ZOOM = 64
_COLUMNS = 80


class CurveBoard(Vertical, can_focus=True):
    """Draws what changed: a newer snapshot, how it is looked at, the room there is."""

    class Moved(Message):
        """The cursor moved. `place`: where to, None for the newest."""

        def __init__(self, place: Place | None) -> None:
            super().__init__()
            self.place = place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.look = Look()
        self.kind: Kind = "loss"
        self.zoom = 1
        self._curves: Curves | None = None
        self._others: tuple[Curves, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._boxes = {kind: _Curve(kind) for kind in KINDS}
        self._small = Horizontal(id="small-curves")

    def compose(self) -> ComposeResult:
        """The loss above, the others in a row below it."""
        loss, *others = self._boxes.values()
        yield loss
        with self._small:
            yield from others

    @property
    def cursor_screen_offset(self) -> Offset | None:
        """Where on the screen the cursor meets the first curve that is shown."""
        shown = (box.chart for box in self._boxes.values() if box.display)
        return next((chart.cursor_screen_offset for chart in shown), None)

    def on_show(self) -> None:
        """Draw what came while it was hidden."""
        self.call_after_refresh(self.draw)

    def on_resize(self, event: events.Resize) -> None:
        """All charts where there is room."""
        self._arrange(event.size.width >= _WIDE and event.size.height >= _TALL)

    def show(self, curves: Curves | None, others: Sequence[Curves] = ()) -> None:
        """Draw these."""
        self._curves, self._others = curves, tuple(others)
        self.draw()

    def draw(self) -> None:
        """Redraw if something changed and it can be seen."""
        curves = self._curves
        wanted = (curves, self._others, self.look, self.zoom, self.kind, self.size)
        if curves is None or wanted == self._drawn or not self.is_on_screen:
            return
        self._drawn = wanted
        look = replace(self.look, window=self._window())
        for kind, box in self._boxes.items():
            if box.display:
                box.caption.set_pieces(caption(curves, kind, look, self._others))
                box.chart.show(picture(curves, kind, look, self._others))

    # What keys do.

    def next_kind(self) -> None:
        """Another of the four, where only one has room."""
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        self._arrange(self.shows_all)
        self.draw()

    def next_axis(self) -> None:
        """Characters, steps, time."""
        axis = AXES[(AXES.index(self.look.axis) + 1) % len(AXES)]
        self._look(replace(self.look, axis=axis))

    def next_smoothing(self) -> None:
        """Off, weak, strong."""
        place = SMOOTHINGS.index(self.look.smoothing) + 1
        self._look(replace(self.look, smoothing=SMOOTHINGS[place % len(SMOOTHINGS)]))

    def toggle_log(self) -> None:
        """A logarithmic axis, or a plain one."""
        self._look(replace(self.look, log=not self.look.log))

    def zoom_by(self, direction: int) -> None:
        """Nearer (1), farther (-1), all (0), about the cursor or the newest end."""
        zoom = 1 if direction == 0 else self.zoom * 2 if direction > 0 else self.zoom // 2
        self.zoom = max(1, min(_MOST_ZOOM, zoom))
        self.draw()

    def move(self, by: int) -> None:
        """The cursor by so many columns; behind the newest value it goes away."""
        places = self._places()
        if not places:
            return
        stride = max(1, len(places) // (_COLUMNS * self.zoom))
        cursor = self.look.cursor
        at = len(places) if cursor is None else bisect_left(places, cursor)
        at = max(0, at + by * stride)
        self.move_to(places[at] if at < len(places) else None)

    def move_to(self, place: Place | None) -> None:
        """The cursor to a place, or away (None)."""
        if place != self.look.cursor:
            self._look(replace(self.look, cursor=place))
            self.post_message(self.Moved(place))

    def to_first(self) -> None:
        """The cursor to the beginning."""
        self.move_to(next(iter(self._places()), None))

    @property
    def shows_all(self) -> bool:
        """Whether all charts have room."""
        return self.has_class("-all")

    def span(self, curves: Curves) -> tuple[float, float]:
        """The part of the axis that is seen, of all the runs."""
        window = self._window()
        if window is not None:
            return window
        ends = [
            sample.place.along(self.look.axis)
            for run in (curves, *self._others)
            for points in (run.of("training"), run.of("validation"))
            for sample in (*points[:1], *points[-1:])
        ]
        return min(ends, default=0.0), max(ends, default=1.0)

    def on_chart_picked(self, event: Chart.Picked) -> None:
        """A click: the cursor goes to the nearest place before it."""
        event.stop()
        axis = self.look.axis
        before = [place for place in self._places() if place.along(axis) <= event.x]
        if before:
            self.move_to(before[-1])

    def _look(self, look: Look) -> None:
        self.look = look
        self.draw()

    def _arrange(self, together: bool) -> None:
        self.set_class(together, "-all")
        for kind, box in self._boxes.items():
            box.display = together or kind == self.kind
        self._small.display = together or self.kind != "loss"
        self.call_after_refresh(self.draw)

    def _places(self) -> list[Place]:
        if self._curves is None:
            return []
        points = self._curves.of("training") or self._curves.of("validation")
        return [sample.place for sample in points]

    def _window(self) -> tuple[float, float] | None:
        """The part of the axis that is seen: about the cursor, else up to the newest value."""
        places = self._places()
        if self.zoom == 1 or not places:
            return None
        axis = self.look.axis
        first, last = places[0].along(axis), places[-1].along(axis)
        width = (last - first) / self.zoom
        middle = last if self.look.cursor is None else self.look.cursor.along(axis)
        low = min(max(first, middle - width / 2), last - width)
        return (low, low + width) if width > 0 else None


class _Curve(Vertical):
    """One chart, and the line of words above it."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(id=f"curve-{kind}", classes="curve")
        self.caption, self.chart = PiecesLine(), Chart()

    def compose(self) -> ComposeResult:
        """The words, the chart."""
        yield self.caption
        yield self.chart
