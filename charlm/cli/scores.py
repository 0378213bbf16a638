"""The numbers of `charlm score`: as rows for a person, and as JSON values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charlm.engine.scoring import ScoreTotal
from charlm.engine.windows import WindowScore
from charlm.options.scoring import Adaptation
from charlm.wording import counted, fixed

_UNITS = ("nats per character", "bits per character", "", "predicted, ends included")
#: What is told of a total.
HEADS = ("loss", "bpc", "perplexity", "characters")


@dataclass(frozen=True)
class Adapted:
    """What a model came to that learned while it was scored, and how it learned."""

    total: ScoreTotal
    how: Adaptation


@dataclass(frozen=True)
class Scores:
    """What was measured of a text. stream: as the model reads it; the rest if asked for."""

    stream: ScoreTotal
    windows: WindowScore | None = None
    adapted: Adapted | None = None

    def totals(self) -> dict[str, ScoreTotal]:
        """The total of each way, by its name."""
        others = {"windows": self.windows, "adapted": self.adapted}
        found = {name: other.total for name, other in others.items() if other is not None}
        return {"stream": self.stream} | found

    def as_json(self) -> dict[str, Any]:
        """JSON values: the stream's, and each other way's under its name."""
        record = _values(self.stream)
        if self.stream.approximate:
            record |= {"approximate": True, "readers": self.stream.readers}
        if (windows := self.windows) is not None:
            drawn = {"window": windows.window, "windows": windows.windows, "seed": windows.seed}
            error = {"standard_error": windows.standard_error}
            record["windows"] = _values(windows.total) | error | drawn
        if (adapted := self.adapted) is not None:
            record["adapted"] = _values(adapted.total) | asdict(adapted.how)
        return record

    def alone(self) -> list[str]:
        """The lines of one text by itself: a column for each way, and what to know of them."""
        totals = self.totals()
        columns = [_shown(total) for total in totals.values()]
        lines = ["".join(f" {cell:>11}" for cell in ("", *totals))] if len(columns) > 1 else []
        for head, unit, *cells in zip(HEADS, _UNITS, *columns, strict=True):
            row = "".join(f" {cell:>11}" for cell in cells)
            lines.append(f"{head:<12}{row}  {unit}".rstrip())
        return lines + [f"{name:<12}{value:>12}  {about}" for name, value, about in self._notes()]

    def row(self, others: Sequence[str]) -> list[str]:
        """The cells of one of several texts: `HEADS` of the stream, then the losses of others."""
        losses = {name: total.loss for name, total in self.totals().items()}
        if self.windows is not None:
            losses["+-"] = self.windows.standard_error
        cells = [fixed(losses[name]) if name in losses else "-" for name in others]
        return [*_shown(self.stream), *cells, *["approximate"] * self.stream.approximate]

    def _notes(self) -> list[tuple[str, str, str]]:
        notes = []
        if self.stream.approximate:
            readers = f"{self.stream.readers:,}", "readers side by side, each warmed up"
            notes.append(("approximate", *readers))
        if (windows := self.windows) is not None:
            about = (
                f"of {windows.window:,} from the zero state, seed {windows.seed}; standard error of"
                f" their loss {fixed(windows.standard_error)}"
            )
            notes.append(("windows", f"{windows.windows:,}", about))
        if (adapted := self.adapted) is not None:
            how = adapted.how
            step = f"rate of a step every {counted(how.length, 'character')}, decay {how.decay:g}"
            about = f"{step}: it learns as it reads"
            notes.append(("adapted", f"{how.rate:g}", about))
        return notes


def sum_of(scores: Sequence[Scores]) -> Scores:
    """All texts as one. Windows have no sum: there are as many in a short text as in a long one."""
    adapted = [each.adapted for each in scores if each.adapted is not None]
    learned = None
    if adapted:
        learned = Adapted(_sum([each.total for each in adapted]), adapted[0].how)
    return Scores(_sum([each.stream for each in scores]), adapted=learned)


def _sum(totals: Sequence[ScoreTotal]) -> ScoreTotal:
    count, nats = sum(each.count for each in totals), math.fsum(each.nats for each in totals)
    return ScoreTotal(count, nats, max(each.readers for each in totals))


def _values(total: ScoreTotal) -> dict[str, Any]:
    finite = math.isfinite(total.perplexity)  # JSON has no infinity
    values = total.loss, total.bpc, total.perplexity if finite else None, total.count
    return dict(zip(HEADS, values, strict=True))


def _shown(total: ScoreTotal) -> tuple[str, ...]:
    return fixed(total.loss), fixed(total.bpc), fixed(total.perplexity), f"{total.count:,}"
