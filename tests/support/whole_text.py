"""Preparing a text that is in memory whole, as one would write it: the twin of what goes in pieces.

It finds the units with `str.split` and with regular expressions over all of a text, keeps every
example as a text, and takes the repeats out with a dict.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from charlm.text import layout
from charlm.text.chats import notice_of
from charlm.text.config import TextConfig
from charlm.text.corpus_report import CorpusReport
from charlm.text.cutting import CP1252, Example, in_case, pieces_of
from charlm.text.dividing import _ELSEWHERE, _PASSAGE, _PIECES, _SHORTEST
from charlm.text.parts import PARTS, Split, arranged, divided, is_apart, sizes_of
from charlm.text.preparation import AUTO, Preparation
from charlm.text.preparing import _MUCH
from charlm.text.sentences import _DIFFERENT, _MARKS, _ends, _may_begin


class Whole(NamedTuple):
    """What became of a text: its examples by part, all its characters, the rest as in a Corpus."""

    parts: dict[str, list[Example]]
    characters: list[str]
    report: CorpusReport
    config: TextConfig
    preparation: Preparation


class Listed(list[str]):
    """Texts as `parts` looks at them."""

    def length(self, begin: int, end: int) -> int:
        return sum(map(len, self[begin:end]))


def whole_corpus(
    text: str,
    preparation: Preparation,
    cells: Sequence[str] | None = None,
    validation: Sequence[str] | None = None,
) -> Whole:
    """The corpus of a decoded text, of the cells of a table, with a validation part of its own."""
    report = CorpusReport(split=str(preparation.split), column=preparation.column or "")
    report.byte_order_mark = text.startswith("\ufeff")
    report.newlines_repaired = text.count("\r")
    wrong = Counter(c for c in text if ord(c) in CP1252)
    report.cp1252_repaired = {f"U+{ord(c):04X}": n for c, n in sorted(wrong.items())}
    text = repaired(text, preparation.form)
    cells = None if cells is None else [repaired(cell, preparation.form) for cell in cells]
    counts = Counter(in_case(text, _any(preparation))) if preparation.min_count > 1 else Counter()
    rare = {ord(c): None for c, n in counts.items() if n < preparation.min_count}
    report.rare_removed = sum(n for n in counts.values() if n < preparation.min_count)

    def ready(part: str) -> str:
        return in_case(part, _any(preparation)).translate(rare)

    if preparation.order == "whole":
        text = ready(text)
    if cells is None and (notice := notice_of(text)):
        report.notices.append(notice)
    config, units, report.why_unit = chosen(text, cells, preparation, ready)
    report.unit = config.unit
    if config.unit != "continuous":
        units = once(units, config, preparation, report)
    held_out = None
    if validation is not None:
        texts = [repaired(part, config.form) for part in validation]
        held_out = units_of(texts, config, lambda u: in_case(u, config), cells is not None)
    config, parts = divided_into(units, held_out, config, preparation, report)
    text = ready(text)
    report.characters, report.distinct = len(text), len(set(text))
    whole = "".join([text, *(held_out or [])])
    report.sha256 = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    report.parts = {
        name: {"examples": len(part), "characters": sum(len(e.text) for e in part)}
        for name, part in parts.items()
    }
    characters = set("" if config.unit == "document" else text)
    for part in parts.values():
        characters.update(*(example.text for example in part))
    settled = replace(
        preparation, unit=config.unit, separator=config.separator or None, order=report.order
    )
    return Whole(parts, sorted(characters), report, config, settled)


def _any(preparation: Preparation) -> TextConfig:
    return TextConfig("continuous", max_length=0, form=preparation.form, case=preparation.case)


def repaired(text: str, form: Any) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").translate(CP1252)
    return unicodedata.normalize(form, text) if form != "none" else text


def chosen(
    text: str, cells: Sequence[str] | None, preparation: Preparation, ready: Any
) -> tuple[TextConfig, list[str], str]:
    unit, separator = preparation.unit, preparation.separator
    looked_for = unit == AUTO and separator is None
    if looked_for:
        choice = layout.choose_unit(text)
    else:
        unit = "document" if unit == AUTO else unit
        if unit == "document" and separator is None:
            separator = marked(text, 2) or layout.PARAGRAPH
        choice = layout.Choice(unit, separator or "", "")  # type: ignore[arg-type]
    config = configured(text, choice, preparation)
    units = units_of(cells or [text], config, ready, cells is not None)
    count = len(units)
    if choice.unit != "document":
        count = sum(1 for unit in units[: layout.FEWEST] for _ in pieces_of(unit, config))
    if looked_for and (fewer := layout.too_few(count, choice.unit)):
        config = configured(text, fewer, preparation)
        return config, units_of([text], config, ready), fewer.why
    return config, units, choice.why


def marked(text: str, fewest: int) -> str:
    tokens = Counter(layout._TOKEN.findall(text)).most_common(1)
    if tokens and tokens[0][1] >= layout._FEWEST_MARKERS:
        token = tokens[0][0]
        return f"\n{token}\n" if f"\n{token}\n" in text else token
    lines = Counter(line for line in text.split("\n") if layout._MARKER.fullmatch(line.rstrip()))
    for marker, count in lines.most_common(1):
        if count >= fewest - 1 and len(text) <= layout._LONGEST_DOCUMENT * count:
            return f"\n{marker.rstrip()}\n"
    return ""


def configured(text: str, choice: layout.Choice, preparation: Preparation) -> TextConfig:
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


def rule_for(text: str) -> int:
    found = (match.group(1) for match in _DIFFERENT.finditer(text))
    return 2 if any(c is None or (_may_begin(c, 2) and not c.isupper()) for c in found) else 1


def units_of(
    texts: Sequence[str], config: TextConfig, ready: Any, cells: bool = False
) -> list[str]:
    if config.unit == "continuous":
        units = ["\n".join(texts)]
    elif config.unit == "document":
        units = list(texts) if cells else [d for text in texts for d in documents_of(text, config)]
    elif config.unit == "sentence":
        units = [s for text in texts for s in sentences_of(text, config.sentence_rule)]
    else:
        lines = [line for text in texts for line in text.split("\n")]
        units = [line.rstrip() for line in lines if line and not line.isspace()]
    return [unit for unit in map(ready, units) if unit and not unit.isspace()]


def sentences_of(text: str, rule: int) -> list[str]:
    text = re.sub(r"\s+", " ", text).strip(" ")
    sentences, start = [], 0
    for match in _MARKS[rule].finditer(text):
        if _ends(text, match, rule):
            sentences.append(text[start : match.end()])
            start = match.end() + text.startswith(" ", match.end())
    return [*sentences, text[start:]] if start < len(text) else sentences


def documents_of(text: str, config: TextConfig) -> list[str]:
    separator = config.separator
    if len(separator) < 2 or not separator[0] == separator[-1] == "\n":
        parts = text.split(separator)
    else:
        lines = separator[1:-1].split("\n")
        pattern = "".join(rf"{re.escape(line)}[ \t]*\n" for line in lines)
        parts = re.split(rf"\n(?:{pattern})+", f"\n{text}\n")
    documents = [part.strip("\n") for part in parts]
    return [document for document in documents if document and not document.isspace()]


def once(
    units: list[str], config: TextConfig, preparation: Preparation, report: CorpusReport
) -> list[str]:
    kept = units if preparation.keep_duplicates else list(dict.fromkeys(units))
    report.duplicates = len(units) - len(kept)
    if report.duplicates > _MUCH * len(units):
        report.notices.append(
            f"{report.duplicates:,} of {len(units):,} {config.unit}s are repeats and are left"
            " out: --keep-duplicates keeps them"
        )
    lengths = sorted(map(len, kept))
    report.examples = len(kept)
    report.mean_length = sum(lengths) / len(lengths)
    report.median_length = lengths[len(lengths) // 2]
    report.length_95_percent = lengths[len(lengths) * 95 // 100]
    report.longest = lengths[-1]
    return kept


def divided_into(
    units: list[str],
    held_out: list[str] | None,
    config: TextConfig,
    preparation: Preparation,
    report: CorpusReport,
) -> tuple[TextConfig, dict[str, list[Example]]]:
    split, order = preparation.split, preparation.order
    if held_out is not None:
        split = Split(split.train + split.validation, 0, split.test)
    if config.unit == "continuous":
        text = units[0]
        passages = Listed(text[i : i + _PASSAGE] for i in range(0, len(text), _PASSAGE))
        if is_apart(passages, sizes_of(len(passages), split)):
            report.notices.append(_ELSEWHERE)
        ranges = divided(sizes_of(len(text), split), 1)
        parts = {part: [Example(text[a:b], False) for a, b in ranges[part]] for part in PARTS}
        report.order = "contiguous"
        if order == "blocks":
            report.notices.append("a continuous text is one stream: its parts lie in its order")
    else:
        groups = [list(pieces_of(unit, config)) for unit in units]
        if order != "whole":
            config, pieces = shortened(units, config, sum(share > 0 for share in split))
            groups = [[piece] for piece in pieces]
        report.cut = sum(len(unit) > config.max_length > 0 for unit in units)
        found = arranged(Listed(group[0].text for group in groups), split, order)
        report.order, report.blocks, report.why_order = found.order, found.blocks, found.why
        if found.apart:
            report.notices.append(f"{_ELSEWHERE}: --order blocks spreads the parts")
        parts = {
            part: [e for a, b in found.ranges[part] for group in groups[a:b] for e in group]
            for part in PARTS
        }
    if held_out is not None:
        parts["validation"] = [e for unit in held_out for e in pieces_of(unit, config)]
    return config, parts


def shortened(units: list[str], config: TextConfig, least: int) -> tuple[TextConfig, list[Example]]:
    total, pieces = sum(map(len, units)), list[Example]()
    for size in (config.max_length, max(_SHORTEST, total // _PIECES), max(1, total // least)):
        config = replace(config, max_length=size)
        pieces = [piece for unit in units for piece in pieces_of(unit, config)]
        if len(pieces) >= least:
            break
    return config, pieces
