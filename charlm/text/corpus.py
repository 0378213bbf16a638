"""From files to examples: read, repair, cut into units, drop duplicates, divide, and say so.

    bytes > text > column of a table (`source`) > unit (`layout`) > examples (`cutting`)
          > parts (`parts`)

What is not said in the `Preparation` is looked for, and every number and every choice stands in
the `CorpusReport`. A prompt goes through the same `cutting`, so that the model never meets a text
prepared otherwise than it learned.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from charlm.errors import CorpusError
from charlm.text import layout
from charlm.text.config import TextConfig, Unit
from charlm.text.corpus_report import CorpusReport
from charlm.text.cutting import Example, Repairs, in_case, pieces_of, repaired, units_of
from charlm.text.parts import PARTS, Split, arranged, divided, is_apart, sizes_of
from charlm.text.preparation import AUTO, Preparation
from charlm.text.sentences import rule_for
from charlm.text.source import Source, read_source, with_validation

_MUCH = 0.5  # of the units, whose loss is told
_PIECES, _SHORTEST = 20, 20  # of a text whose units are fewer than its parts; characters of one
_PASSAGE = 1_000  # characters of a continuous text, as texts whose order is looked at
_ELSEWHERE = "the end of the text has other characters than the rest, and losses are measured there"


@dataclass(frozen=True)
class Corpus:
    """A prepared text in its three parts.

    text: whole, before the cut into units. config: how prompts are prepared; its start id is
    still open. preparation: with all that was looked for.
    """

    text: str
    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    report: CorpusReport
    config: TextConfig
    preparation: Preparation


def load_corpus(
    paths: str | Sequence[str], preparation: Preparation, validation: str | None = None
) -> Corpus:
    """Read, prepare and divide a text. `validation`: path of a validation part of its own.

    Raises CorpusError, InputError.
    """
    paths = [paths] if isinstance(paths, str) else paths
    source, preparation = read_source(paths, preparation)
    if validation is not None:
        source = with_validation(source, validation, preparation)
    return make_corpus(source, preparation)


def make_corpus(source: Source, preparation: Preparation) -> Corpus:
    """A corpus from decoded text. Raises CorpusError, InputError."""
    report = CorpusReport(name=source.name, bytes=source.size, split=str(preparation.split))
    report.column, report.notices = preparation.column or "", list(source.notices)
    text, ready = _repaired(source, preparation, report)
    cells = (
        None if source.cells is None else [repaired(c, _stream(preparation)) for c in source.cells]
    )
    choice, config, units = _chosen(text, cells, preparation, ready)
    if not units:
        raise CorpusError(f"corpus {source.name} holds nothing between its separators")
    report.unit, report.why_unit = config.unit, choice.why or source.why
    units = _kept(units, config, preparation, report)
    held_out = None
    if source.validation is not None:
        texts = [repaired(text, config) for text in source.validation]
        as_it_is = _Ready("", 1, config)  # what is rare is so in the corpus
        held_out = _units(texts, config, as_it_is, source.cells is not None)
        if not held_out:
            raise CorpusError("the validation text holds nothing between its separators")
    config, order, examples = _divided(units, held_out, config, preparation, report)
    text = ready(text)
    report.characters, report.distinct = len(text), len(set(text))
    report.sha256 = _sha256([text, *(held_out or [])])
    report.parts = {
        name: {"examples": len(part), "characters": sum(len(e.text) for e in part)}
        for name, part in examples.items()
    }
    settled = replace(
        preparation, unit=config.unit, separator=config.separator or None, order=order
    )
    return Corpus(text, **examples, report=report, config=config, preparation=settled)


class _Ready:
    """Gives a text its case, and leaves out rare characters."""

    def __init__(self, text: str, least: int, config: TextConfig) -> None:
        """`text`: all of it. `least`: how often a character occurs that is not rare."""
        self._config = config
        counts = Counter(in_case(text, config)) if least > 1 else {}
        self._rare = {ord(c): None for c, count in counts.items() if count < least}
        self.removed = sum(count for count in counts.values() if count < least)

    def __call__(self, text: str) -> str:
        text = in_case(text, self._config)
        return text.translate(self._rare) if self._rare else text


def _repaired(source: Source, preparation: Preparation, report: CorpusReport) -> tuple[str, _Ready]:
    """The text before its case is changed, and what makes it, or a unit of it, ready."""
    config = _stream(preparation)
    repairs = Repairs()
    text = repaired(source.text, config, repairs)
    report.byte_order_mark, report.newlines_repaired = repairs.byte_order_mark, repairs.newlines
    report.cp1252_repaired = repairs.cp1252
    ready = _Ready(text, preparation.min_count, config)
    report.rare_removed = ready.removed
    if not ready(text).strip():
        raise CorpusError(
            f"corpus {source.name} holds nothing but white space: give a text to learn"
        )
    return (ready(text) if preparation.order == "whole" else text), ready


def _stream(preparation: Preparation) -> TextConfig:
    """What of a preparation does not hang on the unit."""
    return TextConfig("continuous", max_length=0, form=preparation.form, case=preparation.case)


def _chosen(
    text: str, cells: Sequence[str] | None, preparation: Preparation, ready: _Ready
) -> tuple[layout.Choice, TextConfig, list[str]]:
    """The unit, looked for if it is not said; what follows from it; and the units."""
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
    units = _units(cells or [text], config, ready, cells is not None)
    count = len(units)
    if choice.unit != "document":  # what is long is worth several
        count = sum(1 for unit in units[: layout.FEWEST] for _ in pieces_of(unit, config))
    if looked_for and (fewer := layout.too_few(count, choice.unit)):
        config = _config(text, fewer, preparation)
        return fewer, config, _units([text], config, ready)
    return choice, config, units


def _config(text: str, choice: layout.Choice, preparation: Preparation) -> TextConfig:
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
    )


def _units(
    texts: Sequence[str], config: TextConfig, ready: _Ready, whole: bool = False
) -> list[str]:
    """The units of repaired texts, made ready. whole: each text is a document."""
    if config.unit == "continuous":
        texts = ["\n".join(texts)]
    units = [text for text in texts if whole and config.unit == "document"]
    if not units:
        units = [unit for text in texts for unit in units_of(text, config)]
    return [unit for unit in map(ready, units) if unit and not unit.isspace()]


def _kept(
    units: list[str], config: TextConfig, preparation: Preparation, report: CorpusReport
) -> list[str]:
    """Each unit once, in order, if repeats are not kept."""
    if config.unit == "continuous":
        return units
    once = list(dict.fromkeys(units))
    if not preparation.keep_duplicates:
        report.duplicates = len(units) - len(once)
        if report.duplicates > _MUCH * len(units):
            report.notices.append(
                f"{report.duplicates:,} of {len(units):,} {config.unit}s are repeats and are left"
                " out: --keep-duplicates keeps them"
            )
        units = once
    report.measure(units)
    return units


def _divided(
    units: list[str],
    held_out: list[str] | None,
    config: TextConfig,
    preparation: Preparation,
    report: CorpusReport,
) -> tuple[TextConfig, str, dict[str, list[Example]]]:
    """The configuration, with shorter pieces if they must be; the order; and the parts."""
    split = preparation.split
    if held_out is not None:  # what would be held out of the text is learned
        split = Split(split.train + split.validation, 0, split.test)
    if config.unit == "continuous":
        order, examples = "contiguous", _divided_stream(units[0], split, report)
        if preparation.order == "blocks":
            report.notices.append("a continuous text is one stream: its parts lie in its order")
    else:
        config, order, examples = _divided_units(units, config, split, preparation.order, report)
    report.order = order
    if held_out is not None:
        examples["validation"] = [e for unit in held_out for e in pieces_of(unit, config)]
    return config, order, examples


def _divided_stream(text: str, split: Split, report: CorpusReport) -> dict[str, list[Example]]:
    passages = [text[i : i + _PASSAGE] for i in range(0, len(text), _PASSAGE)]
    if is_apart(passages, sizes_of(len(passages), split)):
        report.notices.append(_ELSEWHERE)
    ranges = divided(sizes_of(len(text), split), 1)
    return {part: [Example(text[a:b], False) for a, b in ranges[part]] for part in PARTS}


def _divided_units(
    units: list[str], config: TextConfig, split: Split, order: str, report: CorpusReport
) -> tuple[TextConfig, str, dict[str, list[Example]]]:
    if order == "whole":
        groups = [list(pieces_of(unit, config)) for unit in units]
    else:
        config, pieces = _pieces(units, config, sum(share > 0 for share in split))
        groups = [[piece] for piece in pieces]
    report.cut = sum(len(unit) > config.max_length > 0 for unit in units)
    found = arranged([group[0].text for group in groups], split, order)
    report.blocks, report.why_order = found.blocks, found.why
    if found.apart:
        report.notices.append(f"{_ELSEWHERE}: --order blocks spreads the parts")
    ranges = found.ranges
    return (
        config,
        found.order,
        {part: [e for a, b in ranges[part] for g in groups[a:b] for e in g] for part in PARTS},
    )


def _pieces(units: list[str], config: TextConfig, least: int) -> tuple[TextConfig, list[Example]]:
    """The units as pieces; shorter ones than asked for where they would be fewer than `least`."""
    total = sum(map(len, units))
    for size in (config.max_length, max(_SHORTEST, total // _PIECES), max(1, total // least)):
        config = replace(config, max_length=size)
        pieces = [piece for unit in units for piece in pieces_of(unit, config)]
        if len(pieces) >= least:
            break
    return config, pieces


def _sha256(texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
