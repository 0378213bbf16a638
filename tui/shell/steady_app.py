"""What a screen that is driven quickly needs of an app, and Textual's does not give."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from rich.segment import Segments
from textual.app import App
from textual.driver import Driver
from textual.events import DeliveryComplete, Event, InputEvent, Key, MouseEvent, Paste, Resize
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.notifications import Notification, Notify, SeverityLevel
from textual.timer import Timer

from charlm.display import harmless_text, visible, visible_text

from ..widgets.text_field import inert
from . import clipboard
from .escapes import hear_escapes, held, parted
from .suspending import stop_job, why_not

#: First a key goes its way from the focus up to the app, then what it caused.
_TRIPS = 2
#: How often it is asked whether the messenger can still come back, in seconds, and how many times.
_PATIENCE = 0.25
_ASKED = 12
#: The shortest time that is left to a toast, in seconds.
_MOMENT = 0.01
_LOOK = 1.0
#: A field that holds many more answers each key slowly.
_MOST_PASTED = 100_000
#: The narrowest and the lowest that is drawn for: below it, Textual's own widgets fail.
_LEAST = Size(20, 5)


class SteadyApp(App[int]):
    """An app that hands out one key at a time, and neither hangs nor lies about its size.

    Textual decides who is to have a key when it arrives. Typed quickly, keys would come to a view
    whose sheet is about to open, and what a field binds, which is done when a key comes back
    unused, would act behind letters typed after it. Here a messenger follows each key on its way,
    and what comes next, from the keyboard or the mouse, is handed out when it is back.
    """

    class Follower(Message):
        """Goes the way of a key behind it. `number`: of the key."""

        def __init__(self, number: int, trips: int) -> None:
            super().__init__()
            self.number, self.trips = number, trips

    def __init__(self) -> None:
        super().__init__()
        #: Says which programs copy here (`tui.shell.clipboard`).
        self.clipboard_environment: Mapping[str, str] = os.environ
        self._copying = asyncio.Lock()
        self._held: deque[InputEvent | Paste] = deque()
        self._number = 0
        #: Who was given the messenger of the key under way, while one is.
        self._under_way: MessagePump | None = None
        self._patience: Timer | None = None

    async def on_event(self, event: Event) -> None:
        """Hold back what is typed or clicked while an earlier key is under way."""
        if isinstance(event, InputEvent | Paste) and not event.is_forwarded:
            self._held.append(event)
            if self._under_way is None:
                await self._hand_out()
            return
        if isinstance(event, Resize):
            event.size = event.virtual_size = event.container_size = _at_least(event.size)
        await super().on_event(event)

    async def _hand_out(self) -> None:
        """What was held back, up to the next key."""
        if self._patience is not None:
            self._patience.stop()
        if self._under_way is not None:
            self.key_done()
        self._under_way = None
        while self._under_way is None and self._held and self.screen_stack:  # none at the end
            event = self._held.popleft()
            if isinstance(event, MouseEvent):
                await super().on_event(event)
                self.key_done()
                continue
            if isinstance(event, Paste):
                self._take_paste(event)
            elif isinstance(event, Key):
                event, *later = [held(event)] if self._edits(event.key) else parted(event)
                self._held.extendleft(later)
            self._number += 1
            self._under_way = self
            if not (isinstance(event, Key) and await self.takes_key(event.key)):
                await super().on_event(event)
            self._follow(_TRIPS)
            self._be_patient(self._number, _ASKED)

    async def takes_key(self, key: str) -> bool:
        """Whether a key has been taken already, before what is bound and the focus can have it."""
        return False

    def _edits(self, key: str) -> bool:
        """Whether a key edits the text that has the focus."""
        edits = getattr(self.focused, "edits", None) if self.screen_stack else None
        return edits is not None and bool(edits(key))

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """What edits a text goes to it, before all that is bound."""
        if priority and self._edits(key):
            return False
        return await super()._check_bindings(key, priority)

    def get_driver_class(self) -> type[Driver]:
        """Textual's, which is to tell of Esc and a key that come together."""
        driver = super().get_driver_class()
        hear_escapes(driver)
        return driver

    def action_suspend_process(self) -> None:
        """Back to the shell that started this; where there is no way back to here, say so."""
        can = self._driver is not None and self._driver.can_suspend
        if why := why_not(can):
            self.notify(why)
            return
        with self.suspend():
            stop_job()

    def on_driver_signal_resume(self) -> None:
        """Someone else suspended it: the terminal has nothing of the picture any more."""
        self.refresh(layout=True)

    def key_done(self) -> None:
        """A key has gone its way, or the mouse: what it did can be drawn."""

    def _take_paste(self, event: Paste) -> None:
        """What is pasted is inert before a field has it, and no more than a field can bear."""
        if len(event.text) > _MOST_PASTED:
            self.notify(f"only the first {_MOST_PASTED:,} characters were pasted")
        event.text = inert(event.text[:_MOST_PASTED])

    def _follow(self, trips: int) -> None:
        """Send the messenger; it is back at once where nobody takes it."""
        messenger = self.Follower(self._number, trips)
        self._under_way = (self.focused or self.screen) if self.screen_stack else self
        if not self._under_way.post_message(messenger):
            self.post_message(messenger)

    def _be_patient(self, number: int, rounds: int) -> None:
        """Wait for the messenger. A widget that goes away takes its messages with it."""

        def ask() -> None:
            if number == self._number and self._under_way is not None:
                if rounds and self._under_way.is_attached:
                    self._be_patient(number, rounds - 1)
                else:
                    self.post_message(self.Follower(number, 1))

        self._patience = self.set_timer(_PATIENCE, ask)

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
            self.set_interval(_LOOK, self._take_size)

    def _take_size(self) -> None:
        """The terminal's, if another one is drawn for.

        Of many new sizes in a moment an older one can come last: the driver's handler of the
        signal is interrupted by itself.
        """
        with suppress(OSError, ValueError, AttributeError):  # no terminal, or closed
            terminal = sys.__stderr__.fileno()  # type: ignore[union-attr]  # where Textual draws
            size = _at_least(Size(*os.get_terminal_size(terminal)))
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
        notice = Notice(visible_text(message), visible(title), severity, timeout, markup)
        self.post_message(Notify(notice))

    def on_notify(self, event: Notify) -> None:
        """A piece of news takes the place of the one before: toasts are read one at a time."""
        news = [n for n in self._notifications if n.severity == "information"]
        for old in news if event.notification.severity == "information" else ():
            if old is not event.notification:
                self._unnotify(old)

    def on_delivery_complete(self, event: DeliveryComplete) -> None:
        """A picture was saved. Textual's words for it are markup."""
        event.prevent_default()
        if event.name == "screenshot":
            self.notify(f"the screen is saved as {visible(str(event.path))}")

    def _print_error_renderables(self) -> None:
        """What a program error leaves on the terminal, as inert as all else."""
        self._exit_renderables[:] = [
            Segments([
                segment._replace(text=visible_text(segment.text))
                for segment in self.console.render(renderable)
            ])
            for renderable in self._exit_renderables
        ]  # fmt: skip
        super()._print_error_renderables()

    def copy_to_clipboard(self, text: str) -> None:
        """Send a text to the terminal; what the clipboard is pasted into is safe from it."""
        super().copy_to_clipboard(harmless_text(text))

    async def copy_by_program(self, text: str) -> str:
        """Copy a text, as safe, by a program that says whether it did; how, or "" for none.

        It runs beside the screen. Where there is no terminal there is no clipboard either.
        """
        if self.is_headless and self.clipboard_environment is os.environ:
            return ""
        text = harmless_text(text)
        async with self._copying:  # what is copied last is what is there
            how = await asyncio.to_thread(clipboard.copy, text, self.clipboard_environment)
        if how:
            self._clipboard = text  # what Ctrl+V gives in a field of the screen
        return how


def _at_least(size: Size) -> Size:
    return Size(max(size.width, _LEAST.width), max(size.height, _LEAST.height))


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
