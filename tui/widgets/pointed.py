"""A text at which a pointer points: a click chooses a place, a way with the button held a part."""

from __future__ import annotations

from textual import events
from textual.message import Message

from .lines import Lines

_FIRST = 1  # the button that chooses; the others are the terminal's


class Pointed(Lines):
    """Who makes it says which place is where. A way beyond its edge scrolls it line by line."""

    class Clicked(Message):
        """A place was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Dragged(Message):
        """The pointer was moved from one place to another."""

        def __init__(self, anchor: int, place: int) -> None:
            super().__init__()
            self.anchor, self.place = anchor, place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        #: Where the button was pressed, and whether the pointer was moved since.
        self._pressed: int | None = None
        self._dragged = False

    def place_at(self, x: int, y: int) -> int | None:
        """The place that is so many cells from the left and the top of the widget, if any is."""
        return None

    def on_click(self, event: events.Click) -> None:
        """A place, unless it is where a way ends."""
        place = self.place_at(event.x, event.y)
        if event.button == _FIRST and place is not None and not self._dragged:
            self.post_message(self.Clicked(place))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A way may begin here."""
        if event.button != _FIRST:
            return
        self._pressed, self._dragged = self.place_at(event.x, event.y), False
        if self._pressed is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A way goes up to here, or to the edge that it left by."""
        if self._pressed is None:
            return
        y = max(self.HEAD, min(event.y, self.size.height - 1))
        if y != event.y:
            self.go_to(max(0, self.scroll_offset.y + (1 if event.y > y else -1)))
        place = self.place_at(event.x, y)
        if place is not None:
            self._dragged |= place != self._pressed
            if self._dragged:
                self.post_message(self.Dragged(self._pressed, place))

    def on_mouse_up(self) -> None:
        """The button is held no longer."""
        self._pressed = None
        self.release_mouse()
