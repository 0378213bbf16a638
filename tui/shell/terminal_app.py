"""An app that knows its terminal: its colours and characters, its cursor, how it is left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import constants
from textual.driver import Driver
from textual.filter import LineFilter
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from ..colours.depth import Depth, depth_of
from ..colours.filters import DepthFilter
from .glyphs import AsciiGlyphs
from .settings import Settings, wants_ascii
from .steady_app import SteadyApp

#: Below the last line of any terminal; it is as far as the cursor goes.
_BOTTOM = "\x1b[999;1H\n"
_SHOW_CURSOR = "\x1b[?25h"


class TerminalApp(SteadyApp):
    """Draws in what the terminal has, and shows its own cursor where it is asked to.

    depth: how many colours there are. shows_cursor: whether the terminal's cursor is seen; it
    stands on what is marked (`cursor_screen_offset` of the widget that has the keys), for who
    hears or feels the screen.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.shows_cursor = settings.plain
        self.console._color_system = ColorSystem.TRUECOLOR  # what we draw is not rounded again
        self._ascii = [AsciiGlyphs()] if wants_ascii(settings.glyphs, os.environ) else []
        self.draw_in(depth_of(os.environ, settings.colours, constants.COLOR_SYSTEM or ""))

    def draw_in(self, depth: Depth) -> None:
        """Draw in so many colours, from the next paint on."""
        self.depth, self.no_color = depth, depth == "none"
        self.set_class(depth in ("16", "none"), "-few-colours")
        self._depth_filter = DepthFilter(self, depth)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and ours for terminals that have few characters or colours."""
        return [*self._depth_filter.after(super().get_line_filters()), *self._ascii]

    def get_driver_class(self) -> type[Driver]:
        """Textual's, which leaves the terminal as we want it left."""
        return _leaving_below(super().get_driver_class())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """With each frame the cursor goes where the marked place is by then."""
        if self.shows_cursor and self.screen_stack and (focused := self.focused) is not None:
            self.cursor_position = marked_place(focused)
        super()._display(screen, renderable)


def marked_place(widget: Widget) -> Offset:
    """Where on the screen the place is that is marked in a widget; its begin where none is."""
    from textual.widgets import Input, OptionList  # here: the first paint does not need them

    region, place = widget.content_region, widget.content_region.offset
    if isinstance(widget, Input):  # its own is one too far at the end
        cells = widget._position_to_cell(widget.cursor_position)
        place += Offset(cells - widget.scroll_offset.x, 0)
    elif isinstance(widget, OptionList):
        if widget.highlighted is not None:
            line = widget._index_to_line[widget.highlighted]
            place += Offset(0, line - widget.scroll_offset.y)
    else:
        place = getattr(widget, "cursor_screen_offset", None) or place
    right, bottom = max(region.x, region.right - 1), max(region.y, region.bottom - 1)
    return Offset(min(max(region.x, place.x), right), min(max(region.y, place.y), bottom))


def _leaving_below(driver: type[Driver]) -> type[Driver]:
    """A driver that shows the cursor if the app does, and at the end puts it below the picture.

    A terminal that goes back to another screen has the cursor where it was there. Those that have
    only one (the console of Linux, vt100, tmux with alternate-screen off) say nothing of that, and
    the shell would write into the middle of the picture.
    """

    class LeavingBelow(driver):  # type: ignore[misc,valid-type]
        def start_application_mode(self) -> None:
            super().start_application_mode()
            if getattr(self._app, "shows_cursor", False):
                self.write(_SHOW_CURSOR)
                self.flush()

        def stop_application_mode(self) -> None:
            self.write(_BOTTOM)
            super().stop_application_mode()

    return LeavingBelow
