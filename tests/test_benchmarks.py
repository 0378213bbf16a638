"""The benchmarks run, compare writers that do the same work, and write down what they measured."""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from root import ROOT

from benchmarks import rates
from benchmarks.dice import Share, measure, part_before, same_part
from benchmarks.learners.torch_learners import STEPS, AroundLayer, Loop
from benchmarks.models import Size, V, products, random_checkpoint, weight_count
from benchmarks.peers.charlm_engine import EnginePeer
from benchmarks.record import record
from benchmarks.tables import Table, judged, write_json
from charlm.decoding import Sampling
from charlm.engine.engine import Engine
from charlm.text.vocabulary import EOS, PAD
from charlm.train.loss import masked_cross_entropy

GREEDY = 1e-6  # a nucleus that holds the best character alone
PEERS = [
    "torch_eager",
    pytest.param("torch_layer", marks=pytest.mark.long),
    pytest.param("onnx_runtime", marks=pytest.mark.long),
    pytest.param("jax_scan", marks=pytest.mark.long),
    pytest.param("numba_loop", marks=pytest.mark.long),
    pytest.param("transformers_generate", marks=pytest.mark.long),
]


def run_benchmark(name: str, options: list[str], figures: Path) -> dict[str, Any]:
    """What a benchmark writes when run with these options."""
    subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options, "--json", figures],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    kept: dict[str, Any] = json.loads(figures.read_text())
    assert kept["machine"]["commit"] and kept["machine"]["python"]
    assert all(kept["tables"]) and kept["figures"]
    return kept


@pytest.mark.filterwarnings("default")  # other people's packages
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("module", PEERS)
def test_a_peer_writes_what_the_engine_writes(module: str, cell: Any, layers: int) -> None:
    try:
        peers = importlib.import_module(f"benchmarks.peers.{module}").PEERS
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")
    checkpoint = random_checkpoint(Size(cell, 16, layers))
    engine = EnginePeer()
    prompts = np.random.default_rng(1).integers(EOS + 1, V, (3, 6))
    prompts[:, 0] = EOS
    for peer in peers:
        # torch's GRU is another equation; int8 is another model.
        other = peer.precision != "float32" or (
            cell == "gru" and module in ("torch_layer", "transformers_generate")
        )
        for rows in (1, 3):
            write = peer.writer(checkpoint, rows, GREEDY)
            if write is not None:
                expected = engine.writer(checkpoint, rows, GREEDY)(70)
                found = write(70)
                assert found.shape == expected.shape
                assert other or (found == expected).all()
        beam = peer.beam_writer(checkpoint)
        if beam is not None:
            expected = engine.beam_writer(checkpoint)(prompts, 4, 20)
            found = beam(prompts, 4, 20)
            assert found.shape == expected.shape
            assert other or (found == expected).all()


def test_the_work_of_a_character() -> None:
    config = random_checkpoint(Size("gru", 8, 2)).config
    assert products(config) == [(24, 8), (24, 16), (V, 8)]
    assert weight_count(config) == 24 * 8 + 24 * 16 + V * 8


@pytest.mark.parametrize(("model", "prompt"), [("shakespeare", "ROMEO:"), ("speeches", "They ")])
def test_a_knob_that_is_not_turned_keeps_everything(model: str, prompt: str) -> None:
    engine = Engine.load(ROOT / "checkpoints" / model)
    same = (Sampling(), Sampling())
    kept = measure(engine, prompt, same, fresh=False, texts=8, length=30)
    assert [kept.same.mean, kept.before.mean, kept.one_ahead.mean] == [1, 1, 1]
    turned = measure(engine, prompt, same, fresh=True, texts=8, length=30)
    assert max(turned.same.mean, turned.before.mean, turned.one_ahead.mean) < 1


def test_what_counts_as_kept() -> None:
    assert same_part("abcd", "axcdef") == 3 / 6
    assert part_before("abcd", "axcdef") == 1 / 6
    assert part_before("abcd", "abcd") == 1
    assert Share.of([0.0, 1.0]) == Share(0.5, 0.5)


