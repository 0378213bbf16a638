"""A text made into what is written of it: repaired, cut, its repeats left out, divided.

Every step works on pieces of the text, so that it may be larger than memory. What is not said in
the `Preparation` is looked for, and every number and every choice stands in the `CorpusReport`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from typing import cast

from charlm.errors import CorpusError
from charlm.text import layout
from charlm.text.chats import notice_of
from charlm.text.config import TextConfig, Unit
from charlm.text.corpus_report import CorpusReport
from charlm.text.cutting import Repairs, pieces_of, repaired_pieces, units_of
from charlm.text.dividing import divided_stream, divided_units, slices
from charlm.text.long_text import Alphabet, CodeFile, LongText, Room
from charlm.text.parts import Split
from charlm.text.pieces import SAFE, cut_at, in_pieces, in_safe_pieces
from charlm.text.preparation import AUTO, Preparation
from charlm.text.prepared import Chosen, Prepared
from charlm.text.ready import Ready
from charlm.text.sentences import rule_for
from charlm.text.source import Source
from charlm.text.units import Pieces, Units

_MUCH = 0.5  # of the units, whose loss is told
#: Texts that can be read again and again, each in pieces.
Texts = Callable[[], Iterable[Iterable[str]]]


def prepare(source: Source, preparation: Preparation, room: Room) -> Prepared:
    """Make a text ready to be written, while the room is there. Raises CorpusError, InputError."""
    report = CorpusReport(split=str(preparation.split), column=preparation.column or "")
    report.chat = source.chat
    report.notices += source.notices
    text, ready = _repaired(source, preparation, report, room)
    texts = _texts(source, text, preparation, room)
    if source.cells is None and (notice := notice_of(text)):
        report.notices.append(notice)
    choice, config = _chosen(text, texts, preparation, ready, source)
    report.unit, report.why_unit = config.unit, choice.why or source.why
    held_out = _held_out(source, config, room)
    split = preparation.split
    if held_out is not None:  # what would be held out of the text is learned
        split = Split(split.train + split.validation, 0, split.test)
    if config.unit == "continuous":
        whole = text.codes
        if source.cells is not None or not ready.changes_nothing:
            whole = _stream(texts(), ready, room)
        parts = divided_stream(whole, split, preparation.order, report)
    else:
        units = _kept(_units(texts(), config, ready, source), config, preparation, report, room)
        config, parts = divided_units(units, config, split, preparation.order, report)
    if held_out is not None:
        pieces = held_out.pieces(config.max_length)
        parts["validation"] = Chosen(pieces, [(0, len(pieces))])
    occurring = _tell_of(text, ready, held_out, report)
    if config.unit == "document":  # what stands between documents may be no character of theirs
        occurring = set()
    for part in parts.values():
        occurring.update(part.pieces.text.alphabet.characters())
    report.bytes = source.size
    report.parts = {
        name: {"examples": len(part), "characters": part.length} for name, part in parts.items()
    }
    settled = replace(
        preparation, unit=config.unit, separator=config.separator or None, order=report.order
    )
    content = {
        "report": report.as_values(), "config": asdict(config), "preparation": asdict(settled)
    }  # fmt: skip
    return Prepared(content, sorted(occurring), parts)


def _repaired(
    source: Source, preparation: Preparation, report: CorpusReport, room: Room
) -> tuple[LongText, Ready]:
    """The text before its case is changed, and what makes it, or a unit of it, ready."""
    config, repairs = _without_unit(preparation), Repairs()
    pieces = [source.text] if isinstance(source.text, str) else source.text
    text = room.kept(repaired_pieces(pieces, config, repairs))
    report.byte_order_mark, report.newlines_repaired = repairs.byte_order_mark, repairs.newlines
    report.cp1252_repaired = repairs.cp1252
    ready = Ready(in_safe_pieces(text), preparation.min_count, config)
    report.rare_removed = ready.removed
    if not any(ready(piece).strip() for piece in in_safe_pieces(text)):
        raise CorpusError(
            f"corpus {source.name} holds nothing but white space: give a text to learn"
        )
    if preparation.order == "whole":
        text = room.kept(map(ready, in_safe_pieces(text)))
    return text, ready


def _without_unit(preparation: Preparation) -> TextConfig:
    """What of a preparation does not hang on the unit."""
    return TextConfig("continuous", max_length=0, form=preparation.form, case=preparation.case)


def _texts(source: Source, text: LongText, preparation: Preparation, room: Room) -> Texts:
    """The cells, repaired each by itself, or the text."""
    cells, config = source.cells, _without_unit(preparation)
    if cells is not None:
        return lambda: (repaired_pieces([cell], config) for cell in cells)
    return lambda: [room.watched("cutting the text", in_pieces(text), len(text))]


def _chosen(
    text: LongText, texts: Texts, preparation: Preparation, ready: Ready, source: Source
) -> tuple[layout.Choice, TextConfig]:
    """The unit, looked for if it is not said, and what follows from it."""
    unit, separator = preparation.unit, preparation.separator
    looked_for = unit == AUTO and separator is None
    if looked_for:
        choice = layout.choose_unit(text)
    else:
        unit = "document" if unit == AUTO else unit
        if unit == "document" and separator is None:
            separator = layout.separator_of(text)
        choice = layout.Choice(cast(Unit, unit), separator or "", "")
    config = _config(text, choice, preparation)
    if choice.unit == "continuous":
        return choice, config
    some = list(islice(_units(texts(), config, ready, source), layout.FEWEST))
    if not some:
        raise CorpusError(f"corpus {source.name} holds nothing between its separators")
    count = len(some)
    if choice.unit != "document":  # what is long is worth several
        count = sum(1 for unit in some for _ in pieces_of(unit, config))
    if looked_for and (fewer := layout.too_few(count, choice.unit)):
        return fewer, _config(text, fewer, preparation)
    return choice, config


def _config(text: LongText, choice: layout.Choice, preparation: Preparation) -> TextConfig:
    rule = 1
    if choice.unit == "sentence" and preparation.order != "whole":
        rule = 2 if preparation.case == "lower" else rule_for(text)
    return TextConfig(
        choice.unit,
        max_length=0 if choice.unit == "continuous" else preparation.max_length,
        form=preparation.form,
        case=preparation.case,
        separator=choice.separator if choice.unit == "document" else "",
        sentence_rule=rule,
        chat=preparation.chat,
    )


def _units(
    texts: Iterable[Iterable[str]], config: TextConfig, ready: Ready, source: Source
) -> Iterator[str]:
    """The units of repaired texts, made ready. Each cell of a table is a document."""
    if source.cells is not None and config.unit == "document":
        units: Iterable[str] = ("".join(pieces) for pieces in texts)
    else:
        units = (unit for pieces in texts for unit in units_of(pieces, config))
    if not ready.changes_nothing:
        units = map(ready, units)
    return (unit for unit in units if unit and not unit.isspace())


def _stream(texts: Iterable[Iterable[str]], ready: Ready, room: Room) -> CodeFile:
    """Texts made ready as one stream, a newline between two of them."""
    stream = (p for n, pieces in enumerate(texts) for p in (*["\n"] * (n > 0), *pieces))
    return room.kept(map(ready, cut_at(SAFE, stream))).codes


class _HeldOut:
    """A validation part that is a text of its own."""

    def __init__(self, text: CodeFile, units: Units | None) -> None:
        """`units`: what it is cut into; None: it is a stream."""
        self.text, self._units = text, units

    def pieces(self, size: int) -> Pieces:
        """Its examples, of at most `size` characters."""
        return self._units.pieces(size) if self._units else slices(self.text, [len(self.text)])


def _held_out(source: Source, config: TextConfig, room: Room) -> _HeldOut | None:
    if source.validation is None:
        return None
    texts = (repaired_pieces(in_pieces(text), config) for text in source.validation)
    as_it_is = Ready([], 1, config)  # what is rare is so in the corpus
    if config.unit == "continuous":
        return _HeldOut(_stream(texts, as_it_is, room), None)
    units = Units(room, _units(texts, config, as_it_is, source))
    if not len(units):
        raise CorpusError("the validation text holds nothing between its separators")
    return _HeldOut(units.text, units)


def _kept(
    units: Iterable[str],
    config: TextConfig,
    preparation: Preparation,
    report: CorpusReport,
    room: Room,
) -> Units:
    """Each unit once, in order, if repeats are not kept."""
    kept = Units(room, units, once=not preparation.keep_duplicates)
    report.duplicates = kept.found - len(kept)
    if report.duplicates > _MUCH * kept.found:
        report.notices.append(
            f"{report.duplicates:,} of {kept.found:,} {config.unit}s are repeats and are left"
            " out: --keep-duplicates keeps them"
        )
    report.measure(kept.lengths)
    return kept


def _tell_of(
    text: LongText, ready: Ready, held_out: _HeldOut | None, report: CorpusReport
) -> set[str]:
    """Report on the whole text; returns the characters of it."""
    alphabet, digest = Alphabet(), hashlib.sha256()
    for piece in map(ready, in_safe_pieces(text)):
        alphabet.encoded(piece)
        digest.update(piece.encode("utf-8", "surrogatepass"))
        report.characters += len(piece)
    if held_out is not None:
        for piece in in_pieces(LongText(held_out.text, 0, len(held_out.text))):
            digest.update(piece.encode("utf-8", "surrogatepass"))
    report.distinct, report.sha256 = len(alphabet), digest.hexdigest()
    return set(alphabet.characters())
