"""A text at which a pointer points: a click chooses a place, a way with a button held a part."""

from __future__ import annotations

from textual import events
from textual.message import Message

from ....widgets.lines import Lines


class Pointed(Lines):
    """Who makes it says which place is under the pointer."""

    class Clicked(Message):
        """A place in the newest text was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Dragged(Message):
        """The pointer was moved from one place of the newest text to another."""

        def __init__(self, anchor: int, place: int) -> None:
            super().__init__()
            self.anchor, self.place = anchor, place

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        #: Where a button was pressed, and whether the pointer was moved since.
        self._pressed: int | None = None
        self._dragged = False

    def place_under(self, event: events.MouseEvent) -> int | None:
        """The place that is under the pointer, if there is one."""
        return None

    def on_click(self, event: events.Click) -> None:
        """A place, unless it is where a way ends."""
        place = self.place_under(event)
        if place is not None and not self._dragged:
            self.post_message(self.Clicked(place))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A way may begin here."""
        self._pressed, self._dragged = self.place_under(event), False
        if self._pressed is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A way goes up to here."""
        place = None if self._pressed is None else self.place_under(event)
        if self._pressed is not None and place is not None:
            self._dragged |= place != self._pressed
            if self._dragged:
                self.post_message(self.Dragged(self._pressed, place))

    def on_mouse_up(self) -> None:
        """The button is held no longer."""
        self._pressed = None
        self.release_mouse()
