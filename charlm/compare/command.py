"""The command: the text, the trainings, the report."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from charlm.compare.about import about
from charlm.compare.distance import (
    Shares,
    eigenvalue_shares,
    farthest,
    gradient_shares,
    held_out_rows,
)
from charlm.compare.formats import PDF, PNG, SVG, check_formats, converted
from charlm.compare.jobs import begun
from charlm.compare.options import Comparison
from charlm.compare.pictures import MOST_DRAWN, distance_picture, loss_picture, norm_picture
from charlm.compare.plan import Variant, plan_training, plan_trainings, plan_variants
from charlm.compare.report import markdown, print_table, table_rows
from charlm.compare.result_files import ResultFiles
from charlm.compare.results import Result, best_of, by_variant
from charlm.compare.sweep import Sweep, rates_of, sweep
from charlm.compare.texts import default_prompts, write_texts
from charlm.compare.trainings import check_folder
from charlm.errors import InputError, Stopped, errors_of
from charlm.model.cells import CELLS
from charlm.options.train_fields import OPTIONS
from charlm.run.checkpoint import load_checkpoint
from charlm.run.regular_file import write_atomically
from charlm.text.corpus import Corpus
from charlm.text.cutting import prepare_prompt
from charlm.train.tell.reporter import Reporter
from charlm.train.text import load_text, settled

#: What the pictures show, and their names.
_PICTURES = {
    "Validation loss over characters": "loss",
    "Gradient norm over characters": "gradient-norm",
    "Gradient over distance": "gradient-distance",
}
#: What is proposed for a training and must be alike in all.
_ALIKE = ("batch", "dropout")
#: The first of these that there is stands in the report.
_SHOWN = (SVG, PNG, PDF)


def compare(comparison: Comparison) -> int:
    """Train and report. Raises CharlmError."""
    check_formats(comparison.pictures)
    try:
        _compare(comparison)
    except (Stopped, KeyboardInterrupt) as stop:
        signum = stop.exit_code - 128 if isinstance(stop, Stopped) else signal.SIGINT
        raise Stopped("stopped: the same command goes on from here", signum) from None
    return 0


def _compare(comparison: Comparison) -> None:
    # What is varied leaves the text as it is: any of the combinations will do.
    options = replace(comparison.options(comparison.grid[0]), corpus=comparison.corpus or None)
    corpus, vocabulary = load_text(options, Reporter())
    if not corpus.validation:
        raise InputError("a comparison needs a validation part: more text, or another --split")
    comparison = _settled(comparison, corpus)
    prompts = comparison.prompts or default_prompts(corpus.validation)
    for prompt in prompts:  # what cannot be written from is said before any training
        vocabulary.string2code(prepare_prompt(prompt, corpus.config), "prompt")
    variants = plan_variants(comparison, len(vocabulary))
    results, sweeps = _train(comparison, variants, corpus)
    varied = [each.option.replace("-", " ") for each in comparison.grid[0]]
    print_table(table_rows(results), varied)
    shown = best_of(results, MOST_DRAWN)
    clip = None if any(axis[0].name == "clip" for axis in comparison.axes) else options.clip
    pictures = (
        loss_picture(shown),
        norm_picture(shown, clip),
        distance_picture(*_distances(shown, corpus)),
    )
    for name, picture in zip(_PICTURES.values(), pictures, strict=True):
        for each in comparison.pictures:
            write_atomically(comparison.out / f"{name}.{each}", converted(picture, each))
    first = next(each for each in _SHOWN if each in comparison.pictures)
    files = {alt: f"{name}.{first}" for alt, name in _PICTURES.items()}
    texts = {v: write_texts(runs[0].training.folder, prompts) for v, runs in shown.items()}
    report = markdown(about(comparison, corpus), results, sweeps, files, prompts, texts)
    write_atomically(comparison.out / "report.md", report.encode("utf-8", "replace"))
    print(f"report: {comparison.out / 'report.md'}")


def _settled(comparison: Comparison, corpus: Corpus) -> Comparison:
    """The comparison with one batch and one dropout for all, where they are left open.

    They would follow from other options, so that a variant would differ in more than is varied.
    """
    options = settled(comparison.options(comparison.grid[0]), corpus)
    left_open = set(_ALIKE) & set(options.proposed) - {axis[0].name for axis in comparison.axes}
    words = [
        word
        for name in _ALIKE
        if name in left_open
        for word in (OPTIONS[name].option.name, f"{getattr(options, name):g}")
    ]
    return replace(comparison, others=(*comparison.others, *words))


def _train(
    comparison: Comparison, variants: Sequence[Variant], corpus: Corpus
) -> tuple[dict[Variant, list[Result]], dict[Variant, Sweep]]:
    """Train all that is planned; the results by variant, and the rates that were tried."""
    for variant in variants:  # what does not go together is said before any training
        with errors_of(variant.label):
            settled(plan_training(comparison, variant, seed=1).options(), corpus)
    tried = {variant: rates_of(comparison, variant) for variant in variants}
    possible = [
        plan_training(comparison, variant, seed, rate)
        for seed in range(1, comparison.seeds + 1)
        for variant, rates in tried.items()
        for rate in rates or (None,)
    ]
    for training in possible:
        check_folder(training, corpus.report.sha256)
    files = ResultFiles(comparison.out, possible)
    sweeps = sweep(comparison, tried, files.add) if comparison.rates else {}
    taken = [sweeps[variant].best if sweeps else None for variant in variants]
    trainings, results = plan_trainings(comparison, variants, taken), []
    files.compared = {training.folder for training in trainings}
    with begun(trainings, comparison.jobs) as each:
        for _, _, result_of in each:
            results.append(result_of())
            files.add(results[-1])
    files.write()
    return by_variant(results), sweeps


def _distances(
    results: Mapping[Variant, Sequence[Result]], corpus: Corpus
) -> tuple[dict[Variant, dict[str, list[Shares]]], dict[Variant, list[Shares]]]:
    """The shares by state, one per seed; and those of the eigenvalues of a cell without gates."""
    shares: dict[Variant, dict[str, list[Shares]]] = {}
    eigenvalues: dict[Variant, list[Shares]] = {}
    for variant, runs in results.items():
        for run in runs:
            checkpoint = load_checkpoint(run.training.folder)
            rows = held_out_rows(corpus.validation, checkpoint.vocabulary)
            distance = farthest(rows)
            for letter, curve in gradient_shares(checkpoint, rows, distance).items():
                shares.setdefault(variant, {}).setdefault(letter, []).append(curve)
            if not CELLS[variant.cell].gated:
                curve = eigenvalue_shares(checkpoint, distance)
                eigenvalues.setdefault(variant, []).append(curve)
    return shares, eigenvalues
