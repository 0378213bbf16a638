"""What a screen that is driven quickly needs of an app, and Textual's does not give."""

from __future__ import annotations

import shutil
from collections import deque

from textual.app import App
from textual.events import Event, Key, Paste, Resize
from textual.geometry import Size
from textual.message import Message
from textual.notifications import Notification, Notify, SeverityLevel
from textual.timer import Timer

from charlm.display import visible, visible_text
from tui.widgets.text_field import inert

#: First a key goes its way from the focus up to the app, then what it caused.
_TRIPS = 2
#: A widget that goes away takes its messages with it: no key is waited for any longer.
_PATIENCE = 0.25  # seconds
#: The shortest time that is left to a toast, in seconds.
_MOMENT = 0.01
_SIZE = 1.0


class SteadyApp(App[int]):
    """An app that hands out one key at a time, and neither hangs nor lies about its size.

    Textual decides who is to have a key when it arrives. Typed quickly, keys would come to a view
    whose sheet is about to open, and what a field binds, which is done when a key comes back
    unused, would act behind letters typed after it. Here a messenger follows each key on its way,
    and the next one is handed out when it is back.
    """

    class Follower(Message):
        """Goes the way of a key behind it. `number`: of the key."""

        def __init__(self, number: int, trips: int) -> None:
            super().__init__()
            self.number, self.trips = number, trips

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Key | Paste] = deque()
        self._number = 0
        self._under_way: Timer | None = None

    async def on_event(self, event: Event) -> None:
        """Hold back what is typed while an earlier key is under way."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.append(event)
            if self._under_way is None:
                await self._hand_out()
        else:
            await super().on_event(event)

    async def _hand_out(self) -> None:
        """The next key, if one was typed. What is pasted is inert before any field has it."""
        if self._under_way is not None:
            self._under_way.stop()
            self._under_way = None
        if self._typed and self.screen_stack:  # there is none at the end
            event = self._typed.popleft()
            if isinstance(event, Paste):
                event.text = inert(event.text)
            self._number += 1
            lost = self.Follower(self._number, 1)
            self._under_way = self.set_timer(_PATIENCE, lambda: self.post_message(lost))
            await super().on_event(event)
            self._follow(_TRIPS)

    def _follow(self, trips: int) -> None:
        if self.screen_stack:
            (self.focused or self.screen).post_message(self.Follower(self._number, trips))

    async def on_steady_app_follower(self, message: Follower) -> None:
        """Once more along the way, or the next key."""
        if message.number != self._number:
            return  # that key took too long
        if message.trips > 1:
            self._follow(message.trips - 1)
        else:
            await self._hand_out()

    def on_mount(self) -> None:
        """The driver tells of new sizes; now and then it is asked."""
        if not self.is_headless:
            self.set_interval(_SIZE, self._take_size)

    def _take_size(self) -> None:
        """The terminal's, if another one is drawn for.

        Of many new sizes in a moment an older one can come last: the driver's handler of the
        signal is interrupted by itself.
        """
        size = Size(*shutil.get_terminal_size())
        if size != self.size:
            self.post_message(Resize(size, size))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast, whatever characters are in the message."""
        timeout = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self.post_message(Notify(Notice(visible(message), title, severity, timeout, markup)))

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text; what the clipboard is pasted into is safe from it."""
        super().copy_to_clipboard(visible_text(text))


class Notice(Notification):
    """A notification whose time never runs below zero.

    Each sheet that opens shows the toasts of the moment anew, for the time that is left to them.
    That can end between the question whether there is any and the start of the timer, and with a
    negative time a timer (Textual 8.2) goes round for ever: the screen would hang.
    """

    @property
    def time_left(self) -> float:
        """Seconds until it expires, above zero."""
        return max(_MOMENT, super().time_left)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return super().time_left <= 0
