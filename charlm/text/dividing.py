"""A text divided into its parts: a stream, or units in pieces; and what is told of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from charlm.text.config import TextConfig
from charlm.text.corpus_report import CorpusReport
from charlm.text.long_text import CodeFile
from charlm.text.parts import PARTS, Split, arranged, divided, is_apart, sizes_of
from charlm.text.prepared import Chosen
from charlm.text.units import Pieces, Units

_PIECES, _SHORTEST = 20, 20  # of a text whose units are fewer than its parts; characters of one
_PASSAGE = 1_000  # characters of a continuous text, as texts whose order is looked at
_ELSEWHERE = "the end of the text has other characters than the rest, and losses are measured there"


def divided_stream(
    text: CodeFile, split: Split, order: str, report: CorpusReport
) -> dict[str, Chosen]:
    """The parts of a continuous text, each in one piece."""
    passages = slices(text, range(_PASSAGE, len(text) + _PASSAGE, _PASSAGE))
    if is_apart(passages, sizes_of(len(passages), split)):
        report.notices.append(_ELSEWHERE)
    if order == "blocks":
        report.notices.append("a continuous text is one stream: its parts lie in its order")
    report.order = "contiguous"
    ranges = divided(sizes_of(len(text), split), 1)
    return {
        part: Chosen(slices(text, [b for _, b in ranges[part]], begin), [(0, len(ranges[part]))])
        for part in PARTS
        for begin in [ranges[part][0][0] if ranges[part] else 0]
    }


def slices(text: CodeFile, ends: Sequence[int], begin: int = 0) -> Pieces:
    """Slices of a text, one behind the other from a place on, that end at these or at its end."""
    offsets = np.minimum(np.array([begin, *ends], np.int64), len(text))
    return Pieces(text, offsets[:-1], np.diff(offsets), np.zeros(len(ends), np.bool_))


def divided_units(
    units: Units, config: TextConfig, split: Split, order: str, report: CorpusReport
) -> tuple[TextConfig, dict[str, Chosen]]:
    """The parts, and the configuration, with shorter pieces if they must be."""
    if order != "whole":
        config = _short_enough(units, config, sum(share > 0 for share in split))
    pieces, size = units.pieces(config.max_length), config.max_length
    report.cut = int((units.lengths > size).sum()) if size else 0
    looked_at, places = pieces, np.arange(0)
    if order == "whole":  # no unit is divided
        places = units.firsts(size)
        looked_at = pieces.at(places[:-1])
    found = arranged(looked_at, split, order)
    report.order, report.blocks, report.why_order = found.order, found.blocks, found.why
    if found.apart:
        report.notices.append(f"{_ELSEWHERE}: --order blocks spreads the parts")
    ranges = found.ranges
    if order == "whole":
        ranges = {p: [(int(places[a]), int(places[b])) for a, b in ranges[p]] for p in PARTS}
    return config, {part: Chosen(pieces, ranges[part]) for part in PARTS}


def _short_enough(units: Units, config: TextConfig, least: int) -> TextConfig:
    """Shorter pieces than asked for, where they would be fewer than `least`."""
    total = int(units.lengths.sum(dtype=np.int64))
    for size in (config.max_length, max(_SHORTEST, total // _PIECES), max(1, total // least)):
        config = replace(config, max_length=size)
        if units.count(size) >= least:
            break
    return config
