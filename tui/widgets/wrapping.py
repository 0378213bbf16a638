"""Breaking text into lines of a terminal, a piece at a time.

The text of a completion grows at its end, and a beam may rewrite its tail: `Wrapped` breaks
again only the lines that a change can reach. Widths are in terminal cells: a wide character
takes two, a combining one none.
"""

from __future__ import annotations

from bisect import bisect_right

from rich.cells import cell_len, get_character_cell_size, set_cell_size

_LEFT = 8  # cells of a name that still say which it is


def cut(text: str, room: int) -> str:
    """Return a text of one line in at most `room` cells: where it is longer, "…" ends it."""
    return text if cell_len(text) <= room else set_cell_size(text, max(0, room - 1)) + "…"


def cut_first(text: str, room: int) -> str:
    """Return parts with " · " between them in at most `room` cells: the first gives way.

    It is what is longest, a name, and the others are what sets one text apart from the next.
    """
    first, dot, rest = text.partition(" · ")
    left = room - cell_len(dot + rest)
    return cut(cut(first, left) + dot + rest if left >= _LEFT else text, room)


def cut_before(text: str, room: int) -> str:
    """Return the end of a text of one line in at most `room` cells, "…" before it if it is cut."""
    if cell_len(text) <= room:
        return text
    kept, cells = len(text), 1
    while kept and (cells := cells + get_character_cell_size(text[kept - 1])) <= room:
        kept -= 1
    return "…" + text[kept:]


def cut_inside(text: str, room: int) -> str:
    """Return both ends of a text of one line in at most `room` cells, "…" between if it is cut."""
    if cell_len(text) <= room:
        return text
    if room < 3:
        return cut(text, room)
    begin = set_cell_size(text, room // 2 - 1)
    return begin + cut_before(text, room - cell_len(begin))


def line_end(text: str, start: int, width: int) -> tuple[int, int]:
    """The first line of text[start:] in `width` cells: (its end, the start of the next).

    Lines break at a newline, else after the last space that fits, else anywhere. The next
    start is -1 when the text ends within this line.
    """
    limit = _fitting(text, start, width)
    newline = text.find("\n", start, limit + 1)
    if newline >= 0:
        return newline, newline + 1
    if limit >= len(text):
        return len(text), -1
    if text[limit] == " ":  # the space that ends a full line hangs over its edge, unseen
        return limit, limit + 1
    space = text.rfind(" ", start, limit)
    return (space + 1, space + 1) if space >= start else (limit, limit)


def _fitting(text: str, start: int, width: int) -> int:
    """How far text[start:] fits in `width` cells; at least one character."""
    piece = text[start : start + width]
    if piece.isascii():
        return start + len(piece)
    cells = 0
    for place in range(start, len(text)):
        character = text[place]
        if character == "\n":
            return place
        cells += get_character_cell_size(character)
        if cells > width:
            return max(place, start + 1)
    return len(text)


class Wrapped:
    """A text and the lines it makes at one width. `starts[i]`, `ends[i]`: offsets of line i."""

    def __init__(self, text: str = "", width: int = 80) -> None:
        self.text = text
        self.width = max(1, width)
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._break_from(0)

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> str:
        """The characters of one line."""
        return self.text[self.starts[index] : self.ends[index]]

    def place(self, line: int, cells: int) -> int:
        """The character of a line that is so many cells from its left edge, at most its end."""
        start, end = self.starts[line], self.ends[line]
        return min(_fitting(self.text, start, cells) if cells > 0 else start, end)

    def line_of(self, place: int) -> int:
        """The line that a character is on."""
        return max(0, bisect_right(self.starts, place) - 1)

    def glyph(self, place: int) -> int:
        """The character whose cells one is drawn in: itself, but for those that have none."""
        first = self.starts[self.line_of(place)]
        while place > first and self.text[place] != "\n" and not cell_len(self.text[place]):
            place -= 1
        return place

    def offset(self, place: int) -> tuple[int, int]:
        """Where a character is: cells from the left edge, lines from the top."""
        line = self.line_of(place)
        if place < len(self.text):
            place = self.glyph(place)
        return cell_len(self.text[self.starts[line] : place]), line

    def rewrite(self, keep: int, tail: str) -> int:
        """Make the text text[:keep] + tail; return the first line that may have changed."""
        self.text = self.text[:keep] + tail if keep < len(self.text) else self.text + tail
        # A break was chosen by looking at the word after it, which may reach into the second
        # line after it (wide characters): the two lines before the change are broken again too.
        changed = max(0, bisect_right(self.starts, keep) - 3)
        start = self.starts[changed] if self.starts else 0
        del self.starts[changed:], self.ends[changed:]
        self._break_from(start)
        return changed

    def set_width(self, width: int) -> None:
        """Break everything again for another width."""
        if max(1, width) != self.width:
            self.width = max(1, width)
            self.starts, self.ends = [], []
            self._break_from(0)

    def _break_from(self, start: int) -> None:
        while start >= 0:
            self.starts.append(start)
            end, start = line_end(self.text, start, self.width)
            self.ends.append(end)
