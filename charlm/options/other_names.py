"""What other tools call an option: char-rnn, torch-rnn, nanoGPT, textgenrnn, PyTorch's examples,
transformers' generate() and llama.cpp.

None of these names is accepted, since a value may mean something else there: an error says what
is meant here. Names stand without dashes in front, words joined by dashes.
"""

from __future__ import annotations

from collections.abc import Mapping

#: What we call it, or a sentence -> what others do. An entry that begins with a dash is an option
#: of ours, with the value that it must have where that is not the other's.
Names = Mapping[str, str]

_FIRST = "the model is the first argument: python -m charlm {} RUN"
_NO_PENALTY = "there is no penalty; --no-repeat-ngram N forbids repeats of N characters"
_NOT_HERE = "there is nothing of the kind here: leave it out"

_TRAIN: Names = {
    "--corpus FILE": "data data-dir data-path data-file dataset dataset-path input input-file"
    " input-txt input-h5 input-json file text text-file train-file train-data train-txt",
    "--out DIR": "out-dir output output-dir checkpoint-dir checkpoint-name save save-dir savefile"
    " log-dir outf run-dir run-name name",
    "--cell": "model model-type rnn-type cell-type rnn-cell type arch",
    "--hidden": "rnn-size hidden-size hidden-dim hidden-units n-hidden num-hidden nhid units"
    " num-units size state-size lstm-size gru-size d-model",
    "--layers": "num-layers n-layers n-layer nlayers rnn-layers num-rnn-layers depth",
    "--embedding": "n-embd n-embed embed embed-dim embed-size emb-size emb-dim emsize wordvec-size"
    " dim-embeddings embedding-dim embedding-size",
    "--batch": "batch-size bs bsz train-batch-size per-device-train-batch-size micro-batch-size",
    "--length": "seq-length seq-len seqlen sequence-length block-size bptt context context-length"
    " ctx-size unroll num-steps-unrolled backprop-steps chunk-len",
    "--learning-rate": "lr base-lr init-lr initial-lr alpha eta",
    "--find-rate": "lr-find find-lr lr-finder auto-lr-find lr-range-test",
    "--weight-decay": "wd l2 l2-reg",
    "--optimiser": "optim opt optimizer",
    "--schedule": "scheduler lr-scheduler lr-scheduler-type lr-schedule",
    "the rate falls to 2 % over the whole budget; --schedule says otherwise": "decay-lr lr-decay"
    " learning-rate-decay learning-rate-decay-after decay-rate lr-decay-factor lr-decay-every"
    " lr-decay-iters min-lr",
    "--warm-up": "warmup warmup-iters warmup-steps num-warmup-steps",
    "steps are counted: --warm-up N": "warmup-ratio warmup-epochs",
    "--clip": "grad-clip clip-grad clip-norm clip-grad-norm max-grad-norm gradient-clip",
    "--accumulate": "gradient-accumulation-steps grad-accum grad-accumulation accum-steps",
    "--steps": "max-iters iters iterations num-iters n-iters max-steps num-steps total-steps"
    " train-steps updates",
    "--epochs": "max-epochs num-epochs n-epochs num-train-epochs epoch nepoch",
    "--patience": "early-stopping early-stop early-stopping-patience",
    "--validation PATH": "val-file validation-file dev-file valid-file",
    "--split A/B/C": "train-frac val-frac test-frac train-size val-size test-size val-split"
    " train-split validation-split test-split",
    "how often in all it is measured and saved, evenly, is --evaluations N": "eval-interval"
    " eval-every eval-val-every eval-steps evaluate-every checkpoint-every save-every save-steps"
    " checkpoint-interval save-interval",
    "--average": "ema ema-decay",
    "--tied": "tie-weights weight-tying tie-word-embeddings",
    "--dropout": "drop dropout-rate dropout-p",
    "the share that is hidden, not the one that is kept, is --dropout P": "keep-prob",
    "--resume DIR": "init-from-run continue continue-training load reload restore resume-from"
    " resume-from-checkpoint",
    "--from CHECKPOINT": "finetune fine-tune pretrained init-weights weights base-model",
    "--minutes": "max-time time-limit hours",
    "--threads": "num-threads n-threads cores cpus num-workers workers t",
    "--seed": "random-seed rng-seed manual-seed",
    "--no-texts": "no-sample sample-every gen-epochs",
    "--keep": "save-total-limit max-to-keep keep-last",
    "--min-count": "min-freq min-frequency",
    "characters that are rarer are left out by --min-count N": "max-vocab vocab-size max-words",
    "--resume DIR, or --from CHECKPOINT on another text": "init-from",
    "--device cuda": "gpu gpuid gpu-id gpus cuda use-cuda use-gpu ngpu gpu-backend accelerator",
    "--device cpu": "cpu no-cuda no-gpu use-cpu",
    "beside the CPU there is --device cuda alone": "opencl mps rocm xpu tpu",
    "--precision bfloat16": "amp bf16 fp16 half mixed-precision autocast",
    "--precision": "dtype",
    "this learns characters alone, by recurrent cells without heads: leave it out": "n-head"
    " num-heads n-heads nhead heads word-level bidirectional rnn-bidirectional tokenizer bias",
    "TensorBoard's files are in the run's folder, always: leave it out": "wandb wandb-log"
    " wandb-project wandb-run-name tensorboard logdir",
    "python -m charlm compare trains several": "cells models budget seeds equal",
    _NOT_HERE: "compile backend accurate-gpu-timing print-every log-interval logging-steps verbose"
    " eval-iters eval-only eval-batches always-save-checkpoint beta1 beta2 batchnorm"
    " memory-benchmark speed-benchmark reset-iterations label-smoothing new-model",
}

