"""What became of a text on its way to examples, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm.checks import is_number, shown
from charlm.text.cutting import CP1252
from charlm.wording import counted


@dataclass
class CorpusReport:
    """What was read, repaired, chosen, dropped and cut. Lengths are in characters.

    sha256: of all the text that was prepared. why_unit, why_order: what was seen where it was
    looked for. chat: what became of one. blocks: of each part. notices: what a person should know.
    """

    name: str = ""
    sha256: str = ""
    bytes: int = 0
    characters: int = 0
    distinct: int = 0
    byte_order_mark: bool = False
    newlines_repaired: int = 0
    cp1252_repaired: dict[str, int] = field(default_factory=dict)
    rare_removed: int = 0
    column: str = ""
    chat: str = ""
    unit: str = ""
    why_unit: str = ""
    examples: int = 0
    duplicates: int = 0
    cut: int = 0
    mean_length: float = 0.0
    median_length: int = 0
    length_95_percent: int = 0
    longest: int = 0
    split: str = ""
    order: str = ""
    why_order: str = ""
    blocks: int = 1
    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CorpusReport:
        """A report that `as_values` gave and a file held.

        Raises KeyError, TypeError and AttributeError for what is none.
        """
        report = cls(**values)
        for name, default in asdict(cls()).items():
            value = values[name]
            whole = isinstance(default, float) and is_number(value)
            if not whole and type(value) is not type(default):
                raise TypeError(f"{name} is {shown(value)}")
        parts = [(part["examples"], part["characters"]) for part in report.parts.values()]
        counts = [*report.cp1252_repaired.values(), *(count for part in parts for count in part)]
        if not all(type(count) is int for count in counts):
            raise TypeError("a count is no number")
        return report

    def as_values(self) -> dict[str, Any]:
        """JSON values, for the run log."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """What a person reads: (label, value) per row."""
        rows = [
            ("text", self.name + (f", column {self.column}" if self.column else "")),
            *([("chat", self.chat)] if self.chat else []),
            ("bytes", f"{self.bytes:,}"),
            ("characters", f"{self.characters:,} ({self.distinct:,} distinct)"),
        ]
        if self.byte_order_mark:
            rows.append(("byte order mark", "removed"))
        if self.newlines_repaired:
            rows.append(("newlines", f"{self.newlines_repaired:,} CR LF or CR became LF"))
        rows += [
            (f"repaired {code}", f"{count:,} (a cp1252 {CP1252[int(code[2:], 16)]!r})")
            for code, count in self.cp1252_repaired.items()
        ]
        if self.rare_removed:
            rows.append(("rare characters", f"{self.rare_removed:,} left out"))
        rows.append(("unit", self.unit + _because(self.why_unit)))
        if self.unit != "continuous":
            rows += self._rows_of_units()
        for name, part in self.parts.items():
            examples = (
                "" if self.unit == "continuous" else f"{counted(part['examples'], 'example')}, "
            )
            rows.append((name, examples + counted(part["characters"], "character")))
        return rows

    def _rows_of_units(self) -> list[tuple[str, str]]:
        lie = "each in one piece, in the order of the text"
        if self.order == "blocks":
            lie = f"{counted(self.blocks, 'block')} of each, spread over the text"
        return [
            (f"{self.unit}s", f"{self.examples:,} after {counted(self.duplicates, 'duplicate')}"),
            ("longer than the maximum", f"{self.cut:,} cut into pieces"),
            (
                "length",
                f"mean {self.mean_length:.1f}, median {self.median_length:,},"
                f" 95 % under {self.length_95_percent:,}, longest {self.longest:,}",
            ),
            ("parts", lie + _because(self.why_order)),
        ]

    def measure(self, lengths: NDArray[np.int32]) -> None:
        """Take in the lengths of the units."""
        lengths = np.sort(lengths)
        count = self.examples = len(lengths)
        self.mean_length = int(lengths.sum(dtype=np.int64)) / count
        self.median_length = int(lengths[count // 2])
        self.length_95_percent = int(lengths[count * 95 // 100])
        self.longest = int(lengths[-1])


def _because(why: str) -> str:
    return f" (by looking: {why})" if why else ""