def test_a_table_and_a_verdict() -> None:
    assert judged(3.04, 2.5) == "3.0x (2.5x: met)"
    assert judged(0.74, 0.75, "{:.0%}") == "74% (75%: missed)"
    assert judged(1, None) == "1.0x"
    shown = str(Table("Speed", ["", "rate"], [["a model", "12"]]))
    assert shown == "Speed:\n\n|         | rate |\n| ------- | ---: |\n| a model |   12 |\n"


def test_the_record_has_every_table_and_the_machine(tmp_path: Path) -> None:
    table = Table("Speed", ["", "rate"], [["a model", "12"]])
    write_json(tmp_path / "kernels.json", "kernels", ["--sizes", "8"], [table], [])
    text = record(tmp_path, "")
    assert text.startswith("# Results")
    assert "## `python -m benchmarks.kernels --sizes 8`" in text
    assert str(table) in text
    assert f"Python {platform.python_version()}" in text


def test_what_was_not_measured_again_stays_in_the_record(tmp_path: Path) -> None:
    for name, rate in (("kernels", "12"), ("screen", "30")):
        write_json(tmp_path / f"{name}.json", name, [], [Table("Speed", [""], [[rate]])], [])
    before = record(tmp_path, "")
    (tmp_path / "kernels.json").unlink()
    assert record(tmp_path, before) == before
    write_json(tmp_path / "screen.json", "screen", [], [Table("Speed", [""], [["31"]])], [])
    assert record(tmp_path, before) == before.replace("| 30 |", "| 31 |")


def test_what_another_processor_did_stays_in_the_record(tmp_path: Path) -> None:
    written = tmp_path / "screen.json"
    write_json(written, "screen", [], [Table("Speed", [""], [["30"]])], [])
    kept, text = json.loads(written.read_text()), ""
    for cache, rate in ((32_768, "30"), (49_152, "29"), (32_768, "31")):
        kept["machine"] |= {"processor": "One", "caches": {"L1": cache}}
        kept["tables"][0]["rows"] = [[rate]]
        written.write_text(json.dumps(kept))
        text = record(tmp_path, text)
    assert text.count("benchmarks.screen") == 2
    assert "| 29 |" in text and "| 31 |" in text and "| 30 |" not in text


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_learners_learn_the_same_model(cell: str) -> None:
    """The loop is torch's layer (where that is the same equation) and JAX's scan."""
    size = Size(cell, 8)
    loop, layer = Loop(size, STEPS[cell]), AroundLayer(size)
    ids_TB = torch.randint(2, V, (6, 3))
    logits_TBV = loop(ids_TB[:-1]).detach()
    if cell == "lstm":
        layer.embedding, layer.output = loop.embedding, loop.output
        with torch.no_grad():
            layer.layers.weight_ih_l0.copy_(loop.input.weight)
            layer.layers.weight_hh_l0.copy_(loop.hidden_weight.T)
            layer.layers.bias_ih_l0.copy_(loop.input.bias)
            layer.layers.bias_hh_l0.zero_()
        torch.testing.assert_close(layer(ids_TB[:-1]).detach(), logits_TBV)
    pytest.importorskip("jax")
    from benchmarks.learners.jax_learner import loss_of

    weights = {
        "embedding": loop.embedding.weight,
        "input": loop.input.weight.T,
        "bias": loop.input.bias,
        "hidden": loop.hidden_weight,
        "output": loop.output.weight.T,
        "output_bias": loop.output.bias,
    }
    found = loss_of({n: w.detach().numpy() for n, w in weights.items()}, ids_TB.numpy(), cell)
    expected = masked_cross_entropy(logits_TBV, ids_TB[1:], PAD)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.long