_ENGINE: Names = {
    "--threads": "num-threads n-threads t cores cpus threads-batch",
    "--device cuda": "gpu gpuid gpu-id gpus cuda use-cuda use-gpu n-gpu-layers gpu-layers ngl"
    " gpu-backend",
    "--precision": "dtype quantize quantization load-in-8bit int8 fp16 bf16 half",
    _NOT_HERE: "ctx-size c n-ctx context context-length block-size rope-scaling flash-attn mlock"
    " no-mmap batch-size b ubatch-size compile backend verbose quiet opencl",
}

_WRITE: Names = {
    _FIRST.format("write"): "model m model-path model-name checkpoint checkpoint-path ckpt"
    " checkpoint-dir weights run out-dir init-from load save-dir",
    "--prompt": "primetext prime prime-text prime-str start start-text prefix p seed-text"
    " input-text text context-text begin starting-text",
    "--prompts FILE": "file f input input-file prompts-file",
    "--max-length": "length n-predict predict max-new-tokens max-tokens max-gen-length gen-length"
    " num-chars chars n-chars num-tokens tokens sample-length len",
    "characters are counted: --max-length N": "words num-words",
    "--min-length": "min-new-tokens min-tokens",
    "-n": "num-samples n-samples samples num-return-sequences count how-many nsamples",
    "--temperature": "temp t0 sampling-temperature diversity",
    "--top-k": "top-n",
    "--top-p": "nucleus p-nucleus",
    "--typical-p": "typical",
    "--strategy": "decoder decoding method sampler samplers sampling sample-method",
    "--strategy greedy, or --strategy sample": "sample do-sample argmax greedy max",
    "--strategy beam --width N": "beam beams num-beams beam-size beam-width n-beams beamsize",
    "--stop-rule": "early-stopping",
    "--stop": "reverse-prompt r stop-strings stop-sequence stop-string stop-sequences eos-token-id",
    "--ban": "bad-words-ids bad-words suppress-tokens logit-bias",
    "--allow": "grammar force-words-ids constraints",
    "--no-repeat-ngram": "no-repeat-ngram-size",
    "--seconds": "max-time time-limit timeout",
    "--seed": "s random-seed rng-seed",
    "--ignore-eos": "no-eos ignore-end",
    "--state FILE, or --save-state FILE to keep one": "prompt-cache session",
    "--json": "format jsonl output-format",
    "python -m charlm tui is the screen to play with": "interactive i chat conversation cnv color",
    "python -m charlm score tells it": "perplexity ppl",
    "--out FILE": "output o output-file outf save",
    _NO_PENALTY: "repeat-penalty repetition-penalty repeat-last-n presence-penalty"
    " frequency-penalty penalty-alpha dry-multiplier encoder-repetition-penalty",
    "there is nothing of the kind here; --min-p and --typical-p adapt too": "mirostat mirostat-lr"
    " mirostat-ent tfs tfs-z top-a epsilon-cutoff eta-cutoff xtc-probability xtc-threshold"
    " dynatemp-range num-beam-groups diversity-penalty",
}

