"""The table of the options of a training: a field an option, with all there is to know of it.

Its default, its range and its help, whether it may change when a run goes on, and whether the
screen's form asks for it. The command line, the form, comparisons, resume files and TensorBoard's
table all read it. What fills and checks the values: `charlm.options.train_config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from charlm.device import CPU
from charlm.model.cells import CELLS
from charlm.model.config import EMBEDDING_SIZE, MAX_LAYERS, MAX_SIZE
from charlm.options.escapes import unescaped
from charlm.options.rates import FINE_TUNING_RATE, rates_in_words
from charlm.options.types import (
    FormEntry,
    Group,
    TrainOption,
    amount,
    checked,
    choice,
    flag,
    or_auto,
    real,
    share,
    text,
    whole,
)
from charlm.run.layout import KEPT
from charlm.text.config import CHATS, KEEP, UNITS
from charlm.text.files import ERRORS
from charlm.text.parts import DEFAULT_SPLIT, ORDERS, parse_split
from charlm.text.preparation import AUTO

SCHEDULES = ("cosine", "plateau", "constant")
#: What an optimiser takes when nothing else is said. The rate of adamw: `charlm.options.rates`.
OPTIMISERS: dict[str, dict[str, float]] = {
    "adamw": {"weight_decay": 0.05},
    "sgd": {"learning_rate": 1.0, "weight_decay": 0.0, "momentum": 0.9},
}
NATIVE, LOOP = SEQUENCES = ("native", "loop")
FLOAT32, BFLOAT16 = LEARNING_PRECISIONS = ("float32", "bfloat16")
#: What a run that goes on elsewhere is free to do otherwise there.
BY_DEVICE = ("sequence", "precision", "threads")
BUDGETS = ("characters", "steps", "epochs", "minutes")
#: What is proposed where it is left open.
PROPOSED = ("hidden", "batch", "characters", "dropout", "learning_rate", "warm_up")
#: The cells that have a candidate, which recurrent dropout masks.
MASKED = tuple(cell.name for cell in CELLS.values() if cell.candidate)
MASKED_IN_WORDS = f"{', '.join(MASKED[:-1])} and {MASKED[-1]}"
MOST_THREADS = 8  # of a training that is not told how many
_DEFAULT_CELL = "lstm"
_MOST = 2**31 - 1
_PER_EVALUATION = 100_000

_TEXT = Group("text")
_MODEL = Group("model")
_LEARNING = Group("learning")
_REGULARISERS = Group("against learning by heart")
_BUDGET = Group("budget (the first one reached ends the run)")
_RUN = Group("run")


def _by_optimiser(name: str) -> str:
    return "; ".join(f"{o}: {values[name]:g}" for o, values in OPTIMISERS.items() if name in values)


def _cells_in_words() -> str:
    """How the cells compare, the default first."""
    names = [_DEFAULT_CELL, *(name for name in reversed(CELLS) if name != _DEFAULT_CELL)]
    return "; ".join(f"{name} {CELLS[name].about}" for name in names)


# fmt: off
@dataclass(frozen=True, kw_only=True)
class TrainFields:
    """What may be said of a training. `None`, where a field may have it: it is not given."""

    corpus: tuple[str, ...] | None = _TEXT(text("--corpus", "PATH", None, "text files, folders of"
        " .txt files, or - for standard input, read as one text; default: the documentation"
        " inside this Python", nargs="+"), may_change=True, monitored=False)
    unit: str = _TEXT(choice("--unit", (AUTO, *UNITS), AUTO, "what one example is: a sentence, a"
        " line, a document of several lines, or the whole text as one stream whose memory is"
        " carried on; auto looks at the text and says what it took (%(default)s)"))
    separator: str | None = _TEXT(text("--separator", "TEXT", None, "what stands between two"
        " documents; \\n is a newline (a line such as --- if there is one, else an empty line)",
        type=unescaped), of_old=None)
    column: str | None = _TEXT(text("--column", "NAME", None, "of a CSV, a TSV or JSON lines:"
        " each cell of it is an example (looked for with --unit auto)"), of_old="")
    chat: Literal["keep", "messages"] = _TEXT(choice("--chat", CHATS, KEEP, "of a chat that a"
        " program exported: all of it, or its messages, each with who says it and without time"
        " stamp, as an example (%(default)s)"),
        on_form=FormEntry("Chat", "{}; messages: without time stamps", "keep or messages"))
    split: str = _TEXT(text("--split", "A/B/C", str(DEFAULT_SPLIT), "percent to train on / to"
        " choose the best by / to test at the end (%(default)s)", type=checked(parse_split, str)))
    order: str = _TEXT(choice("--order", ORDERS, AUTO, "the parts of that split are blocks spread"
        " over the text, or contiguous; auto looks whether the order of the examples means"
        " something; whole is contiguous and divides no example (%(default)s)"), of_old="whole")
    validation: str | None = _TEXT(text("--validation", "PATH", None, "a text of its own to"
        " choose the best by, in place of a part of the corpus"), may_change=True, monitored=False)
    keep_duplicates: bool = _TEXT(flag("--keep-duplicates", "learn an example as often as it"
        " occurs; else once"))
    max_length: int = _TEXT(whole("--max-length", 1, _MOST, 1000, "cut longer sentences and lines"
        " into pieces of N characters (%(default)s)"))
    case: Literal["keep", "lower"] = _TEXT(choice("--case", ("keep", "lower"), "keep", "of the"
        " text, and then of every prompt: as it is, or all in lower case (%(default)s)"))
    form: Literal["none", "NFC"] = _TEXT(choice("--form", ("none", "NFC"), "none", "Unicode form of"
        " the text and of every prompt; NFC makes a letter and its accent one character"
        " (%(default)s)"))
    min_count: int = _TEXT(whole("--min-count", 1, _MOST, 1, "leave out characters that occur"
        " fewer than N times (%(default)s: none)"))
    suffix: tuple[str, ...] | None = _TEXT(text("--suffix", "SUFFIX", None, "read the files of a"
        " folder that end so, as md py (txt)", nargs="+"), may_change=True, monitored=False)
    encoding: str = _TEXT(text("--encoding", "ENCODING", "utf-8", "of the corpus, where no byte"
        " order mark says it (%(default)s)"))
    errors: str = _TEXT(choice("--errors", ERRORS, "strict", "what to do with bytes that are not"
        " in that encoding (%(default)s: stop and say where)"))

    cache: str | None = _TEXT(text("--cache", "DIR", None, "where a text that is too large for"
        " memory lies prepared, for the next training too (charlm's folder in the user's cache)"),
        may_change=True, monitored=False)

    cell: str = _MODEL(choice("--cell", tuple(CELLS), _DEFAULT_CELL, _cells_in_words()))
    hidden: int = _MODEL(or_auto(whole("--hidden", 1, MAX_SIZE, None, "units of the memory:"
        " quality and cost grow with it, cost with its square (auto: by the length of the text)")))
    layers: int = _MODEL(whole("--layers", 1, MAX_LAYERS, 1, "cells on top of each other"
        " (%(default)s)"))
    embedding: int = _MODEL(whole("--embedding", 1, MAX_SIZE, EMBEDDING_SIZE, "numbers that stand"
        " for one character (%(default)s)"))
    gru_bias: bool = _MODEL(flag("--gru-bias", "give the GRU's gates a bias (its equations have"
        " none)"))

    batch: int = _LEARNING(or_auto(whole("--batch", 1, 65_536, None, "streams read at once;"
        " sentences and lines fill batches of about batch x length characters (auto: by the length"
        " of the text, at most 32)")),
        on_form=FormEntry("Batch", "texts at once, by the text", "a number, such as 32"))
    length: int = _LEARNING(whole("--length", 1, 65_536, 64, "characters that a gradient reaches"
        " back in continuous text; the memory itself is carried on. Half of it is twice as many"
        " updates for the same characters (%(default)s)"),
        on_form=FormEntry("Length", "{} characters back, in continuous text"))
    random_length: bool = _LEARNING(flag("--random-length", "let that length vary from batch to"
        " batch, so that the text is cut elsewhere in every pass"))
    accumulate: int = _LEARNING(whole("--accumulate", 1, 65_536, 1, "batches whose gradients make"
        " one update: larger batches in the same memory (%(default)s)"))
    optimiser: str = _LEARNING(choice("--optimiser", tuple(OPTIMISERS), "adamw", "%(default)s"
        " finds its own step for each weight; sgd wants its learning rate tuned"))
    learning_rate: float = _LEARNING(or_auto(real("--learning-rate", 0, 100, None, "at its height"
        f" (auto; adamw: {rates_in_words((128, 512))}, {FINE_TUNING_RATE:g} with --from;"
        f" {_by_optimiser('learning_rate')})")), may_change=True,
        on_form=FormEntry("Learning rate", "by cell and size", "a number, such as 0.01"))
    weight_decay: float = _LEARNING(real("--weight-decay", -1, 1, None, "share of each weight,"
        f" times the learning rate, taken off at an update ({_by_optimiser('weight_decay')})"))
    momentum: float | None = _LEARNING(real("--momentum", -1, 0.9999, None, "share of the"
        f" last update that the next begins with ({_by_optimiser('momentum')})"))
    schedule: str = _LEARNING(choice("--schedule", SCHEDULES, "cosine", "of the learning rate:"
        " down to 2 %% along half a cosine over the budget; halved where the validation loss"
        " stands still; or constant (%(default)s)"))
    plateau: int | None = _LEARNING(whole("--plateau", 1, 10_000, None, "evaluations without a"
        " better validation loss after which --schedule plateau halves the rate (2)"))
    warm_up: int = _LEARNING(or_auto(whole("--warm-up", 0, _MOST, None, "steps in which the"
        " learning rate rises from 0 (auto: some where layers stand on each other)")))
    clip: float = _LEARNING(real("--clip", 0, 1e6, 1.0, "longest gradient, as a norm"
        " (%(default)s)"), may_change=True)
    average: float = _LEARNING(real("--average", -1, 0.999999, 0.0, "measure and save a moving"
        " average of the weights that keeps this share of itself at each step, as 0.999"
        " (%(default)s: the weights themselves)"))

    dropout: float = _REGULARISERS(or_auto(share("--dropout", 0.0, "share of the numbers hidden at"
        " random while learning, against learning by heart (auto: more, the more passes over the"
        " text and the larger the model)")), on_form=FormEntry("Dropout", "by passes and size",
        "from 0 to 0.99"))
    locked_dropout: bool = _REGULARISERS(flag("--locked-dropout", "hide the same numbers at all"
        " times of a batch"))
    embedding_dropout: float = _REGULARISERS(share("--embedding-dropout", 0.0, "share of the"
        " characters that are hidden altogether for a batch (%(default)s)"))
    weight_dropout: float = _REGULARISERS(share("--weight-dropout", 0.0, "share of the recurrent"
        " weights that are hidden for a batch (%(default)s)"))
    recurrent_dropout: float = _REGULARISERS(share("--recurrent-dropout", 0.0, "share of what"
        f" would enter the memory that is kept out of it; {MASKED_IN_WORDS} (%(default)s)"))
    activation_penalty: float = _REGULARISERS(real("--activation-penalty", -1, 1e6, 0.0, "price"
        " of large outputs of the last layer, their mean square, as 2 (%(default)s)"))
    slowness_penalty: float = _REGULARISERS(real("--slowness-penalty", -1, 1e6, 0.0, "price of"
        " fast changes of them, as 1 (%(default)s)"))
    tied: bool = _REGULARISERS(flag("--tied", "use the embedding as the output weights too; needs"
        " --embedding as large as --hidden"))

    characters: int | None = _BUDGET(or_auto(amount("--characters", "characters to learn from,"
        " repeats counted: 300k, 5m (auto, if no budget is given: by the length of the text)")),
        may_change=True)
    steps: int | None = _BUDGET(amount("--steps", "updates of the weights"), may_change=True)
    epochs: float | None = _BUDGET(real("--epochs", 0, 1e9, None, "passes over the text"),
        may_change=True)
    minutes: float | None = _BUDGET(real("--minutes", 0, 1e9, None, "time"), may_change=True)
    patience: int | None = _BUDGET(whole("--patience", 1, 10_000, None, "stop early, after N"
        " evaluations without a better validation loss"), may_change=True)

    out: str | None = _RUN(text("--out", "DIR", None, "folder of the run"
        " (<corpus>-<cell>-<time> in checkpoints/)"), monitored=False)
    resume: str | None = _RUN(text("--resume", "DIR", None, "go on with the run in this folder"),
        may_change=True, monitored=False)
    start_from: str | None = _RUN(text("--from", "CHECKPOINT", None, "begin with the weights of"
        " this checkpoint or run, on another text; characters it does not know are added",
        dest="start_from"), monitored=False)
    dry_run: bool = _RUN(flag("--dry-run", "say what it would take (parameters, time, memory) and"
        " do nothing"), monitored=False)
    find_rate: bool = _RUN(flag("--find-rate", "raise the learning rate from tiny to large in a few"
        " hundred updates, draw the loss over it (with --out FILE.svg as a picture too), propose a"
        " rate, and keep no run"), monitored=False)
    evaluations: int = _RUN(whole("--evaluations", 1, 10_000, 20, "how often the validation loss"
        " is measured and the model saved, evenly over the budget (%(default)s)"),
        on_form=FormEntry("Evaluations", "{} along the way"), may_change=True)
    evaluation_characters: int = _RUN(amount("--evaluation-characters", "characters of the"
        " validation part, spread over it, that such a measurement reads at most; 0 is all of it."
        " The end measures all (100k)", default=_PER_EVALUATION, least=0), of_old=0)
    stop_exploding: bool = _RUN(flag("--stop-exploding", "end the training with exit code 1 when"
        " the validation loss is worse than guessing, or twice the best; else that is said alone"),
        may_change=True)
    keep: int = _RUN(whole("--keep", 0, 10_000, 0, "keep the N best models by validation loss, in"
        f" {KEPT}/ (%(default)s)"), may_change=True)
    texts: bool = _RUN(flag("--no-texts", "do not have every decoder write a text after each"
        " evaluation", dest="texts", action="store_false"), may_change=True, monitored=False)
    seed: int = _RUN(whole("--seed", 0, 2**63 - 1, 1, "of weights, order and dropout: the same"
        " seed gives the same run (%(default)s)"), on_form=FormEntry("Seed", "{}"))
    threads: int = _RUN(or_auto(whole("--threads", 1, 1024, None, "processor cores to use, or one"
        f" while that is faster (auto: all, at most {MOST_THREADS}; one by the loop)")),
        may_change=True)
    device: str = _RUN(text("--device", "D", CPU, "where it learns: cpu, cuda (through PyTorch),"
        " or auto: cuda where there is one (%(default)s)"), may_change=True, of_old=CPU)
    precision: str = _RUN(choice("--precision", LEARNING_PRECISIONS, FLOAT32, "of products on"
        " cuda; weights, memory, losses and all else stay float32 (%(default)s)"), may_change=True)
    sequence: str = _RUN(choice("--sequence", SEQUENCES, None, "what an update is computed by:"
        " kernels of charlm's own, the same bits on every processor and with any number of"
        f" threads; or a loop over the cell in PyTorch ({NATIVE} on the CPU, {LOOP} elsewhere)"),
        of_old=LOOP)
    debug: bool = _RUN(flag("--debug", "show a traceback when it fails"),
        may_change=True, monitored=False)
    # fmt: on


#: What there is to know of each option, by the name of its field.
OPTIONS: Mapping[str, TrainOption] = {
    each.name: each.metadata["option"] for each in fields(TrainFields)
}
