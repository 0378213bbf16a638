"""Every option of `python -m charlm.train`, by group: its default and what it means."""

from __future__ import annotations

from charlm.model.cells import CELLS
from charlm.model.config import EMBEDDING_SIZE, HIDDEN_SIZE, MAX_LAYERS, MAX_SIZE
from charlm.options.escapes import unescaped
from charlm.options.rates import FINE_TUNING_RATE, rates_in_words
from charlm.options.types import Option, amount, checked, choice, flag, real, share, text, whole
from charlm.text.config import UNITS
from charlm.text.files import ERRORS
from charlm.text.parts import DEFAULT_SPLIT, ORDERS, parse_split
from charlm.text.preparation import AUTO

SCHEDULES = ("cosine", "plateau", "constant")
#: What an optimiser takes when nothing else is said. The rate of adamw: `charlm.options.rates`.
OPTIMISERS: dict[str, dict[str, float]] = {
    "adamw": {"weight_decay": 0.05},
    "sgd": {"learning_rate": 1.0, "weight_decay": 0.0, "momentum": 0.9},
}
_MOST = 2**31 - 1
_PER_EVALUATION = 100_000


def _by_optimiser(name: str) -> str:
    return "; ".join(f"{o}: {values[name]:g}" for o, values in OPTIMISERS.items() if name in values)


# fmt: off
_TEXT = (
    text("--corpus", "PATH", None, "text files, folders of .txt files, or - for standard input,"
         " read as one text; default: the documentation inside this Python", nargs="+"),
    choice("--unit", (AUTO, *UNITS), AUTO, "what one example is: a sentence, a line, a document"
           " of several lines, or the whole text as one stream whose memory is carried on; auto"
           " looks at the text and says what it took (%(default)s)"),
    text("--separator", "TEXT", None, "what stands between two documents; \\n is a newline (a line"
         " such as --- if there is one, else an empty line)", type=unescaped),
    text("--column", "NAME", None, "of a CSV, a TSV or JSON lines: each cell of it is an example"
         " (looked for with --unit auto)"),
    text("--split", "A/B/C", str(DEFAULT_SPLIT), "percent to train on / to choose the best by /"
         " to test at the end (%(default)s)", type=checked(parse_split, str)),
    choice("--order", ORDERS, AUTO, "the parts of that split are blocks spread over the text, or"
           " contiguous; auto looks whether the order of the examples means something; whole is"
           " contiguous and divides no example (%(default)s)"),
    text("--validation", "PATH", None, "a text of its own to choose the best by, in place of a part"
         " of the corpus"),
    flag("--keep-duplicates", "learn an example as often as it occurs; else once"),
    whole("--max-length", 1, _MOST, 1000, "cut longer sentences and lines into pieces of N"
          " characters (%(default)s)"),
    choice("--case", ("keep", "lower"), "keep", "of the text, and then of every prompt: as it is,"
           " or all in lower case (%(default)s)"),
    choice("--form", ("none", "NFC"), "none", "Unicode form of the text and of every prompt; NFC"
           " makes a letter and its accent one character (%(default)s)"),
    whole("--min-count", 1, _MOST, 1, "leave out characters that occur fewer than N times"
          " (%(default)s: none)"),
    text("--suffix", "SUFFIX", None, "read the files of a folder that end so, as md py (txt)",
         nargs="+"),
    text("--encoding", "ENCODING", "utf-8", "of the corpus, where no byte order mark says it"
         " (%(default)s)"),
    choice("--errors", ERRORS, "strict", "what to do with bytes that are not in that encoding"
           " (%(default)s: stop and say where)"),
)

_MODEL = (
    choice("--cell", tuple(CELLS), "lstm", "%(default)s learns best; gru is smaller; rnn is the"
           " plain one"),
    whole("--hidden", 1, MAX_SIZE, HIDDEN_SIZE,
          "units of the memory: quality and cost grow with it,"
          " cost with its square (%(default)s)"),
    whole("--layers", 1, MAX_LAYERS, 1, "cells on top of each other (%(default)s)"),
    whole("--embedding", 1, MAX_SIZE, EMBEDDING_SIZE,
          "numbers that stand for one character (%(default)s)"),
    flag("--gru-bias", "give the GRU's gates a bias (its equations have none)"),
)

