"""The leader: behind it one letter does what an action's own keys do, wherever one is.

Keys with Ctrl, Alt or F are often somebody else's (`tui.keys.arrival`); one such key and a letter
come through everything. It waits for the letter as long as that takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from textual.app import App

from ..keys.key import Key, is_text, key_name
from ..keys.key import View as ViewName
from ..keys.table import key_named, keys_of, letters
from ..widgets.leader_strip import Entry, LeaderStrip
from .base import View

LEADER = "app.leader"


class Leading:
    """Waits for the letter, and shows meanwhile which ones do something here."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._strip: LeaderStrip | None = None

    def begin(self) -> None:
        """Wait from now on."""
        self.end()
        view = self._view()
        entries = list(entries_of(view.view_name, self._states(view)))
        title = f"{key_named('app.leader')} and then …   Esc: none of them"
        rest = f"{key_name(letters(view.view_name)['help'])} tells all"
        self._strip = LeaderStrip(title, entries, rest)
        self._app.screen.mount(self._strip)

    def end(self) -> None:
        """Wait no longer."""
        strip, self._strip = self._strip, None
        if strip is not None and strip.is_attached:  # a screen may have gone, and it with that
            strip.remove()

    async def takes(self, key: str) -> bool:
        """Whether it waited for a key; if it is one of the letters, do what it says.

        Every key ends the wait. A text or Esc does nothing else then.
        """
        if self._strip is None:
            return False
        self.end()
        view = self._view()
        for row, letter in rows_of(view.view_name, self._states(view)):
            if letter == key:
                await self.do(row.action)
                return True
        return is_text(key) or key in ("escape", "backspace", *_keys(LEADER))

    async def do(self, action: str) -> None:
        """Do an action of the view, or of the app while a sheet lies over it."""
        self.end()
        view = self._view()
        if self._app.screen is view:
            await view.run_action(action)
        else:
            await self._app.run_action(action)

    def _view(self) -> View:
        """The view that is seen, whatever lies over it."""
        return [screen for screen in self._app.screen_stack if isinstance(screen, View)][-1]

    def _states(self, view: View) -> Collection[str] | None:
        """What holds in the view; None while a sheet lies over it."""
        return view.states() if self._app.screen is view else None


def rows_of(view: ViewName, states: Collection[str] | None) -> Iterator[tuple[Key, str]]:
    """What can be done behind the leader, and its letter, an action once.

    states: what holds in the view; None: a sheet lies over it, only the app acts.
    """
    done = {LEADER}
    for row in keys_of(view):
        letter = letters(view).get(row.action)
        label = row.label({view} if states is None else states)
        here = row.action.startswith("app.") if states is None else _is_here(row, states)
        if letter and label and here and row.action not in done:
            done.add(row.action)
            yield row, letter


def entries_of(view: ViewName, states: Collection[str] | None) -> Iterator[Entry]:
    """The lines of the strip: what the footer names first, in the order in which it gives way.

    Two actions in a row that are called alike, as a knob's, share one.
    """
    rows = sorted(rows_of(view, states), key=lambda pair: pair[0].rank or 99)
    last: Entry | None = None
    for row, letter in rows:
        label = row.label(states or {view}) or ""
        entry = Entry(key_name(letter), label, row.action)
        if last is not None and last.label == label:
            last = last._replace(keys=f"{last.keys} {entry.keys}", action="")
            continue
        if last is not None:
            yield last
        last = entry
    if last is not None:
        yield last


def _is_here(row: Key, states: Collection[str]) -> bool:
    """Whether an action is done where one is: a stage's only out of the prompt, and vice versa."""
    if row.where == "prompt":
        return "prompt" in states
    return not row.stage or "outside" in states


def _keys(action: str) -> tuple[str, ...]:
    return tuple(name for key in keys_of("", "always") if key.action == action for name in key.keys)
