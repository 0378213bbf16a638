"""The command line as a user meets it: what is printed where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Result, command, refused
from models import MakeRun
from root import ROOT

from charlm.cli.main import main
from charlm.decoding import STRATEGIES, Limits, Sampling, strategy_named
from charlm.dice import name_of, spelled
from charlm.engine.engine import ENGINE_FORMAT, Engine
from charlm.run.checkpoint import load_checkpoint
from charlm.run.places import RUNS, find_run


@pytest.mark.parametrize("strategy", ["greedy", "sample", "nucleus"])
def test_write_prints_the_prompt_and_what_the_engine_writes(
    charlm: Call, run: Path, strategy: str
) -> None:
    expected = Engine.load(run).write("the ", strategy_named(strategy), max_length=300, seed=3)
    arguments = ["--prompt", "the ", "--strategy", strategy, "--max-length", 300, "--seed", 3]
    result = charlm("write", run, *arguments)
    end = "" if expected.text.endswith("\n") else "\n"
    assert result == (0, "the " + expected.text + end, "")


def test_write_takes_a_file_and_a_folder(charlm: Call, run: Path) -> None:
    arguments = ["--prompt", "a", "--max-length", "20"]
    by_file = charlm("write", run / "model.safetensors", *arguments)
    assert by_file.code == 0 and by_file == charlm("write", run, *arguments)


def test_options_reach_the_strategy(charlm: Call, run: Path) -> None:
    options = {"temperature": 0.7, "top_k": 5, "top_p": 0.9, "min_p": 0.01}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    arguments = ["--prompt", "a", "--strategy", "sample", "--max-length", 50, "--json"]
    record = json.loads(charlm("write", run, *arguments, *flags).out)
    assert record["options"] == asdict(Sampling()) | options
    strategy = strategy_named("sample", options)
    assert record["text"] == Engine.load(run).write("a", strategy, max_length=50).text


def test_int8_is_asked_for_by_its_name(charlm: Call, run: Path, tmp_path: Path) -> None:
    engine, text = Engine.load(run, precision="int8"), tmp_path / "text"
    arguments = ["--prompt", "a", "--max-length", 50, "--precision", "int8"]
    expected = engine.write("a", max_length=50)
    assert charlm("write", run, *arguments).out.removesuffix("\n") == "a" + expected.text
    record = json.loads(charlm("write", run, *arguments, "--json").out)
    assert (record["precision"], record["log_prob"]) == ("int8", expected.log_prob)
    text.write_text("what is it?")
    scored = json.loads(charlm("score", run, text, "--precision", "int8", "--json").out)
    assert (scored["precision"], scored["loss"]) == ("int8", engine.score("what is it?").loss)
    assert json.loads(charlm("score", run, text, "--json").out)["loss"] != scored["loss"]
    refused(
        charlm("score", run, text, "--precision", "int4"),
        "'int4'",
        "is not one of float32, int8: did you mean int8?",
    )
    on_torch = charlm("write", run, *arguments, "--device", "torch-cpu")
    refused(on_torch, "precision int8 runs on the CPU alone")
    state = tmp_path / "state"
    charlm("write", run, *arguments, "--save-state", state)
    assert charlm("write", run, "--state", state, "--precision", "int8").code == 0
    refused(charlm("write", run, "--state", state), "of precision int8, not float32")
    refused(charlm("write", run, "--from", text, "--precision", "int8"), "--precision does not go")


def test_json_is_a_receipt(charlm: Call, run: Path) -> None:
    result = charlm("write", run, "--prompt", "a", "-n", 2, "--seed", 9, "--json")
    records = [json.loads(line) for line in result.out.splitlines()]
    completions = Engine.load(run).write_many(["a"], n=2, seed=9)[0]
    assert len(records) == 2
    for sample, (record, completion) in enumerate(zip(records, completions, strict=True)):
        assert record == {
            "identity": load_checkpoint(run).identity,
            "engine_format": ENGINE_FORMAT,
            "precision": "float32",
            "device": "cpu",
            "strategy": "nucleus",
            "options": asdict(Sampling(top_p=0.95)),
            "limits": asdict(Limits()) | {"stop": []},
            "seed": 9,
            "dice": spelled(name_of(Engine.load(run).prompt_as_fed("a").ids)),
            "sample": sample,
            "prompt": "a",
            "text": completion.text,
            "log_prob": completion.log_prob,
            "score": completion.score,
            "length": completion.length,
            "end": "length",
        }


def test_dice_are_those_of_the_prompt_shared_or_named(charlm: Call, run: Path) -> None:
    engine = Engine.load(run)
    call = ["write", run, "--prompt", "a", "--strategy", "sample", "--json", "--max-length", 40]
    own = spelled(engine.prompt_as_fed("a").dice)
    records = {}
    for word, name in (("prompt", own), ("shared", "0" * 16), ("00000000000000ff",) * 2):
        records[word] = json.loads(charlm(*call, "--dice", word).out)
        assert records[word]["dice"] == name
        text = engine.write("a", Sampling(), dice=word, max_length=40).text
        assert records[word]["text"] == text
        assert charlm(*call, "--dice", name).out == json.dumps(records[word]) + "\n"
    assert len({record["text"] for record in records.values()}) == 3
    assert charlm(*call).out == charlm(*call, "--dice", "prompt").out
    for word in ("", "xyz", "Shared", "F" * 16, "0x1", "\x1b[2J"):
        refused(charlm(*call, "--dice", word), "dice", "prompt, shared or a name")
    refused(charlm("write", run, "--from", "-", "--dice", "shared"), "--dice does not go with")


@pytest.mark.parametrize("strategy", ["sample", "nucleus-beam", "greedy"])
def test_a_prompt_that_comes_again_has_the_next_dice(
    charlm: Call, run: Path, tmp_path: Path, strategy: str
) -> None:
    """Whatever stands between, and the last text of a list is the one of its index alone."""
    openings = tmp_path / "openings.txt"
    openings.write_text("one\ntwo\none\n\none\n")
    call = ["--strategy", strategy, "-n", 2, "--max-length", 20, "--json"]
    lines = charlm("write", run, "--prompts", openings, *call).out.splitlines()
    records = [json.loads(line) for line in lines]
    places = [(r["prompt"], r["sample"], r.get("rank")) for r in records if r["prompt"] == "one"]
    if strategy == "nucleus-beam":
        assert places == [("one", i, rank) for i in range(3) for rank in range(2)]
    else:
        assert places == [("one", i, None) for i in range(6)]
    assert next(r["sample"] for r in records if r["prompt"] == "two") == 0
    texts = [r["text"] for r in records if r["prompt"] == "one"]
    assert (len(set(texts[::2])) == 3) == (strategy != "greedy")
    named = strategy_named(strategy)
    session = Engine.load(run).start(["one"], named, n=2, first_sample=places[-2][1], max_length=20)
    while not session.done:
        session.advance(20)
    assert [c.text for c in session.completions()[0]] == texts[-2:]


def test_several_prompts_and_samples_stand_apart(charlm: Call, run: Path, tmp_path: Path) -> None:
    openings = tmp_path / "openings.txt"
    openings.write_text("one\r\n\ntwo\n")
    result = charlm("write", run, "--prompts", openings, "-n", 2, "--max-length", 3, "--json")
    prompts = [json.loads(line)["prompt"] for line in result.out.splitlines()]
    assert prompts == ["one", "one", "", "", "two", "two"]
    plain = charlm("write", run, "--prompts", openings, "--max-length", 0)
    assert plain == (0, "one\n\n\ntwo\n", "")


@pytest.mark.parametrize("strategy", ["beam", "nucleus-beam"])
def test_a_beam_prints_its_best_with_scores(charlm: Call, make_run: MakeRun, strategy: str) -> None:
    run = make_run(unit="sentence", end=2.0)
    arguments = ["--prompt", "a", "--strategy", strategy, "--width", 4, "--max-length", 30]
    best = Engine.load(run).write_many(
        ["a"], strategy_named(strategy, {"width": 4}), n=3, max_length=30
    )[0]
    result = charlm("write", run, *arguments)
    entries = result.out.removesuffix("\n").split("\n\n")
    assert len(entries) == len(best) == 3
    for rank, (entry, completion) in enumerate(zip(entries, best, strict=True), start=1):
        heading, text = entry.split("\n", 1)
        assert heading.startswith(f"{rank}. score {completion.score:.4f}, log_prob ")
        assert text.rstrip("\n") == ("a" + completion.text).rstrip("\n")
    alone = charlm("write", run, *arguments, "-n", 1)
    assert alone.out.rstrip("\n") == ("a" + best[0].text).rstrip("\n")
    assert charlm("write", run, *arguments, "-n", 2, "--json").out.count('"score"') == 2


def test_a_narrow_beam_has_no_more_than_its_width(charlm: Call, run: Path) -> None:
    arguments = ["--prompt", "a", "--strategy", "beam", "--max-length", 5, "--json"]
    assert charlm("write", run, *arguments, "--width", 2).out.count("\n") == 2
    refused(charlm("write", run, *arguments, "--width", 2, "-n", 3), "width 2")


def test_prompts_come_from_standard_input_too(run: Path) -> None:
    arguments = command("write", run, "--prompt", "-", "--max-length", 0)
    done = subprocess.run(arguments, input=b"one\ntw\xc3\xa9o", capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"one\n\ntw\xc3\xa9o\n", b"")
    nothing = subprocess.run(arguments, input=b"", capture_output=True, cwd=ROOT)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, b"", b"")


def test_unknown_characters_stop_or_are_told(charlm: Call, run: Path) -> None:
    arguments = ["write", run, "--prompt", "Aß", "--max-length", 0]
    refused(charlm(*arguments), "'A'", "U+0041", "position 0")
    for unknown, left in ("skip", ""), ("map", "a\n"):
        result = charlm(*arguments, "--unknown", unknown)
        assert (result.code, result.out) == (0, left)
        first, second = result.err.splitlines()
        assert first.startswith("charlm: ") and "'A'" in first
        assert second.startswith("charlm: ") and "'ß'" in second


BAD = [
    ("--temperature=", "-1", "0.01 to 100"),
    ("--temperature=", "1e-30", "0.01 to 100"),
    ("--temperature=", "inf", "0.01 to 100"),
    ("--temperature=", "nan", "0.01 to 100"),
    ("--top-p=", "0", "above 0 and at most 1"),
    ("--top-p=", "-0.1", "above 0 and at most 1"),
    ("--top-p=", "1.1", "above 0 and at most 1"),
    ("--top-p=", "nan", "above 0 and at most 1"),
    ("--top-k=", "-1", "0 to"),
    ("--top-k=", "many", "invalid int value"),
    ("--min-p=", "1", "1 excluded"),
    ("--max-length=", "-1", "--max-length is -1"),
    ("--seed=", "-1", "seed"),
    ("--seed=", str(2**64), "seed"),
    ("-n", "0", "n is 0"),
    ("--threads=", "0", "threads"),
    ("--width=", "3", "--width does not belong to strategy sample"),
    ("--topk=", "3", "did you mean --top-k?"),
    ("--penalty=", "3", "did you mean --length-penalty?"),
    ("--length=", "3", "--length is --max-length here"),
    ("-temp=", "3", "-temp is --temperature here"),
    ("", " ", "unrecognized argument ' ': put quotes around a prompt"),
    ("--typical-p=", "0", "above 0 and at most 1"),
    ("--no-repeat-ngram=", "-1", "0 to"),
    ("--allow=", "Ω", "no character"),
    ("--stop=", "Ω", "'Ω' (U+03A9) at position 0 of the stop"),
    ("--stop=", "", "empty"),
    ("--min-length=", "401", "--min-length is 401"),
    ("--seconds=", "0", "above 0"),
    ("--details=", "3", "--details needs --json"),
    ("--from=", "nowhere.jsonl", "not allowed with"),
    ("--state=", "nowhere.state", "prompt state nowhere.state does not exist"),
]


@pytest.mark.parametrize("option, value, said", BAD)
def test_a_bad_option_is_refused(
    charlm: Call, run: Path, option: str, value: str, said: str
) -> None:
    arguments = ["--prompt", "a", "--strategy", "sample", f"{option}{value}"]
    refused(charlm("write", run, *arguments), said)


@pytest.mark.parametrize("width", ["0", "-1", "131073"])
def test_a_bad_width_is_refused(charlm: Call, run: Path, width: str) -> None:
    arguments = ["--prompt", "a", "--strategy", "beam", f"--width={width}"]
    refused(charlm("write", run, *arguments), "1 to 131,072")


def test_every_option_foreign_to_a_strategy_is_refused(charlm: Call, run: Path) -> None:
    options = {f.name: f.default for preset in STRATEGIES.values() for f in fields(preset)}
    tried = 0
    for name, preset in STRATEGIES.items():
        for option in options.keys() - {f.name for f in fields(preset)}:
            flag = f"--{option.replace('_', '-')}={options[option]}"
            result = charlm("write", run, "--prompt", "a", "--strategy", name, flag)
            refused(result, f"does not belong to strategy {name}")
            tried += 1
    assert tried > 10


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "COMMAND"),
        (["wrte"], "there is no command wrte: did you mean write?"),
        (["write", "RUN"], "--prompt --prompts"),
        (["write", "RUN", "--from", "a", "--seed", "1"], "--seed does not go with --from"),
        (["write", "RUN", "--from", "a", "-n", "1"], "-n does not go with --from"),
        (["write", "--from", "a", "--unknown", "skip"], "--unknown does not go with --from"),
        (["write", "RUN", "--from", "nowhere"], "file of records nowhere does not exist"),
        (["write", "RUN", "--prompt", "a", "-n", "2", "--save-state", "x"], "of one text"),
        (["write", "RUN", "--prompt", "a", "--save-state", ""], "needs the name of a file"),
        (["write", "RUN", "--prompt", "a", "--save-state", "/no/x"], "/no/x cannot be written"),
        (["write", "RUN", "--prompt", "a", "--save-state", "/"], "Is a directory"),
        (["write", "--prompt", "a"], "CHECKPOINT"),
        (["write", "RUN", "--prompt", "a", "--prompts", "b"], "not allowed with"),
        (["write", "no\nwhere\x1b", "--prompt", "a"], r"no run 'no\nwhere\x1b' under checkpoints"),
        (["write", "RUN", "--prompt", "-a"], "as in --prompt=-"),
        (["write", "RUN", "--prompts", "nowhere.txt"], "prompts nowhere.txt does not exist"),
        (["score", "RUN", "nowhere.txt"], "text nowhere.txt does not exist"),
        (["info", "nowhere"], "no run 'nowhere' under checkpoints"),
        (["info", "RUN", "more"], "unrecognized argument 'more'"),
    ],
)
def test_a_wrong_call_is_refused(charlm: Call, run: Path, arguments: list[str], said: str) -> None:
    refused(charlm(*(str(run) if a == "RUN" else a for a in arguments)), said)


def test_files_that_are_not_text_or_not_checkpoints_are_refused(
    charlm: Call, run: Path, tmp_path: Path
) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"one\ncaf\xe9\n")
    refused(charlm("write", run, "--prompts", latin), "0xe9 at offset 7, line 2")
    refused(charlm("score", run, latin), "offset 7, line 2", "--encoding")
    assert charlm("score", run, latin, "--encoding", "cp1252").code == 0
    refused(charlm("write", latin, "--prompt", "a"), "latin.txt")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((run / "model.safetensors").read_bytes()[:-5])
    refused(charlm("info", cut), "incomplete file")


def test_debug_shows_the_traceback(charlm: Call) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        charlm("info", "nowhere", "--debug")


def test_score_says_what_the_engine_says(charlm: Call, run: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes("\ufeffwhat is a café?\r\nno one knows.".encode())
    expected = Engine.load(run).score("what is a café?\nno one knows.")
    values = json.loads(charlm("score", run, text, "--json").out)
    assert values == {
        "checkpoint": load_checkpoint(run).sha256,
        "precision": "float32",
        "device": "cpu",
        "loss": expected.loss,
        "bpc": expected.bpc,
        "perplexity": expected.perplexity,
        "characters": expected.count,
    }
    shown = charlm("score", run, text).out.split()
    assert f"{expected.loss:.4f}" in shown and str(expected.count) in shown


def test_info_tells_what_a_checkpoint_holds(charlm: Call, make_run: MakeRun) -> None:
    run = make_run(cell="gru", characters="ab\x1b\u202e", layers=2)
    checkpoint = load_checkpoint(run)
    shown = charlm("info", run).out
    for words in ("GRU, 2 layers of 24, no bias", "␛ab\\u202e", "1.5000 nats", checkpoint.sha256):
        assert words in shown
    values = json.loads(charlm("info", run, "--json").out)
    assert values["vocabulary"] == "\x1bab\u202e"
    assert values["parameters"] == checkpoint.config.parameter_count
    assert values["metrics"] == dict(checkpoint.metrics)


def test_help_names_every_option_with_its_strategies(
    charlm: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["write", "--help"])
    assert stop.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for preset in STRATEGIES.values():
        for option in fields(preset):
            assert "--" + option.name.replace("_", "-") in shown
    assert "[sample: 1, nucleus: 0.95, nucleus-beam: 0.95]" in shown


def test_a_pipe_gets_raw_text_and_may_close(make_run: MakeRun) -> None:
    run = make_run(characters="\x1b")
    arguments = command("write", run, "--prompt", "", "--max-length", 50)
    done = subprocess.run(arguments, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\x1b" * 50 + b"\n", b"")
    arguments = command("write", run, "--prompt", "", "--max-length", 2**31 - 1)
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.read(10) == b"\x1b" * 10
        process.stdout.close()
        assert (process.wait(20), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize("options", [[], ["--json"], ["--strategy", "beam"]])
def test_a_closed_standard_output_is_no_error(run: Path, options: list[str]) -> None:
    arguments = command("write", run, "--prompt", "", "--max-length", 5, *options)
    assert in_shell(arguments, ">&-") == (0, "", "")


def test_a_closed_standard_error_leaves_standard_output_alone(run: Path) -> None:
    assert in_shell(command("info", run / "nowhere"), "2>&-") == (2, "", "")


@pytest.mark.parametrize("arguments", [["write", "RUN", "--prompt", "-"], ["score", "RUN", "-"]])
def test_a_closed_standard_input_is_named(run: Path, arguments: list[str]) -> None:
    words = [str(run) if a == "RUN" else a for a in arguments]
    refused(in_shell(command(*words), "<&-"), "standard input is closed")


def test_what_a_stream_cannot_encode_is_shown_escaped(make_run: MakeRun) -> None:
    run = make_run(characters="a\u2026")
    result = in_shell(command("info", run), "", PYTHONIOENCODING="ascii")
    assert (result.code, result.err) == (0, "")
    assert "PAD and EOS: a\\u2026\n" in result.out


def in_shell(arguments: list[str], redirection: str, **environment: str) -> Result:
    """A command with its streams redirected as a shell does it."""
    done = subprocess.run(
        f"{shlex.join(arguments)} {redirection}",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_a_terminal_sees_no_control_character(make_run: MakeRun) -> None:
    run = make_run(characters="\x1b\x9b\u202e\ud800")
    out = on_terminal(command("write", run, "--prompt", "", "-n", "2", "--max-length", "40"))
    assert out.count("\x1b") == 4  # the two dim headings
    assert "sample 2" in out and "␛" in out
    assert not {"\x9b", "\u202e"} & set(out)


def on_terminal(arguments: list[str]) -> str:
    """What a command prints on a terminal of its own."""
    parent, child = pty.openpty()
    with subprocess.Popen(arguments, stdout=child, stderr=child, cwd=ROOT) as process:
        os.close(child)
        data = b""
        while chunk := read_some(parent):
            data += chunk
    os.close(parent)
    assert process.returncode == 0, data
    return data.decode()


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end of a terminal has closed
        return b""


@pytest.mark.parametrize("strategy", ["nucleus", "beam"])
def test_ctrl_c_ends_with_130_and_no_traceback(run: Path, strategy: str) -> None:
    arguments = command("write", run, "--prompt", "A", "--unknown", "skip")
    with subprocess.Popen(
        [*arguments, "--strategy", strategy, "--max-length", str(2**31 - 1)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stderr
        process.stderr.readline()  # the notice about "A": it begins to write
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, b"")


def test_train_has_the_help_of_the_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    assert "--corpus" in capsys.readouterr().out


def test_training_without_torch_says_what_to_install(
    charlm: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        assert name == "torch"

    monkeypatch.setattr("charlm.cli.commands.find_spec", missing)
    result = charlm("train")
    assert (result.code, result.out) == (1, "")
    assert "pip install torch tensorboard" in result.err


def test_a_run_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One's own run of that name comes before a shipped one, a file that is there before both."""
    monkeypatch.chdir(tmp_path)
    assert main(["info", "speeches"]) == 0
    assert "GRU" in capsys.readouterr().out.upper()
    own = RUNS / "speeches"
    own.mkdir(parents=True)
    assert find_run(Path("speeches")) == own
    Path("speeches").touch()
    assert find_run(Path("speeches")) == Path("speeches")
    assert find_run(Path("x" * 5000)) == Path("x" * 5000)
