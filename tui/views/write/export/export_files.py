"""A text of the screen as a file: plain, Markdown, JSON lines, SVG."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from charlm.display import harmless_text, visible_characters

from ....widgets.wrapping import Wrapped, cut
from ....writer.thoughts import LEVELS, Trace
from ..text.block import Block

_COLUMNS, _CELL, _LINE, _EDGE = 80, 8.4, 20, 24


class Ink(NamedTuple):
    """How one level of surprise looks: colours as #rrggbb, no paper of its own is ""."""

    ink: str
    paper: str = ""
    bold: bool = False


def as_markdown(block: Block) -> str:
    """Prompt and text in fences, below what wrote them."""
    prompt, text = block.text[: block.given], block.text[block.given :]
    longest = max((len(run) for run in re.findall("`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    parts = [f"# {block.heading}"]
    for title, content in (("Prompt", prompt), ("Text", text)):
        if content:
            parts.append(f"## {title}\n\n{fence}text\n{harmless_text(content)}\n{fence}")
    return "\n\n".join([*parts, block.note]).rstrip() + "\n"


def as_json_lines(trace: Trace) -> str:
    """One object for each character of prompt and text: what the model thought of it.

    character: "" for the model's end. rivals: [character, log_prob, p after the filters], the
    last null where a filter cut it.
    """
    lines = []
    for place in range(len(trace)):
        thought = trace.at(place)
        assert thought is not None
        lines.append(
            json.dumps(
                {
                    "character": thought.character,
                    "log_prob": thought.log_prob,
                    "rank": thought.rank,
                    "entropy": thought.entropy,
                    "rivals": [[r.character, r.log_prob, r.kept] for r in thought.rivals],
                }
            )
        )
    return "\n".join(lines) + "\n"


def as_svg(block: Block, base_style: Style, level_styles: Sequence[Style]) -> str:
    """The text as a picture, each character in the style of its surprise where that is known.

    base_style: of the rest, and the paper. level_styles: of each level of surprise.
    """
    base = Ink(_hex(base_style.color, "#808080"), _hex(base_style.bgcolor, "#000000"))
    levels = [
        Ink(_hex(style.color, base.ink), _hex(style.bgcolor, ""), bool(style.bold))
        for style in level_styles
    ]
    base, paper = base._replace(paper=""), base.paper
    known = block.trace.levels if block.trace is not None else bytearray()
    wrapped = Wrapped(visible_characters(block.text), _COLUMNS)
    body: list[str] = []
    y = _EDGE + _LINE
    body += _run(_EDGE, y, cut(block.heading, _COLUMNS), base)
    y += _LINE // 2
    for start, end in zip(wrapped.starts, wrapped.ends, strict=True):
        y, x, place = y + _LINE, float(_EDGE), start
        inks = [levels[known[i]] if i < len(known) else base for i in range(start, end)]
        for ink, run in groupby(inks):
            stop = place + len(list(run))
            body += _run(x, y, wrapped.text[place:stop], ink)
            x += _CELL * cell_len(wrapped.text[place:stop])
            place = stop
    if known:
        y += 2 * _LINE
        body += _legend(y, base, levels)
    width, height = 2 * _EDGE + round(_COLUMNS * _CELL), y + _EDGE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            ' font-family="monospace" font-size="14">',
            f'<rect width="100%" height="100%" fill="{paper}"/>',
            *body,
            "</svg>\n",
        ]
    )


def save(folder: Path, name: str, suffix: str, content: str) -> Path:
    """Write a new file, never over another; where it is. Raises OSError.

    name: what is in it; characters that a file's name should not have become "-".
    """
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "text"
    data = content.encode("utf-8", "surrogatepass")
    for number in range(1, 10_000):
        path = folder / f"charlm-{stem}{'' if number == 1 else f'-{number}'}.{suffix}"
        try:
            with open(path, "xb") as file:
                file.write(data)
        except FileExistsError:
            continue
        return path.absolute()
    raise FileExistsError(f"{folder} holds too many texts of this name")


def _hex(colour: Color | None, default: str) -> str:
    return default if colour is None else colour.get_truecolor().hex


def _run(x: float, y: float, text: str, ink: Ink) -> list[str]:
    """Some characters in one ink; their width is given, whatever the font."""
    width = round(_CELL * cell_len(text), 2)
    if not text.strip() and not ink.paper:
        return []
    parts = []
    if ink.paper:
        parts.append(f'<rect x="{x:.2f}" y="{y - 15}" width="{width}" height="{_LINE}"'
                     f' fill="{ink.paper}"/>')  # fmt: skip
    weight = ' font-weight="bold"' if ink.bold else ""
    parts.append(
        f'<text x="{x:.2f}" y="{y}" fill="{ink.ink}"{weight} textLength="{width}"'
        f' xml:space="preserve">{escape(text)}</text>'
    )
    return parts


def _legend(y: int, base: Ink, levels: Sequence[Ink]) -> list[str]:
    words = ["0", *(f"{nats:g}" for nats in LEVELS[:-1]), f"{LEVELS[-1]:g}+"]
    x = float(_EDGE)
    parts = []
    inked = [*zip(words, levels, strict=True), ("nats: how surprising", base)]
    for word, ink in inked:
        parts += _run(x, y, f" {word} ", ink)
        x += _CELL * (cell_len(word) + 3)
    return parts
