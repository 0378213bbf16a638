"""What the title, the status line and the footer say, as pieces of a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log
from typing import TYPE_CHECKING

from charlm.wording import counted, duration, short

from ...keys.key import View
from ...keys.table import decoder_keys, keys_of
from ...widgets.pieces_line import Piece
from ...writer.knobs import DECODERS, LABELS, Setting
from ...writer.snapshots import ModelFacts
from .text.block import Comparison

if TYPE_CHECKING:
    from ...training.snapshots import Curves  # the first paint has none

_DIM = "$foreground-muted"
_SAID = 3  # notices, at most


def title_pieces(facts: ModelFacts | None, loading: str = "") -> list[Piece]:
    """Name, cell, sizes and quality of the model."""
    pieces = [Piece("charlm", "bold $primary", 1)]
    if loading:
        return [*pieces, Piece(f"reading {loading} …", _DIM)]
    if facts is None:
        return [*pieces, Piece("no model", _DIM)]
    layers = f"{facts.layers}×{facts.hidden}"
    pieces += [
        Piece(facts.name, "bold"),
        Piece(f"{facts.cell} {layers}", _DIM, 2),
        Piece(f"{short(facts.parameters)} parameters", _DIM, 5),
        Piece(counted(facts.characters, "character"), _DIM, 6),
        Piece(f"{facts.unit} text", _DIM, 4),
    ]
    if facts.loss is not None:
        loss = f"{facts.loss_part} {facts.loss:.2f} nats/char ({facts.loss / log(2):.2f} bits)"
        pieces.append(Piece(loss.strip(), "$accent", 3, right=True))
    return pieces


def knob_pieces(setting: Setting, *, chosen: bool = True) -> list[Piece]:
    """The decoder and its knobs; the chosen one stands out and outlasts the others."""
    pieces = [Piece(f" {DECODERS[setting.name]} ", "bold $background on $primary", 0)]
    for place, knob in enumerate(setting.knobs):
        here = chosen and knob == setting.chosen
        style = "bold $accent" if here else ""
        mark = "▸" if here else ""
        text = f"{mark}{LABELS[knob]} {setting.shown(knob)}"
        rank = 1 if here else 20 + place + 20 * (setting.shown(knob) == "off")
        pieces.append(Piece(text, style, rank, action=f"pick('{knob}')"))
    return pieces


def meter_pieces(
    facts: ModelFacts | None,
    characters: int,
    nats: str,
    seconds: float,
    below: bool,
    training: str,
    comparison: str,
    read: float = 1.0,
) -> list[Piece]:
    """Speed and surprise of the text being written, and what writes it.

    read: the share of its prompt that the model has read.
    """
    pieces = []
    if read < 1:
        pieces.append(Piece(f"reading the prompt, {round(100 * read)} %", "bold $accent", 1))
    if comparison:
        pieces.append(Piece(comparison, "bold $accent", 1))
    if below:
        pieces.append(Piece("▼ more", "bold $accent", 2, right=True, action="newest"))
    if training:
        pieces.append(Piece(training, "$success", 3, right=True))
    if characters:
        speed = f"{short(characters / seconds)} char/s" if seconds > 0 else ""
        pieces.append(Piece(speed, "", 4, right=True))
        if nats:  # a nucleus beam has none before its end
            pieces.append(Piece(nats, "", 5, right=True))
    if facts is not None:
        threads = counted(facts.threads, "thread")
        if facts.precision != "float32":
            pieces.append(Piece(facts.precision, "$accent", 6, right=True))
        pieces.append(Piece(facts.isa, _DIM, 40, right=True))
        pieces.append(Piece(threads, _DIM, 41, right=True))
    return pieces


def comparison_text(comparison: Comparison | None) -> str:
    """What a moved knob changed."""
    if comparison is None:
        return ""
    if comparison.first is None:
        return "" if comparison.lines is None else "nothing changed"
    text = f"first change at {comparison.first:,}"
    if comparison.lines is not None:
        text += f" · {comparison.same:,} of {comparison.lines:,} lines unchanged"
    return text


def gathered(notices: Sequence[str]) -> str:
    """Several notices as one: the first ones, and how many more there are."""
    more = [f"and {len(notices) - _SAID} more"] if len(notices) > _SAID else []
    return "\n".join([*notices[:_SAID], *more])


def footer_pieces(view: View, states: Collection[str], marked: str, width: int) -> list[Piece]:
    """The keys that work now. Where there is room each decoder has its own place.

    marked: the action that stands out. width: cells of the line.
    """
    named = _keys_now(view, states, marked, True)
    ranks = [key.rank for key in keys_of(view) if key.group == "Decoders"]
    needed = [piece for piece in named if piece.rank <= max(ranks, default=0)]
    fits = sum(len(piece.text) + 2 for piece in needed) <= width
    return named if fits else _keys_now(view, states, marked, False)


def _keys_now(view: View, states: Collection[str], marked: str, wide: bool) -> list[Piece]:
    pieces: list[Piece] = []
    grouped = False
    for key in keys_of(view):
        label = key.label(states)
        if not key.rank or not label or (key.where != "always" and key.where not in states):
            continue
        if key.group == "Decoders" and not wide:
            if not grouped:
                pieces.append(Piece(f"{decoder_keys()} Decoder", "", 4))
            grouped = True
            continue
        style = "bold $primary" if key.action == marked else ""
        pieces.append(Piece(f"{key.key_text} {label}", style, key.rank, action=key.action))
    return pieces


def training_text(curves: Curves | None) -> str:
    """Progress of a running training in a few words."""
    if curves is None or curves.progress is None:
        return "training"
    if curves.paused:
        return f"training paused at {100 * curves.progress:.0f} %"
    return f"training {100 * curves.progress:.0f} %" + "".join(f", {word}" for word in rest(curves))


def rest(curves: Curves) -> list[str]:
    """What is left of a running training, in words; none where the log does not say."""
    if curves.progress is not None and curves.progress >= 1:
        return ["finishing"]  # it evaluates and saves once more
    left = curves.seconds_left
    return [] if left is None else [f"{duration(left)} left"]
