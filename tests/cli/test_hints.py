"""What is said of a word that charlm does not know, and that another tool, or a person, means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charlm import CheckpointError, Engine
from charlm.cli.commands import COMMANDS
from charlm.cli.main import _all_options, main
from charlm.compare.options import _DECIDED
from charlm.errors import InputError
from charlm.options.other_names import _COMMANDS, _TABLES, command_meant, meaning
from charlm.run.places import SHIPPED_RUNS


def said(*arguments: str) -> str:
    """The message of a call that is refused."""
    with pytest.raises(InputError) as raised:
        main([*arguments])
    assert raised.value.typed.count("\n") == 0
    return raised.value.typed


@pytest.mark.parametrize(
    "call, hint",
    [
        # char-rnn, torch-rnn
        ("train --lr 0.01", "--lr is --learning-rate here"),
        ("train -rnn_size 512", "-rnn_size is --hidden here"),
        ("train -num_layers 2", "-num_layers is --layers here"),
        ("train -seq_length 50", "-seq_length is --length here"),
        ("train -data_dir data", "-data_dir is --corpus FILE here"),
        ("train -gpuid -1", "-gpuid is --device cuda here"),
        ("write RUN -primetext a", "-primetext is --prompt here"),
        ("write RUN -length 2000", "-length is --max-length here"),
        ("write -checkpoint cv/checkpoint_10.t7", "the model is the first argument"),
        ("write RUN -gpu 0", "-gpu is --device cuda here"),
        # nanoGPT
        ("train --batch_size=12", "--batch_size is --batch here"),
        ("train --max_iters=2000", "--max_iters is --steps here"),
        ("train --block_size=64 --n_layer=4", "--block_size is --length here"),
        ("train --n_embd 128", "--n_embd is --embedding here"),
        ("train --n_head=4", "cells without heads"),
        (
            "train --eval_interval=250",
            "how often in all it is measured and saved, evenly, is --eval",
        ),
        ("train --keep_prob 0.9", "not the one that is kept, is --dropout P"),
        ("train --init_from=resume", "is --resume DIR, or --from CHECKPOINT"),
        ("train --dtype=bfloat16", "--dtype is --precision here"),
        ("train --weight_decay=0.1", "--weight_decay is --weight-decay here"),
        ("write RUN --num_samples=3", "--num_samples is -n here"),
        ("write --out_dir=out", "the model is the first argument"),
        ("write RUN --max_new_tokens=5", "--max_new_tokens is --max-length here"),
        # textgenrnn
        ("train --num_epochs 3", "--num_epochs is --epochs here"),
        ("train --dim_embeddings 100", "--dim_embeddings is --embedding here"),
        ("write RUN --max_gen_length 3", "--max_gen_length is --max-length here"),
        # generate()
        ("write RUN --top_k 40", "--top_k is --top-k here"),
        ("write RUN --num_beams 4", "--num_beams is --strategy beam --width N here"),
        ("write RUN --do_sample", "--do_sample is --strategy greedy, or --strategy sample here"),
        ("write RUN --no_repeat_ngram_size 3", "is --no-repeat-ngram here"),
        ("write RUN --repetition_penalty 1.2", "there is no penalty; --no-repeat-ngram"),
        ("train --per_device_train_batch_size 8", "is --batch here"),
        # llama.cpp
        ("write -m model.gguf", "the model is the first argument"),
        ("write RUN -p hello", "-p is --prompt here"),
        ("write RUN --temp 0.8", "--temp is --temperature here"),
        ("write RUN --n-predict 100", "--n-predict is --max-length here"),
        ("write RUN --repeat-penalty 1.1", "there is no penalty"),
        ("write RUN -ngl 99", "-ngl is --device cuda here"),
        ("write RUN --ctx-size 512", "leave it out"),
        ("write RUN -num_samples 4", "-num_samples is -n here"),  # not -n um_samples
        # the other commands
        ("score RUN --input x.txt", "the text is the second argument"),
        ("score RUN x.txt --gpu 0", "--gpu is --device cuda here"),
        ("compare --lr 0.01", "--lr is --learning-rate here"),
        ("train --gpu 0", "--gpu is --device cuda here"),
        ("train --cuda", "--cuda is --device cuda here"),
        ("train --no-cuda", "--no-cuda is --device cpu here"),
        ("train --fp16", "--fp16 is --precision bfloat16 here"),
        ("compare --gpu", "--gpu is --device cuda here"),
        ("compare --models lstm,gru", "--models is --cells here"),
        ("compare --max_iters 100", "--max_iters is --budget here"),
        ("info --checkpoint x", "the model is the first argument"),
    ],
)
def test_what_other_tools_call_an_option_is_understood(call: str, hint: str) -> None:
    assert hint in said(*call.split())


@pytest.mark.parametrize(
    "call, hint",
    [
        ("train --prompt a", "--prompt is an option of python -m charlm write, not of this"),
        ("train --top-k 3", "--top-k is an option of python -m charlm write, not of this"),
        ("compare --temperature 1", "--temperature is an option of python -m charlm write"),
        ("write RUN --epochs 3", "--epochs is an option of python -m charlm train, not of this"),
        ("write RUN --hidden_size 3", "an option of python -m charlm train and compare, not"),
        ("score RUN x --top-p 1", "--top-p is an option of python -m charlm write"),
        ("train --cells gru,lstm", "python -m charlm compare trains several"),
        ("--corpus my.txt", "--corpus is an option of python -m charlm train and compare"),
    ],
)
def test_an_option_of_another_command_names_that(call: str, hint: str) -> None:
    assert hint in said(*call.split())


@pytest.mark.parametrize(
    "call, message",
    [
        ("train --gpux 0", "there is no option --gpux (see python -m charlm.train --help)"),
        ("train --hiden 3", "there is no option --hiden: did you mean --hidden?"),
        (
            "train --cell lstn",
            "'lstn' is not one of rnn, gru, lstm, mingru, minlstm: did you mean lstm?",
        ),
        ("write RUN --strategy beem", "did you mean beam?"),
        ("train -hidden 3", "-hidden is --hidden here"),  # not -h, help
    ],
)
def test_a_guess_is_near_or_none(call: str, message: str) -> None:
    assert message in said(*call.split())


@pytest.mark.parametrize(
    "arguments, hint",
    [
        (["write", "RUN", "Once upon"], "a prompt is given as --prompt 'Once upon'"),
        (["write", "RUN", "it's"], "--prompt 'it'\"'\"'s'"),
        (["train", "my.txt"], "a text to learn is given as --corpus my.txt"),
        (["compare", "my text.txt"], "a text to learn is given as --corpus 'my text.txt'"),
        (["writ"], "there is no command writ: did you mean write?"),
        (["trian", "--corpus", "x"], "there is no command trian: did you mean train?"),
        (["sample", "RUN"], "there is no command sample: it is write here"),
        (["my.txt"], "to learn a text: python -m charlm train --corpus my.txt"),
        (["shakspeare"], "did you mean the model shakespeare: python -m charlm write shakespeare"),
        (["Makefile"], "to learn a text: python -m charlm train --corpus Makefile"),
        (["help"], "there is no command help (see python -m charlm --help)"),
        ([""], "there is no command '' (see python -m charlm --help)"),
        (
            ["write", "RUN", "--prompt", "The", "king"],
            "put quotes around a prompt of several words: --prompt 'The king' (see",
        ),
        (["write", "--prompt", "The", "old", "king", "RUN"], "put quotes around a prompt"),
        (["write", "RUN", "--prompt", "The", "king", "--jsn"], "did you mean --json?"),
        # a dash that a web page or a word processor made
        (
            ["write", "RUN", "–prompt", "The king"],
            "–prompt begins with a dash that is none: type --prompt (see",
        ),
        (["write", "–prompt", "a"], "–prompt begins with a dash that is none: type --prompt"),
        (["write", "RUN", "--prompt", "a", "—json"], "—json begins with a dash"),
        (
            ["write", "RUN", "--prompt", "a", "−n", "3"],
            "−n begins with a dash that is none: type -n",
        ),
        (["write", "RUN", "--prompt", "a", "‑‑max-lenth=3"], "type --max-lenth"),
        (["score", "RUN", "my.txt", "–json"], "type --json"),
        (["score", "RUN", "–json"], "type --json"),
        (["score", "RUN", "my.txt", "–jsn"], "type --jsn"),
        (["write", "RUN", "-–prompt", "a"], "type --prompt"),
        (["write", "RUN", "– No, he said."], "a prompt is given as --prompt '– No, he said.'"),
        (["write", "RUN", "—No, he said."], "a prompt is given as --prompt '—No, he said.'"),
        (["train", "–corpus", "my.txt"], "type --corpus"),
        (["compare", "–cells=gru"], "–cells begins with a dash that is none: type --cells"),
        (["–version"], "–version begins with a dash that is none: type --version"),
        (["shakespeare"], "to write with a model: python -m charlm write shakespeare"),
        (["info", "RUN", "b"], "unrecognized argument 'b'"),
    ],
)
def test_a_word_that_stands_alone_is_told_its_place(arguments: list[str], hint: str) -> None:
    assert hint in said(*arguments)


def test_a_word_without_bound_is_cut() -> None:
    for call in (["write", "x" * 9000, "--prompt", "a"], ["write", "x/" * 4000, "--prompt", "a"],
                 ["score", "shakespeare", "x" * 9000], ["score", "shakespeare", "x/" * 900],
                 ["x" * 9000], ["write", "RUN", "--prompt", "a", "x" * 9000]):  # fmt: skip
        assert len(said(*call)) < 300


def test_a_value_that_looks_like_an_option_is_still_a_value() -> None:
    assert "no run 'RUN'" in said("write", "RUN", "--prompt", "–json")
    assert "as in --prompt=-" in said("write", "RUN", "--prompt", "-nothing")


@pytest.mark.parametrize(
    "arguments",
    [
        ["write", "shakespear", "--prompt", "a"],
        ["info", "shakespear"],
        ["score", "shakespear", __file__],
        ["train", "--from", "shakespear"],
        ["train", "--resume", "shakespear"],
    ],
)
def test_a_misspelt_run_is_told_the_nearest(arguments: list[str]) -> None:
    assert said(*arguments) == "no run 'shakespear' under checkpoints: did you mean shakespeare?"


def test_a_misspelt_run_in_python_and_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the shipped runs are known everywhere, one's own below it
    with pytest.raises(CheckpointError, match="did you mean speeches"):
        Engine.load("speechs")
    with pytest.raises(CheckpointError, match="give a run's name, its folder"):
        Engine.load("nothing-like-it")
    (tmp_path / "checkpoints" / "ändern").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="under checkpoints: did you mean ändern"):
        Engine.load("andern")
    for odd in ("a\0b", "x" * 5000, "a\0b/c"):  # what no file system takes
        with pytest.raises(CheckpointError):
            Engine.load(odd)
    near = SHIPPED_RUNS / "shakespere"
    with pytest.raises(CheckpointError, match=f"did you mean {SHIPPED_RUNS / 'shakespeare'}"):
        Engine.load(near)


def test_what_is_proposed_exists() -> None:
    """Every option and command that a table names, in the command it is said of."""
    known = _all_options()
    for command, tables in _TABLES.items():
        for names in tables if command != "compare" else tables[:1]:
            for ours in names:
                options = re.findall(r"(?<![\w-])--?[a-z][\w-]*", ours.replace("python -m", ""))
                assert set(options) <= {*known.get(command, ())}, (command, ours)
                commands = re.findall(r"python -m charlm ([a-z]+)", ours)
                assert set(commands) <= COMMANDS.keys()
    assert _COMMANDS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", " ".join(_TABLES["train"][0].values()).split())
def test_a_comparison_proposes_nothing_that_it_refuses(name: str) -> None:
    proposed = re.findall(r"--[a-z][\w-]*", meaning("compare", name))
    assert not {*proposed} & _DECIDED.keys()


def test_a_name_means_one_thing_and_is_not_ours() -> None:
    known = _all_options()
    for command, tables in _TABLES.items():
        for names in tables:
            words = " ".join(names.values()).split()
            twice = {word for word in words if words.count(word) > 1}
            assert not twice, (command, twice)
            assert all(word == word.lower() and "_" not in word for word in words)
            # A name of ours never gets as far as the table.
            if command != "compare":
                assert not {f"--{word}" for word in words} & {*known.get(command, ())}
    assert not {*" ".join(_COMMANDS.values()).split()} & COMMANDS.keys()


def test_names_are_found_however_they_are_written() -> None:
    assert meaning("train", "--LR=3") == meaning("train", "-lr") == " is --learning-rate here"
    assert meaning("train", "--unheard-of") == meaning("nothing", "--lr") == ""
    assert (command_meant("evaluate"), command_meant("juggle")) == ("score", "")
