"""The text of a training: from options to a corpus and its vocabulary."""

from __future__ import annotations

import sys
from dataclasses import replace

from charlm.errors import InputError
from charlm.options.train_config import TrainConfig
from charlm.text.config import KEEP, TextConfig
from charlm.text.corpus import Corpus, make_corpus
from charlm.text.documentation import read_documentation
from charlm.text.files import SUFFIX
from charlm.text.parts import parse_split
from charlm.text.preparation import Preparation
from charlm.text.source import Source
from charlm.text.vocabulary import EOS, Vocabulary
from charlm.train.loading import load_files
from charlm.train.tell.reporter import Reporter

#: The options that are looked for in a text, and then belong to the run.
LOOKED_FOR = ("unit", "separator", "column", "order")


def load_text(options: TrainConfig, reporter: Reporter) -> tuple[Corpus, Vocabulary]:
    """Load the corpus, and the vocabulary of all of it: sentences may have a space of their own."""
    preparation = _preparation(options)
    if options.corpus == ("-",) and sys.stdin is not None and sys.stdin.isatty():
        reporter.line("reading the text from the keyboard: Ctrl-D ends it")
    if options.corpus is None and options.chat != KEEP:
        raise InputError(f"Python's documentation is no chat: --chat {KEEP}, or --corpus CHAT")
    if options.corpus is None:
        reporter.line("reading the documentation inside this Python (--corpus reads your text)")
        corpus = make_corpus(_documentation(), preparation, options.validation)
    else:
        corpus = load_files(
            options.corpus, options.validation, preparation, options.cache, reporter
        )
    if options.random_length and corpus.config.unit != "continuous":
        raise InputError(
            "--random-length goes with --unit continuous alone, and --unit auto took"
            f" {corpus.config.unit} ({corpus.report.why_unit})"
        )
    return corpus, Vocabulary(corpus.characters)


def _documentation() -> Source:
    text = read_documentation()
    return Source(text, "python documentation", len(text.encode("utf-8", "surrogatepass")))


def settled(options: TrainConfig, corpus: Corpus) -> TrainConfig:
    """Put into the options what was found in the text, which a run then keeps."""
    found = corpus.preparation
    looked_for = {name: getattr(found, name) for name in LOOKED_FOR}
    characters: int = corpus.report.parts["train"]["characters"]
    return replace(options, **looked_for).for_text(characters)


def start_id_of(text: TextConfig, vocabulary: Vocabulary) -> int:
    newline = vocabulary.to_id.get("\n") if text.unit == "continuous" else None
    return newline or EOS


def _preparation(options: TrainConfig) -> Preparation:
    """Make what the options say of the text."""
    return Preparation(
        unit=options.unit,
        separator=options.separator,
        column=options.column,
        max_length=options.max_length,
        form=options.form,
        case=options.case,
        split=parse_split(options.split),
        order=options.order,
        min_count=options.min_count,
        keep_duplicates=options.keep_duplicates,
        encoding=options.encoding,
        errors=options.errors,
        suffixes=options.suffix or (SUFFIX,),
        chat=options.chat,
        table=options.start_from is not None,
    )
