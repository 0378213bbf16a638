"""The command: the text, the trainings, the report."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from charlm.compare.distance import (
    Shares,
    eigenvalue_shares,
    farthest,
    gradient_shares,
    held_out_rows,
)
from charlm.compare.options import Comparison
from charlm.compare.pictures import distance_picture, loss_picture, norm_picture
from charlm.compare.plan import plan_trainings
from charlm.compare.report import escaped, markdown, print_table, table_rows
from charlm.compare.results import Result, by_cell, read_result
from charlm.compare.texts import default_prompts, write_texts
from charlm.compare.trainings import train_all
from charlm.errors import InputError, Stopped
from charlm.model.cells import CELLS
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.regular_file import write_atomically
from charlm.text.corpus import Corpus
from charlm.text.cutting import prepare_prompt
from charlm.train.tell.reporter import Reporter
from charlm.train.text import load_text
from charlm.wording import counted

_PICTURES = {
    "Validation loss over characters": "loss.svg",
    "Gradient norm over characters": "gradient-norm.svg",
    "Gradient over distance": "gradient-distance.svg",
}


def compare(comparison: Comparison) -> int:
    """Train and report. Raises CharlmError."""
    try:
        _compare(comparison)
    except (Stopped, KeyboardInterrupt) as stop:
        signum = stop.exit_code - 128 if isinstance(stop, Stopped) else signal.SIGINT
        raise Stopped("stopped: the same command goes on from here", signum) from None
    return 0


def _compare(comparison: Comparison) -> None:
    options = replace(parse_options(comparison.others), corpus=comparison.corpus or None)
    corpus, vocabulary = load_text(options, Reporter())
    if not corpus.validation:
        raise InputError("a comparison needs a validation part: more text, or another --split")
    prompts = comparison.prompts or default_prompts(corpus.validation)
    for prompt in prompts:  # what cannot be written from is said before any training
        vocabulary.string2code(prepare_prompt(prompt, corpus.config), "prompt")
    trainings = plan_trainings(comparison, len(vocabulary))
    train_all(trainings, corpus.report.sha256)
    results = by_cell([read_result(training) for training in trainings])
    print_table(table_rows(results))
    pictures = (
        loss_picture(results),
        norm_picture(results, options.clip),
        distance_picture(*_distances(results, corpus)),
    )
    for name, picture in zip(_PICTURES.values(), pictures, strict=True):
        write_atomically(comparison.out / name, picture.encode())
    texts = {cell: write_texts(runs[0].training.folder, prompts) for cell, runs in results.items()}
    report = markdown(_about(comparison, corpus), results, _PICTURES, prompts, texts)
    write_atomically(comparison.out / "report.md", report.encode("utf-8", "replace"))
    print(f"report: {comparison.out / 'report.md'}")


def _distances(
    results: Mapping[str, Sequence[Result]], corpus: Corpus
) -> tuple[dict[str, list[Shares]], list[Shares]]:
    """The shares by curve, one per seed; and those of the eigenvalues of a cell without gates."""
    shares: dict[str, list[Shares]] = {}
    eigenvalues = []
    for cell, runs in results.items():
        for run in runs:
            checkpoint = load_checkpoint(run.training.folder)
            rows = held_out_rows(corpus.validation, checkpoint.vocabulary)
            distance = farthest(rows)
            for part, curve in gradient_shares(checkpoint, rows, distance).items():
                shares.setdefault(cell if part == "h" else f"{cell}, {part}", []).append(curve)
            if not CELLS[cell].gated:
                eigenvalues.append(eigenvalue_shares(checkpoint, distance))
    return shares, eigenvalues


def _about(comparison: Comparison, corpus: Corpus) -> str:
    report, (budget, amount) = corpus.report, comparison.budget
    equal = "parameters" if comparison.equal == "params" else "units"
    seeds = f"seeds 1 to {comparison.seeds}" if comparison.seeds > 1 else "one seed"
    duplicates = f", {counted(report.duplicates, 'duplicate')} dropped" if report.duplicates else ""
    characters = {name: part["characters"] for name, part in report.parts.items()}
    others = f" `{' '.join(comparison.others)}`" if comparison.others else ""
    order = "in the order of the text"
    if report.order == "blocks":
        order = f"in {counted(report.blocks, 'block')} of each part"
    if corpus.preparation.split.validation and "--validation" in comparison.others:
        order += ", the validation part a text of its own"
    return (
        f"Text: {escaped(report.name)}, by {report.unit}{duplicates}, split {report.split}"
        f" {order}: {counted(characters['train'], 'character')} to learn from,"
        f" {characters['validation']:,} to choose the best weights by,"
        f" {characters['test']:,} to test. Each training: {amount} {budget[2:]}{others}; equal"
        f" {equal}; {seeds}.\n\n"
        "Losses are in nats per character, of the best weights; ± is the standard deviation over"
        " the seeds, a band in a picture spans them. chars/s is that of the fastest tenth of the"
        " intervals that were timed; other work of the machine slows it."
    )
