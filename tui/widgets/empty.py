"""What stands in the middle of a text's place while there is no text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from .wrapping import Wrapped


def empty_line(
    lines: Sequence[str], y: int, size: Size, base: Style, strong: Style, quiet: Style
) -> Strip:
    """Line `y` of a place of this size, the lines broken and centred in it; the first is strong."""
    width = max(1, size.width - 2)
    broken = [(part, n == 0) for n, line in enumerate(lines) for part in _broken(line, width)]
    place = y - max(0, (size.height - len(broken)) // 2)
    if not 0 <= place < len(broken):
        return Strip.blank(size.width, base)
    text, first = broken[place]
    line = Strip([Segment(text.rstrip(), base + (strong if first else quiet))])
    left = max(0, (size.width - line.cell_length) // 2)
    return Strip([Segment(" " * left, base), *line]).crop_extend(0, size.width, base)


def _broken(text: str, width: int) -> list[str]:
    wrapped = Wrapped(text, width)
    return [wrapped.line(i) for i in range(len(wrapped))]