_LEARNING = (
    whole("--batch", 1, 65_536, 32, "streams read at once; sentences and lines fill batches of"
          " about batch x length characters (%(default)s)"),
    whole("--length", 1, 65_536, 64, "characters that a gradient reaches back in continuous text;"
          " the memory itself is carried on. Half of it is twice as many updates for the same"
          " characters (%(default)s)"),
    flag("--random-length", "let that length vary from batch to batch, so that the text is cut"
         " elsewhere in every pass"),
    whole("--accumulate", 1, 65_536, 1, "batches whose gradients make one update: larger batches"
          " in the same memory (%(default)s)"),
    choice("--optimiser", tuple(OPTIMISERS), "adamw", "%(default)s finds its own step for each"
           " weight; sgd wants its learning rate tuned"),
    real("--learning-rate", 0, 100, None, f"at its height (adamw: {rates_in_words((128, 384))},"
         f" {FINE_TUNING_RATE:g} with --from; {_by_optimiser('learning_rate')})"),
    real("--weight-decay", -1, 1, None, "share of each weight, times the learning rate, taken off"
         f" at an update ({_by_optimiser('weight_decay')})"),
    real("--momentum", -1, 0.9999, None, "share of the last update that the next begins with"
         f" ({_by_optimiser('momentum')})"),
    choice("--schedule", SCHEDULES, "cosine", "of the learning rate: down to 2 %% along half a"
           " cosine over the budget; halved where the validation loss stands still; or constant"
           " (%(default)s)"),
    whole("--plateau", 1, 10_000, None, "evaluations without a better validation loss after which"
          " --schedule plateau halves the rate (2)"),
    whole("--warm-up", 0, _MOST, 0, "steps in which the learning rate rises from 0 (%(default)s)"),
    real("--clip", 0, 1e6, 1.0, "longest gradient, as a norm (%(default)s)"),
    real("--average", -1, 0.999999, 0.0, "measure and save a moving average of the weights that"
         " keeps this share of itself at each step, as 0.999 (%(default)s: the weights"
         " themselves)"),
)

_REGULARISERS = (
    share("--dropout", 0.1, "share of the numbers hidden at random while learning, against"
          " learning by heart: more for many passes over a small text, 0 for one pass over a"
          " large one (%(default)s)"),
    flag("--locked-dropout", "hide the same numbers at all times of a batch"),
    share("--embedding-dropout", 0.0, "share of the characters that are hidden altogether for a"
          " batch (%(default)s)"),
    share("--weight-dropout", 0.0, "share of the recurrent weights that are hidden for a batch"
          " (%(default)s)"),
    share("--recurrent-dropout", 0.0, "share of what would enter the memory that is kept out of"
          " it; gru and lstm (%(default)s)"),
    real("--activation-penalty", -1, 1e6, 0.0, "price of large outputs of the last layer, their"
         " mean square, as 2 (%(default)s)"),
    real("--slowness-penalty", -1, 1e6, 0.0, "price of fast changes of them, as 1 (%(default)s)"),
    flag("--tied", "use the embedding as the output weights too; needs --embedding as large as"
         " --hidden"),
)

_BUDGET = (
    amount("--characters", "characters to learn from, repeats counted: 300k, 5m (5m, if no budget"
           " is given)"),
    amount("--steps", "updates of the weights"),
    real("--epochs", 0, 1e9, None, "passes over the text"),
    real("--minutes", 0, 1e9, None, "time"),
    whole("--patience", 1, 10_000, None, "stop early, after N evaluations without a better"
          " validation loss"),
)

_RUN = (
    text("--out", "DIR", None, "folder of the run (checkpoints/<corpus>-<cell>-<time>)"),
    text("--resume", "DIR", None, "go on with the run in this folder"),
    text("--from", "CHECKPOINT", None, "begin with the weights of this checkpoint or run, on"
         " another text; characters it does not know are added", dest="start_from"),
    flag("--dry-run", "say what it would take (parameters, time, memory) and do nothing"),
    whole("--evaluations", 1, 10_000, 20, "how often the validation loss is measured and the"
          " model saved, evenly over the budget (%(default)s)"),
    amount("--evaluation-characters", "characters of the validation part, spread over it, that such"
           " a measurement reads at most; 0 is all of it. The end measures all (100k)",
           default=_PER_EVALUATION, least=0),
    flag("--stop-exploding", "end the training with exit code 1 when the validation loss is worse"
         " than guessing, or twice the best; else that is said alone"),
    whole("--keep", 0, 10_000, 0, "keep the N best models by validation loss, in kept/"
          " (%(default)s)"),
    flag("--no-texts", "do not have every decoder write a text after each evaluation",
         dest="texts", action="store_false"),
    whole("--seed", 0, 2**63 - 1, 1, "of weights, order and dropout: the same seed gives the same"
          " run (%(default)s)"),
    whole("--threads", 1, 1024, 1, "processor cores to use (%(default)s; two on a busy machine"
          " can be slower than one)"),
    flag("--debug", "show a traceback when it fails"),
)
# fmt: on

#: The options by group, as --help shows them.
GROUPS: dict[str, tuple[Option, ...]] = {
    "text": _TEXT,
    "model": _MODEL,
    "learning": _LEARNING,
    "against learning by heart": _REGULARISERS,
    "budget (the first one reached ends the run)": _BUDGET,
    "run": _RUN,
}
