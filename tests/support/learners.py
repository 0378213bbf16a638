"""Small trainings."""

from __future__ import annotations

from charlm.options.training import parse_options
from charlm.text.corpus import make_corpus
from charlm.text.parts import parse_split
from charlm.text.preparation import Preparation
from charlm.text.source import Source
from charlm.text.vocabulary import Vocabulary
from charlm.train.distributed import ALONE, Ranks
from charlm.train.learner import Learner

TEXT = "".join(f"The number {n} follows {n - 1}.\n" for n in range(120))


SMALL = ["--hidden", "12", "--embedding", "5", "--batch", "4", "--length", "16", "--no-texts"]


def learner_of(*more: str, unit: str = "continuous", ranks: Ranks = ALONE) -> Learner:
    options = parse_options([*SMALL, "--dropout", "0", "--steps", "40", "--unit", unit, *more])
    preparation = Preparation(unit, split=parse_split("80/20/0"), order="contiguous")
    corpus = make_corpus(Source(TEXT, "numbers", len(TEXT)), preparation)
    vocabulary = Vocabulary.of([TEXT])
    return Learner(options, corpus, vocabulary, corpus.config, ranks=ranks)