def test_the_decoding_benchmark_runs(tmp_path: Path) -> None:
    small = ["--cells", "gru", "--sizes", "16", "--batches", "1", "3", "--beams", "2", "3", "5"]
    only = ["--peers", "torch_eager", "--rounds", "1", "--seconds", "0.01"]
    kept = run_benchmark("decode", small + only, tmp_path / "figures.json")
    rates = {f["what"]: f["characters_per_s"] for f in kept["figures"]}
    assert list(rates) == ["1 rows", "3 rows", "beams"]
    for found in rates.values():
        assert set(found) == {"engine", "engine int8", "torch, written out"}
        assert all(rate > 0 for rate in found.values())


@pytest.mark.long
def test_the_kernels_benchmark_runs_and_calls_out_a_slow_one(tmp_path: Path) -> None:
    small = ["--cells", "rnn", "--sizes", "16", "--batches", "2", "--rounds", "1"]
    kept = run_benchmark("kernels", [*small, "--seconds", "0.01"], tmp_path / "figures.json")
    (finding,) = kept["figures"]
    assert 0 < finding["share"] < 1  # so small a model is all overhead
    slow = [sys.executable, "-m", "benchmarks.kernels", *small, "--seconds", "0.01", "--strict"]
    done = subprocess.run(
        [*slow, "--json", tmp_path / "again.json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CHARLM_FORCE_ISA": "portable"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("UNDER HALF ITS CEILING: RNN H 16 L 1, 2 rows")


@pytest.mark.long
def test_the_benchmark_of_cuda_runs(tmp_path: Path) -> None:
    small = ["--device", "torch-cpu", "--hidden", "8", "--length", "4", "--rounds", "1"]
    kept = run_benchmark("cuda", small, tmp_path / "figures.json")
    assert len(kept["figures"]) == 5
    for figure in kept["figures"]:
        assert set(figure["characters_per_s"]) == {"torch-cpu", "cpu"}
        assert all(rates[0] > 0 for rates in figure["characters_per_s"].values())
        assert all(most > 0 for most in figure["at_most"].values())


@pytest.mark.long
def test_the_benchmark_of_training_on_a_device_runs(tmp_path: Path) -> None:
    small = ["--device", "torch-cpu", "--sizes", "8", "--times", "3", "--rows", "2"]
    kept = run_benchmark("cuda_training", [*small, "--rounds", "1"], tmp_path / "figures.json")
    assert [figure["model"] for figure in kept["figures"]] == ["LSTM H 8 L 1", "GRU H 8 L 1"]
    for figure in kept["figures"]:
        assert all(rate > 0 for rate in figure["characters_per_s"].values())
        assert set(figure["at_most"]) == {"bytes", "operations", "launches"}


@pytest.mark.long
def test_what_waits_for_a_gpu_is_a_script_that_runs(tmp_path: Path) -> None:
    """On the CPU, in tiny sizes; a part that fails is told by the exit code."""
    script, said = ROOT / "benchmarks" / "on_gpu.sh", []
    for python, code in ((sys.executable, 0), ("false", 1)):
        out = tmp_path / str(code)
        environment = os.environ | {"PYTHON": python, "OUT": str(out)}
        done = subprocess.run(
            ["sh", script, "torch-cpu"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout
        said.append(done.stdout)
    assert {"cuda.json", "cuda_training.json", "on_gpu-tests.txt"} <= {
        path.name for path in (tmp_path / "0").iterdir()
    }
    assert "== tests: exit code 0" in said[0]
    limits = [int(word) for word in re.findall(r"^ *part \w+ (\d+)", script.read_text(), re.M)]
    assert len(limits) == 5 and sum(limits) <= 8 * 60


@pytest.mark.long
def test_the_start_is_watched(tmp_path: Path) -> None:
    kept = run_benchmark("startup", ["--rounds", "1"], tmp_path / "figures.json")
    assert [f["story"] for f in kept["figures"]][-1] == "python -m tui, first paint"
    assert all(f["turns"][0]["clock"] > 0 for f in kept["figures"])


@pytest.mark.long
def test_the_dice_are_compared(tmp_path: Path) -> None:
    options = ["--texts", "8", "--length", "12", "--seeds", "3"]
    kept = run_benchmark("dice", options, tmp_path / "figures.json")
    knobs, prompts = kept["figures"][:8], kept["figures"][8:]
    assert all(0 <= f[part]["mean"] <= 1 for f in knobs for part in ("same", "before"))
    assert [f["prompts"] for f in prompts] == ["prompt", "shared"] * 2
    assert [f["one_text"] > 0 for f in prompts] == [False, True] * 2
    assert all(f["variance"] > 0 for f in prompts)


@pytest.mark.long
def test_what_one_waits_for_is_measured(tmp_path: Path) -> None:
    kept = run_benchmark("cost", ["--steps", "30"], tmp_path / "figures.json")
    first, forecast = kept["figures"]
    assert float(first[1]) > 0 and float(forecast[1]) > 0


@pytest.mark.long
def test_what_is_proposed_for_a_text_is_trained(tmp_path: Path) -> None:
    text = tmp_path / "words.txt"
    text.write_text("".join(f"Line {n} is followed by {n + 1}.\n" for n in range(60)))
    kept = run_benchmark("proposals", [str(text)], tmp_path / "figures.json")
    [row] = kept["tables"][0]["rows"]
    assert row[:2] == ["words.txt", f"{len(text.read_text()):,}"] and float(row[-2]) > 0
    assert kept["figures"][0]["written"]
    assert kept["command"] == "python -m benchmarks.proposals words.txt"


@pytest.mark.long
def test_the_training_benchmark_runs(tmp_path: Path) -> None:
    small = ["--sizes", "8", "--layers", "1", "--times", "4", "--rows", "2", "--rounds", "1"]
    kept = run_benchmark("training", small, tmp_path / "figures.json")
    assert [f["model"] for f in kept["figures"]] == ["LSTM H 8 L 1", "GRU H 8 L 1"]
    for found in kept["figures"]:
        assert all(rate > 0 for rate in found["characters_per_s"].values())


@pytest.mark.long
def test_the_benchmark_of_processes_runs(tmp_path: Path) -> None:
    small = ["--sizes", "8", "--times", "4", "--rows", "2", "--rounds", "1", "--steps", "30"]
    (found,) = run_benchmark("ranks", small, tmp_path / "figures.json")["figures"]
    assert found["hidden"] == 8 and len(found["characters_per_s"]) == 3
    assert all(rate > 0 for rate in found["characters_per_s"].values())


@pytest.mark.long
def test_a_grid_of_rates_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "words.txt"
    text.write_text("".join(f"Line {n} is followed by {n + 1}.\n" for n in range(300)))
    kept = tmp_path / "kept.jsonl"
    options = [
        "--continuous",
        str(text),
        "--cells",
        "rnn",
        "--sizes",
        "4x2",
        "--factors",
        "0.5",
        "2",
    ]
    options += ["--kept", str(kept), "--json", str(tmp_path / "rates.json"), "--characters"]
    rates.main([*options, "4k", "--list"])
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == "words, rnn 4 x 2, 4,000, seed 1, rate 0.0075" and len(listed) == 3
    rates.main([*options, "4k"])
    assert len(kept.read_text().splitlines()) == 2
    before = kept.read_text()
    rates.main([*options, "4k", "6k", "--jobs", "2"])
    assert kept.read_text().startswith(before) and len(kept.read_text().splitlines()) == 4
    found = rates.read(kept)
    assert {trial.characters for trial in found} == {4_000, 6_000} and all(found.values())
    kept.write_text(before)
    rates.main([*options, "6k", "--table"])
    assert len(kept.read_text().splitlines()) == 2
    [best] = [line for line in capsys.readouterr().out.splitlines() if " * " in line][-1:]
    assert "words, rnn 4 x 2, 4,000, seed 1 " in best and "0.03: " in best and best.count("*") == 1
