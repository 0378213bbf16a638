"""The report: a table for the terminal, and Markdown with the pictures and texts."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console, JustifyMethod
from rich.table import Table

from charlm.compare.results import Result
from charlm.display import visible
from charlm.engine.events import Completion

_HEADINGS = (
    "model", "units", "parameters", "validation loss", "bpc", "test loss", "chars/s", "steps",
)  # fmt: skip
#: Of the intervals between two lines of a run log: the fastest, least held up by other work.
_FAST = 0.9

Texts = Mapping[str, Mapping[str, Sequence[Completion]]]


def table_rows(results: Mapping[str, Sequence[Result]]) -> list[tuple[str, ...]]:
    """One row per cell, then the baselines; under `_HEADINGS`."""
    rows = [_row(cell, runs) for cell, runs in results.items()]
    baseline = next(iter(results.values()))[0].baseline
    if baseline is not None:
        for name, loss in (
            (f"{baseline['order']}-gram", baseline["ngram"]),
            ("unigram", baseline["unigram"]),
        ):
            rows.append((name, "", "", f"{loss:.4f}", f"{loss / math.log(2):.3f}", "", "", ""))
    return rows


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """The table on standard output."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for heading in _HEADINGS:
        justify: JustifyMethod = "left" if heading == "model" else "right"
        # On two lines, so that the table fits into 80 columns.
        table.add_column(heading.replace(" ", "\n"), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)


def markdown(
    about: str,
    results: Mapping[str, Sequence[Result]],
    pictures: Mapping[str, str],
    prompts: Sequence[str],
    texts: Texts,
) -> str:
    """The report. `pictures`: file name by what it shows. `texts`: by cell and decoder."""
    parts = [f"# Comparison of {', '.join(results)}", about]
    parts += [_markdown_table(_HEADINGS, table_rows(results))]
    parts += [f"![{alt}]({name})" for alt, name in pictures.items()]
    parts += ["## What they write", _ABOUT_TEXTS]
    for index, prompt in enumerate(prompts):
        lines = [
            (decoder, cell, _shown(by_decoder[decoder][index]))
            for decoder in next(iter(texts.values()))
            for cell, by_decoder in texts.items()
        ]
        parts += [f"From “{escaped(prompt)}”:" if prompt else "From nothing:"]
        parts += [_markdown_table(("decoder", "model", "text"), lines)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """A text on one line that Markdown shows as it is, inside a line or a table."""
    text = re.sub(r"([\\`*_\[\]|~$@:]|(?<=www)\.)", r"\\\1", visible(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_ABOUT_TEXTS = (
    "The first seed of each, the same dice; … where a text was cut, the rest ended by themselves."
)


def _row(cell: str, runs: Sequence[Result]) -> tuple[str, ...]:
    config = runs[0].training.config
    losses = [run.validation_loss for run in runs]
    tests = [run.test_loss for run in runs if run.test_loss is not None]
    speed = np.quantile(np.concatenate([run.speeds for run in runs]), _FAST)
    return (
        cell,
        f"{config.hidden_size:,}" + (f" x {config.layers}" if config.layers > 1 else ""),
        f"{config.parameter_count:,}",
        _spread(losses, 4),
        f"{statistics.fmean(losses) / math.log(2):.3f}",
        _spread(tests, 4) if tests else "",
        f"{speed:,.0f}",
        f"{statistics.fmean(run.steps for run in runs):,.0f}",
    )


def _spread(values: Sequence[float], digits: int) -> str:
    """The mean, and the standard deviation of several."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def _shown(completion: Completion) -> str:
    return escaped(completion.text) + ("" if completion.finished else " …")


def _markdown_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