_SCORE: Names = {
    _FIRST.format("score"): "model m model-path checkpoint checkpoint-path ckpt weights run"
    " out-dir load",
    "the text is the second argument: python -m charlm score RUN FILE": "file f text input"
    " input-file data data-dir data-path corpus dataset text-file perplexity prompt prompts",
    "--protocol windows --window N": "block-size context context-length stride seq-length length"
    " max-length",
    "--protocol windows --windows N": "eval-iters eval-batches num-batches",
    "--adapt": "dynamic dynamic-eval dynamic-evaluation dyneval",
    "--adapt-rate": "lr learning-rate",
    "--adapt-decay": "lamb lambda",
}

#: What a comparison decides itself, whatever a training calls it.
_COMPARE: Names = {
    "--cells": "models model-types rnn-types " + _TRAIN["--cell"],
    "--seeds": "runs repeats n-seeds num-seeds trials " + _TRAIN["--seed"],
    "--budget": " ".join(("time", *map(_TRAIN.__getitem__, ("--steps", "--epochs", "--minutes")))),
    "--equal": "match same",
    "each cell has its own rate; python -m charlm.train finds one": _TRAIN["--find-rate"],
    "the same command goes on, always with models of its own": " ".join(
        ours for option, ours in _TRAIN.items() if option.startswith(("--resume", "--from"))
    ),
}

_INFO: Names = {_FIRST.format("info"): "model m checkpoint ckpt run file f"}
_TUI: Names = {
    "the model is the first argument: python -m charlm tui RUN": "model m model-path checkpoint"
    " checkpoint-path ckpt weights run load"
}

_TABLES: Mapping[str, tuple[Names, ...]] = {
    "train": (_TRAIN,),
    "compare": (_COMPARE, _TRAIN),
    "write": (_WRITE, _ENGINE),
    "score": (_SCORE, _ENGINE),
    "info": (_INFO,),
    "tui": (_TUI,),
}

#: What others call our commands.
_COMMANDS: Names = {
    "write": "sample generate gen predict complete run main cli decode",
    "score": "eval evaluate perplexity ppl test",
    "train": "learn fit finetune fine-tune preprocess prepare",
    "info": "show describe inspect stats",
    "rename": "mv move name",
    "compare": "benchmark sweep",
    "tui": "screen ui gui play interactive chat open",
}


def plain_name(option: str) -> str:
    """An option's name as it stands here: --n_layer=3 is n-layer."""
    return option.split("=")[0].lstrip("-").replace("_", "-").lower()


def meaning(command: str, option: str) -> str:
    """What an option of other tools is here, as the end of a sentence; "" where it is unknown."""
    for names in _TABLES.get(command, ()):
        if ours := _found(names, plain_name(option)):
            return f" is {ours} here" if ours.startswith("-") else f": {ours}"
    return ""


def command_meant(word: str) -> str:
    """The command of ours that others call so; "" where there is none."""
    return _found(_COMMANDS, plain_name(word))


def _found(names: Names, name: str) -> str:
    return next((ours for ours, theirs in names.items() if name in theirs.split()), "")
