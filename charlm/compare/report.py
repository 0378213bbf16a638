"""The report: a table for the terminal, and Markdown with the pictures and texts."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from rich.console import Console, JustifyMethod
from rich.table import Table

from charlm.compare.plan import Variant
from charlm.compare.results import Result, Results, counted_losses, mean_loss
from charlm.compare.sweep import Sweep
from charlm.display import visible
from charlm.engine.events import Completion

#: Of the intervals between two lines of a run log: the fastest, least held up by other work.
_FAST = 0.9
#: Columns that a narrow terminal does without, the first first: the report has them all.
_LEFT_OUT = ("steps", "learning rate", "chars/s", "bpc", "units", "parameters", "test loss")

#: By variant and decoder, one for each prompt.
Texts = Mapping[Variant, Mapping[str, Sequence[Completion]]]
#: Texts by their headings.
Row = Mapping[str, str]


def table_rows(results: Results) -> list[Row]:
    """One row per variant, then the baselines, which lack most of it."""
    baselines = [
        {"model": name, "validation loss": f"{loss:.4f}", "bpc": f"{loss / math.log(2):.3f}"}
        for name, loss in counted_losses(results).items()
    ]
    return [*(_row(variant, runs) for variant, runs in results.items()), *baselines]


def print_table(rows: Sequence[Row], varied: Collection[str] = ()) -> None:
    """The table on standard output, of a narrow terminal without what is said elsewhere too.

    varied: headings that stay.
    """
    console = Console(highlight=False)
    # A heading is on two lines, so that more fits into 80 columns.
    widths = {
        heading: 1 + max(map(len, (*heading.split(), *(row.get(heading, "") for row in rows))))
        for heading in rows[0]
    }
    for heading in _LEFT_OUT:
        if sum(widths.values()) > console.width and heading not in varied:
            widths.pop(heading, None)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for heading in widths:
        justify: JustifyMethod = "left" if heading == "model" else "right"
        table.add_column(heading.replace(" ", "\n"), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(row.get(heading, "") for heading in widths))
    Console(highlight=False, width=max(sum(widths.values()), console.width)).print(table)


def markdown(
    about: str,
    results: Results,
    sweeps: Mapping[Variant, Sweep],
    pictures: Mapping[str, str],
    prompts: Sequence[str],
    texts: Texts,
) -> str:
    """The report. `pictures`: file name by what it shows. `texts`: of all variants or the best."""
    parts = [_title(results), about, _markdown_table(table_rows(results))]
    if sweeps:
        parts += ["## Learning rates", _ABOUT_SWEEPS, _markdown_table(_sweep_rows(sweeps))]
    if len(texts) < len(results):
        parts += [
            f"Of {len(results)} variants the pictures and the texts show the {len(texts)} of the"
            " lowest validation loss."
        ]
    for alt, name in pictures.items():
        parts += [f"[{alt}]({name})" if name.endswith("pdf") else f"![{alt}]({name})"]
    parts += ["## What they write", _ABOUT_TEXTS]
    for index, prompt in enumerate(prompts):
        lines = [
            {
                "decoder": decoder,
                "model": variant.label,
                "text": _shown(by_decoder[decoder][index]),
            }
            for decoder in next(iter(texts.values()))
            for variant, by_decoder in texts.items()
        ]
        parts += [f"From “{escaped(prompt)}”:" if prompt else "From nothing:"]
        parts += [_markdown_table(lines)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """A text on one line that Markdown shows as it is, inside a line or a table."""
    text = re.sub(r"([\\`*_\[\]|~$@:]|(?<=www)\.)", r"\\\1", visible(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_ABOUT_TEXTS = (
    "The first seed of each, the same dice; … where a text was cut, the rest ended by themselves."
)
_ABOUT_SWEEPS = (
    "Tried under the same budget with seed 1, around the rate that a training takes by itself;"
    " behind each the validation loss. The best is that of all seeds."
)


def _title(results: Results) -> str:
    cells = dict.fromkeys(variant.cell for variant in results)
    varied = [setting.option for setting in next(iter(results)).settings]
    return f"# Comparison of {', '.join(cells)}" + (f" by {', '.join(varied)}" if varied else "")


def _row(variant: Variant, runs: Sequence[Result]) -> Row:
    config, loss = variant.config, mean_loss(runs)
    # Runs of before the rule for rates was another one may stand among the others.
    rates = dict.fromkeys(run.learning_rate for run in runs if run.learning_rate is not None)
    tests = [run.test_loss for run in runs if run.test_loss is not None]
    speed = np.quantile(np.concatenate([run.speeds for run in runs]), _FAST)
    return {
        "model": variant.cell,
        **{setting.option.replace("-", " "): setting.text for setting in variant.settings},
        "units": f"{config.hidden_size:,}" + (f" x {config.layers}" if config.layers > 1 else ""),
        "parameters": f"{runs[0].parameters:,}",
        "learning rate": ", ".join(f"{rate:g}" for rate in rates),
        "validation loss": _spread([run.validation_loss for run in runs], 4),
        "bpc": f"{loss / math.log(2):.3f}",
        "test loss": _spread(tests, 4) if tests else "",
        "chars/s": f"{speed:,.0f}",
        "steps": f"{statistics.fmean(run.steps for run in runs):,.0f}",
    }


def _sweep_rows(sweeps: Mapping[Variant, Sweep]) -> list[Row]:
    return [
        {"model": variant.label, "rates tried": str(each), "taken": each.taken}
        for variant, each in sweeps.items()
    ]


def _spread(values: Sequence[float], digits: int) -> str:
    """The mean, and the standard deviation of several."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def _shown(completion: Completion) -> str:
    return escaped(completion.text) + ("" if completion.finished else " …")


def _markdown_table(rows: Sequence[Row]) -> str:
    """The rows under the headings of the first."""
    headings = list(rows[0])
    lines = [headings, ["---"] * len(headings)]
    lines += [[row.get(heading, "") for heading in headings] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
