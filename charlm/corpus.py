"""From files to examples: read, repair, cut into units, drop duplicates, split, and say so.

Every number of it stands in the `CorpusReport`. A prompt goes through the same preparation
(`prepare_prompt`), so that the model never meets a text prepared otherwise than it learned.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from charlm.config import TextConfig
from charlm.errors import CorpusError, InputError
from charlm.sentences import split_sentences
from charlm.text_files import read_texts

# Bytes of cp1252 (dashes, quotes, ellipsis) that were once decoded as Latin-1 came out as C1
# controls, which no text uses on purpose. Five of the 32 have no meaning in cp1252 and stay.
_CP1252 = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("cp1252", "ignore"))
}
_C1 = re.compile("[\x80-\x9f]")


class Example(NamedTuple):
    """One text to learn. `ends`: EOS follows it (not so for all but the last piece of a cut)."""

    text: str
    ends: bool


class Split(NamedTuple):
    """Parts of the corpus in percent: to train on, to choose the best weights by, to test."""

    train: int
    validation: int
    test: int

    def __str__(self) -> str:
        return f"{self.train}/{self.validation}/{self.test}"


@dataclass
class CorpusReport:
    """What was read, repaired, dropped and cut, in numbers. Lengths are in characters."""

    name: str = ""
    sha256: str = ""
    bytes: int = 0
    characters: int = 0
    distinct: int = 0
    byte_order_mark: bool = False
    newlines_repaired: int = 0
    cp1252_repaired: dict[str, int] = field(default_factory=dict)
    rare_removed: int = 0
    unit: str = ""
    examples: int = 0
    duplicates: int = 0
    cut: int = 0
    mean_length: float = 0.0
    median_length: int = 0
    length_95_percent: int = 0
    longest: int = 0
    split: str = ""
    parts: dict[str, dict[str, int]] = field(default_factory=dict)

    def as_values(self) -> dict[str, Any]:
        """JSON values, for the run log."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """What a person reads: (label, value) per row."""
        rows = [
            ("text", self.name),
            ("bytes", f"{self.bytes:,}"),
            ("characters", f"{self.characters:,} ({self.distinct:,} distinct)"),
        ]
        if self.byte_order_mark:
            rows.append(("byte order mark", "removed"))
        if self.newlines_repaired:
            rows.append(("newlines", f"{self.newlines_repaired:,} CR LF or CR became LF"))
        rows += [
            (f"repaired {code}", f"{count:,} (a cp1252 {_CP1252[int(code[2:], 16)]!r})")
            for code, count in self.cp1252_repaired.items()
        ]
        if self.rare_removed:
            rows.append(("rare characters", f"{self.rare_removed:,} left out"))
        if self.unit != "continuous":
            rows += [
                (f"{self.unit}s", f"{self.examples:,} after {self.duplicates:,} duplicates"),
                ("longer than the maximum", f"{self.cut:,} cut into pieces"),
                (
                    "length",
                    f"mean {self.mean_length:.1f}, median {self.median_length:,},"
                    f" 95 % under {self.length_95_percent:,}, longest {self.longest:,}",
                ),
            ]
        for name, part in self.parts.items():
            examples = "" if self.unit == "continuous" else f"{part['examples']:,} examples, "
            rows.append((name, f"{examples}{part['characters']:,} characters"))
        return rows


@dataclass(frozen=True)
class Corpus:
    """A prepared text in its three parts. `text` is whole: repaired, before the cut into units."""

    text: str
    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    report: CorpusReport


def load_corpus(
    sources: str | Sequence[str],
    config: TextConfig,
    split: Split,
    encoding: str = "utf-8",
    errors: str = "strict",
    min_count: int = 1,
) -> Corpus:
    """Read (`read_texts`), prepare and split a text."""
    names = [sources] if isinstance(sources, str) else sources
    text, name, size = read_texts(names, encoding, errors)
    return make_corpus(text, name, config, split, size, min_count)


def make_corpus(
    text: str, name: str, config: TextConfig, split: Split, size: int, min_count: int = 1
) -> Corpus:
    """A corpus from decoded text.

    `size`: bytes it took in its file. `min_count`: rarer characters are left out.
    """
    report = CorpusReport(name=name, bytes=size, unit=config.unit, split=str(split))
    text = _without_rare(prepare_text(text, config, report), min_count, report)
    if not text.strip():
        raise CorpusError(f"corpus {name} holds nothing but white space: give a text to learn")
    report.sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    report.characters, report.distinct = len(text), len(set(text))
    if config.unit == "continuous":
        bounds = _bounds(len(text), split)
        parts = {name: [text[a:b]] if a < b else [] for name, (a, b) in bounds.items()}
    else:
        units = _distinct_units(text, config, report)
        parts = {name: units[a:b] for name, (a, b) in _bounds(len(units), split).items()}
    examples = {name: [e for u in part for e in _cut(u, config)] for name, part in parts.items()}
    report.parts = {
        name: {"examples": len(part), "characters": sum(len(e.text) for e in part)}
        for name, part in examples.items()
    }
    return Corpus(text, **examples, report=report)


def prepare_text(text: str, config: TextConfig, report: CorpusReport | None = None) -> str:
    """Byte order mark out, newlines to LF, cp1252 repaired, Unicode form and case applied."""
    report = report or CorpusReport()
    if text.startswith("\ufeff"):
        report.byte_order_mark, text = True, text[1:]
    report.newlines_repaired = text.count("\r")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    wrong = Counter(c for c in _C1.findall(text) if ord(c) in _CP1252)
    report.cp1252_repaired = {f"U+{ord(c):04X}": n for c, n in sorted(wrong.items())}
    if wrong:
        text = text.translate(_CP1252)
    if config.form != "none":
        text = unicodedata.normalize(config.form, text)
    return text.lower() if config.case == "lower" else text


def prepare_prompt(text: str, config: TextConfig) -> str:
    """A prompt prepared as the text of the model was.

    Sentences: runs of white space become one space, leading white space goes, one trailing
    space stays (it says that a word ended). Lines: newlines become a space.
    """
    text = prepare_text(text, config)
    if config.unit == "sentence":
        return re.sub(r"\s+", " ", text).lstrip(" ")
    return text.replace("\n", " ") if config.unit == "line" else text


def split_examples(text: str, config: TextConfig) -> list[Example]:
    """The examples of a prepared text, by the unit; duplicates stay."""
    if config.unit == "continuous":
        return [Example(text, False)] if text else []
    return [e for unit in _units(text, config) for e in _cut(unit, config)]


def parse_split(text: str) -> Split:
    """ "90/5/5" -> Split: whole percentages of train / validation / test that sum to 100."""
    try:
        split = Split(*(int(part) for part in text.split("/")))
    except (ValueError, TypeError):
        split = Split(0, 0, 0)
    if split.train < 1 or min(split) < 0 or sum(split) != 100:
        raise InputError(
            f"split {text!r}: it must be three whole percentages that sum to 100, the first"
            " at least 1, as 90/5/5"
        )
    return split


def _without_rare(text: str, min_count: int, report: CorpusReport) -> str:
    rare = {ord(c): None for c, n in Counter(text).items() if n < min_count}
    kept = text.translate(rare) if rare else text
    report.rare_removed = len(text) - len(kept)
    return kept


def _units(text: str, config: TextConfig) -> Iterable[str]:
    if config.unit == "sentence":
        return split_sentences(text)
    return (line.rstrip() for line in text.split("\n") if not line.isspace() and line)


def _distinct_units(text: str, config: TextConfig, report: CorpusReport) -> list[str]:
    """Each unit once, in order; what was dropped and the lengths go into the report."""
    every = list(_units(text, config))
    units = list(dict.fromkeys(every))
    lengths = sorted(map(len, units))
    report.examples, report.duplicates = len(units), len(every) - len(units)
    report.cut = sum(length > config.max_length > 0 for length in lengths)
    report.mean_length = sum(lengths) / len(lengths)
    report.median_length = lengths[len(lengths) // 2]
    report.length_95_percent = lengths[len(lengths) * 95 // 100]
    report.longest = lengths[-1]
    return units


def _cut(unit: str, config: TextConfig) -> Iterator[Example]:
    """One unit as examples: pieces of at most `max_length`, of which only the last ends."""
    if config.unit == "continuous":
        yield Example(unit, False)
        return
    size = config.max_length or len(unit)
    for start in range(0, len(unit), size):
        yield Example(unit[start : start + size], start + size >= len(unit))


def _bounds(n: int, split: Split) -> dict[str, tuple[int, int]]:
    """Contiguous parts of n items. Training gets at least one, validation one if asked for."""
    train = max(1, n * split.train // 100)
    validation = max(train, n * (split.train + split.validation) // 100)
    if split.validation and validation == train < n:
        validation += 1
    return {"train": (0, train), "validation": (train, validation), "test": (validation, n)}
