"""What the title and the status line say, as pieces of a line."""

from __future__ import annotations

from charlm.wording import counted, short

from ...widgets.pieces_line import Piece
from ...writer.knobs import DECODERS, LABELS, Setting
from ...writer.snapshots import ModelFacts
from ...writer.thoughts import nats_text
from .author import Meters
from .comparison import Comparison

_DIM = "$foreground-muted"


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
        loss = f"{facts.loss_part} {facts.loss:.2f} nats/char"
        pieces.append(Piece(loss.strip(), "$accent", 3, right=True))
    return pieces


def knob_pieces(setting: Setting, *, chosen: bool = True) -> list[Piece]:
    """The decoder and its knobs; the chosen one stands out and outlasts the others."""
    pieces = [Piece(f" {DECODERS[setting.name]} ", "bold $background on $primary", 0)]
    for place, knob in enumerate(setting.shown_knobs):
        here = chosen and knob == setting.chosen
        style = "bold $accent" if here else ""
        mark = "▸" if here else ""
        text = f"{mark}{LABELS[knob]} {setting.shown(knob)}"
        rank = 1 if here else 20 + place
        pieces.append(Piece(text, style, rank, action=f"pick('{knob}')"))
    for name, text in setting.shown_texts.items():
        pieces.append(Piece(f"{LABELS[name]} {text}", "", 20, action=f"option('{name}')"))
    return pieces


def meter_pieces(facts: ModelFacts | None, meters: Meters, training: str) -> list[Piece]:
    """Speed and surprise of the text being written, and what writes it."""
    pieces = []
    if meters.read < 1:
        pieces.append(Piece(f"reading the prompt, {round(100 * meters.read)} %", "bold $accent", 1))
    if comparison := comparison_text(meters.comparison):
        pieces.append(Piece(comparison, "bold $accent", 1))
    if meters.below:
        pieces.append(Piece("▼ more", "bold $accent", 2, right=True, action="newest"))
    if training:
        pieces.append(Piece(training, "$success", 3, right=True))
    if meters.characters:
        pace = meters.characters / meters.seconds if meters.seconds > 0 else 0
        pieces.append(Piece(f"{short(pace)} char/s" if pace else "", "", 4, right=True))
        nats = nats_text(meters.log_prob, meters.characters, meters.ended)
        if nats:  # a nucleus beam has none before its end
            pieces.append(Piece(nats, "", 5, right=True))
    if facts is not None and facts.precision != "float32":
        pieces.append(Piece(facts.precision, "$accent", 6, right=True))
    return pieces


def engine_text(facts: ModelFacts | None) -> str:
    """What writes, for the page of help."""
    if facts is None:
        return "No model is read yet."
    threads = counted(facts.threads, "thread")
    return f"{facts.name} is written by {facts.isa} kernels in {facts.precision}, on {threads}."


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
