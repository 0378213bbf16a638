"""What a report says of itself: the text, the budget, what is alike and what is not."""

from __future__ import annotations

from charlm.compare.options import Comparison
from charlm.compare.report import escaped
from charlm.text.corpus import Corpus
from charlm.wording import counted


def about(comparison: Comparison, corpus: Corpus) -> str:
    """The paragraphs under the report's title, in Markdown."""
    report, (budget, amount) = corpus.report, comparison.budget
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
        f" {characters['test']:,} to test. Each training: {amount} {budget[2:]}{others};"
        f"{_equal(comparison)} {seeds}.{_rates(comparison)}\n\n"
        "Losses are in nats per character, of the best weights; ± is the standard deviation over"
        " the seeds, a band in a picture spans them. chars/s is that of the fastest tenth of the"
        " intervals that were timed; other work of the machine slows it."
    )


def _equal(comparison: Comparison) -> str:
    """What the cells have alike; what is varied may have its own number of parameters."""
    if comparison.axes and len(comparison.cells) == 1:
        return ""
    equal = "parameters" if comparison.equal == "params" else "units"
    return f" equal {equal}{' among the cells of a combination' if comparison.axes else ''};"


def _rates(comparison: Comparison) -> str:
    """Where the learning rates come from."""
    if comparison.rates is not None:
        return f" The learning rate of each is the best of {comparison.rates} that were tried."
    if any(axis[0].name == "learning_rate" for axis in comparison.axes):
        return ""
    if any(word.split("=")[0] == "--learning-rate" for word in comparison.others):
        return " All have the same learning rate."
    return " Each has the learning rate that a training takes by itself."
