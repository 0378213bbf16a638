"""Everything that is drawn, in ASCII: for terminals and locales that have nothing else."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_BORDERS = dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋", "+") | dict.fromkeys("─━╌┄┈", "-")
_BORDERS |= dict.fromkeys("│┃╎▌▐▎▏▕", "|")
_SIGNS = {
    "…": ".", "·": "-", "×": "x", "–": "-", "—": "-", "›": ">", "▸": ">", "●": "*", "✓": "x",
    "→": ">", "←": "<", "↑": "^", "↓": "v", "▲": "^", "▼": "v", "“": '"', "”": '"', "‘": "'",
    "’": "'", "•": "*", "⇧": "S", "⌥": "A", "␊": "~", "↵": "~", "␣": "_", "▔": "-", "▁": "_",
}  # fmt: skip
_SHADES = {"░": ".", "▒": ":", "▓": "%", "█": "#", "▀": '"', "▄": "_", "▂": "_", "▃": "-",
           "▅": "=", "▆": "+", "▇": "#"}  # fmt: skip
#: The dots of the upper half of a cell of braille.
_UPPER = 0b00011011
#: What `charlm.display` draws for what joins emoji.
_JOINERS = {"‿": "+", "◌": "'"} | dict(zip("₂₃₄₅₆", "23456", strict=True))
_JOINERS |= {chr(ord("Ⓐ") + place): chr(ord("A") + place) for place in range(26)}
_MAP = _BORDERS | _SIGNS | _SHADES | _JOINERS


class AsciiGlyphs(LineFilter):
    """Draws every character that is not ASCII as one that is, in as many cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, their text in ASCII."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment("".join(map(ascii_for, segment.text)), segment.style)
            for segment in segments
        ]


@lru_cache(4096)
def ascii_for(character: str) -> str:
    """One character in ASCII; what has no likeness is a question mark, dots of a chart are dots."""
    if character.isascii():
        return character
    if "\u2800" <= character <= "\u28ff":
        dots = ord(character) - 0x2800
        upper, lower = bool(dots & _UPPER), bool(dots & ~_UPPER)
        return " '.:"[upper + 2 * lower]
    return _MAP.get(character, "?" * get_character_cell_size(character))
