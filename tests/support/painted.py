"""A terminal that is watched: what it shows, and what Textual never writes by itself."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import re
import select
import signal
import struct
import termios
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.cells import cell_len

from benchmarks.terminal import Terminal

#: Textual's own commands, all of them; a model's ESC makes others.
_COMMAND = re.compile(
    r"\x1b\[(?P<line>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<look>[0-9;]*)m"
    r"|\x1b\[\?(?P<mode>7|25|1000|1003|1004|1006|1015|1049|2004|2026)(?P<set>[hl])"
    r"|\x1b\[\?(?P<asked>2026|2048)\$p|\x1b\[>\d+u|\x1b\[<u"
    r"|\x1b\]22;[a-z-]+\x07"
    r"|\x1b\]52;c;(?P<copied>[A-Za-z0-9+/=]*)\x07"
)
_BEGUN = re.compile(r"\x1b(\[[0-9;?<>$]*|\](\d{0,2}|22;[a-z-]*|52;(c(;[A-Za-z0-9+/=]*)?)?))?\Z")
#: Unicode categories of controls, invisible format characters (bidi marks among them),
#: surrogates, and separators of lines and paragraphs.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: How Textual lets a piece of text look: attributes, the ink, and always a background.
_COLOUR = r"8;(2;\d+;\d+;\d+|5;\d+)"
_LOOK = re.compile(rf"([123479];)*(3{_COLOUR};)?4{_COLOUR}")
_PATIENCE = 60.0  # seconds
#: The mode in which a frame is painted: nothing is seen before it is whole.
_FRAME = "2026"
_FRAMES_ARE_KNOWN = f"\x1b[?{_FRAME};2$y"
#: Pastes in brackets: set once keys are no longer echoed, reset before they are again. While it
#: is set Textual holds the terminal.
_HELD = "2004"


class Painted:
    """A terminal's cells, modes and clipboard. `strays`: whatever Textual has no reason to write.

    It has one screen, as the console of Linux: there is no other to go back to.

    While Textual holds the terminal it writes text in pieces only: how one looks, its characters,
    the end of that look. Moves, modes, ends of lines and all else stand between two pieces. So a
    text that commands anything at all breaks a piece.
    Bytes that are not UTF-8 raise UnicodeDecodeError.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._line = self._column = 0
        self._cells: list[list[str]] = []
        self._before: str | None = None
        self.asks_for_frames = False
        self.resize(columns, lines)
        self.modes: set[str] = {"7", "25"}
        self.copied: list[str] = []
        self.strays: list[str] = []
        #: What was written while Textual did not hold the terminal: before and after.
        self.said = ""
        self._in_piece = False
        self._returned = False

    def resize(self, columns: int, lines: int) -> None:
        """Another size: all is blank until it is painted anew."""
        self._cells = [[" "] * columns for _ in range(lines)]
        self._before = None

    @property
    def cursor(self) -> tuple[int, int]:
        """Its line and its column."""
        return self._line, self._column

    @property
    def text(self) -> str:
        """All lines as they are to be seen; while a frame is painted, those before it."""
        if self._before is not None:
            return self._before
        return "\n".join("".join(line).rstrip() for line in self._cells)

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Take in what was written. last: nothing more comes, and what was begun counts."""
        text = self._rest + self._decoder.decode(data, last)
        place = 0
        while place < len(text):
            command = _COMMAND.match(text, place)
            if command is not None:
                if not self._has_place(command):
                    self._stray(text, place)
                self._returned = False
                self._obey(command)
                place = command.end()
            elif not last and _BEGUN.match(text, place):
                break
            else:
                if not self._may_come(text[place]):
                    self._stray(text, place)
                self._put(text[place])
                place += 1
        self._rest = text[place:]

    def _obey(self, command: re.Match[str]) -> None:
        if command["line"]:
            last = len(self._cells) - 1
            self._line, self._column = (
                min(int(command["line"]) - 1, last),
                int(command["column"]) - 1,
            )
        elif command["mode"] == _FRAME:
            self._before = self.text if command["set"] == "h" else None
        elif command["mode"]:
            (self.modes.add if command["set"] == "h" else self.modes.discard)(command["mode"])
        elif command["asked"] == _FRAME:
            self.asks_for_frames = True
        elif command["copied"] is not None:
            self.copied.append(command["copied"])
        elif command["look"] is not None:
            self._in_piece = command["look"] != "0"

    def _has_place(self, command: re.Match[str]) -> bool:
        """Whether Textual writes this command here."""
        look = command["look"]
        if self._returned:
            return False
        if _HELD not in self.modes:
            return look is None and not command["line"] and command["copied"] is None
        if look == "0":
            return self._in_piece
        return not self._in_piece and (look is None or _LOOK.fullmatch(look) is not None)

    def _may_come(self, character: str) -> bool:
        """Whether Textual writes this character here; of its LF the terminal makes CR LF."""
        if self._returned or character == "\n":
            return self._returned and character == "\n"
        if character == "\r":
            return not self._in_piece
        if unicodedata.category(character) in _HIDDEN:
            return False
        return self._in_piece or _HELD not in self.modes

    def _stray(self, text: str, place: int) -> None:
        self.strays.append(text[max(0, place - 20) : place + 40])

    def _put(self, character: str) -> None:
        self._returned = character == "\r"
        if _HELD not in self.modes:
            self.said += character
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._line += 1
            if self._line == len(self._cells):
                self._line -= 1
                self._cells = [*self._cells[1:], [" "] * len(self._cells[0])]
        elif unicodedata.category(character) not in _HIDDEN:
            if 0 <= self._line < len(self._cells) and self._column < len(self._cells[self._line]):
                self._cells[self._line][self._column] = character
            self._column += cell_len(character)


class Watched(Terminal):
    """A program at a terminal whose screen is read. Nothing that was written is lost."""

    def __init__(self, arguments: Sequence[str], columns: int, lines: int, settings: Path) -> None:
        self.screen = Painted(columns, lines)
        environment = {"CHARLM_SETTINGS": str(settings), "CHARLM_GLYPHS": "unicode"}
        environment |= dict.fromkeys(("COLUMNS", "LINES"), "")  # the terminal tells
        # Nothing that takes keys, whatever terminal the tests run in.
        takes = ("STY", "BYOBU_BACKEND", "TERM_PROGRAM", "VTE_VERSION")
        environment |= dict.fromkeys(takes, "")
        # No program that copies: the clipboard of who runs the tests stays theirs.
        environment |= dict.fromkeys(("TMUX", "WAYLAND_DISPLAY", "DISPLAY"), "")
        super().__init__(arguments, columns=columns, lines=lines, environment=environment)

    def resize(self, columns: int, lines: int, *, told: bool = True) -> None:
        """Another size, of which the program is told by a signal, or not."""
        self.screen.resize(columns, lines)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if told:
            self.process.send_signal(signal.SIGWINCH)

    def press(self, keys: str, *marks: str) -> None:
        """Press keys, then wait until every mark is seen; some must not have been seen before."""
        assert not self._shows(marks), f"{keys!r}: {marks} are there before"
        self.send(keys)
        self.until(lambda _: self._shows(marks), f"{keys!r}: {marks}")

    def press_away(self, keys: str, mark: str) -> None:
        """Press keys, then wait until the mark has gone."""
        assert self._shows([mark]), f"{keys!r}: {mark} is not there before"
        self.send(keys)
        self.until(lambda text: mark not in text, f"{keys!r}: the end of {mark}")

    def _shows(self, marks: Sequence[str]) -> bool:
        return all(mark in self.screen.text for mark in marks)

    def until(self, holds: Callable[[str], bool], what: str = "") -> None:
        """Wait until it holds for the text of the screen."""
        end = time.monotonic() + _PATIENCE
        while not holds(self.screen.text):
            more = self._take(end - time.monotonic())
            assert more, f"{what} never came, the last there was:\n{self.screen.text}"

    def catch_up(self) -> None:
        """Take in what is there to be read by now."""
        while select.select([self._ours], [], [], 0)[0] and self._take(0):
            pass

    def end(self) -> int:
        """Take in all that comes until the end; the exit code."""
        while self._take(_PATIENCE):
            pass
        self.screen.feed(b"", last=True)
        return self.process.wait(_PATIENCE)

    def modes(self) -> list[object]:
        """How the terminal takes keys: what tcgetattr tells."""
        return termios.tcgetattr(self._ours)

    def group(self) -> list[int]:
        """The processes of the program's session that still live."""
        alive = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    alive.append(int(stat.parent.name))
        return alive

    def _take(self, seconds: float) -> bool:
        self._seen = b""
        going_on = self._read(seconds)
        self.screen.feed(self._seen)
        if self.screen.asks_for_frames:
            self.screen.asks_for_frames = False
            self.send(_FRAMES_ARE_KNOWN)
        return going_on
