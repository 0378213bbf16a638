"""Learning on a device: `--device torch-cpu` runs what is written for CUDA on torch's CPU tensors.

`pytest --device cuda` runs the same on a GPU.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from killing import kill_at, newest_weights
from learners import learner_of

from charlm.device import choose_device
from charlm.engine.devices import open_device
from charlm.errors import CharlmError, InputError, TrainingError, run_main
from charlm.model.cells import CELLS
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import LOOP, NATIVE
from charlm.options.training import parse_options
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST
from charlm.run.log import read_run_log
from charlm.train.__main__ import main
from charlm.train.keep.folder import RunFolder
from charlm.train.learner import Learner, Update
from charlm.train.place import Place
from charlm.train.saved import Saved

SMALL = [
    "--hidden", "12", "--embedding", "5", "--batch", "4", "--length", "16", "--no-texts",
]  # fmt: skip
#: Without what a device draws for itself.
PLAIN = [*SMALL, "--dropout", "0", "--schedule", "constant"]
HIDING = (
    "--dropout", "0.3", "--embedding-dropout", "0.1",
    "--activation-penalty", "2", "--slowness-penalty", "1",
)  # fmt: skip
OTHERS = (
    "--average",
    "0.9",
    "--accumulate",
    "2",
    "--optimiser",
    "sgd",
    "--layers",
    "2",
    "--warm-up",
    "0",
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"The number {n} follows {n - 1}.\n" for n in range(90)))
    return path


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.device.sees_cuda", lambda: False)


def train(corpus: Path, run: Path, *more: str) -> list[dict[str, Any]]:
    """Train, or go on; the run log."""
    new = ["--corpus", str(corpus), "--out", str(run), *PLAIN, "--unit", "continuous"]
    assert main([*(["--resume", str(run)] if run.exists() else new), *more]) == 0
    return read_run_log(run)


def are_near(one: Path, other: Path, device: str) -> bool:
    """Whether the newest weights of two runs are equal but for rounding."""
    ours, theirs = (load_checkpoint(run / LAST).tensors for run in (one, other))
    pairs = ((ours[name], theirs[name]) for name in ours)
    return all(is_near(torch.from_numpy(a), torch.from_numpy(b), device) for a, b in pairs)


def is_near(one: torch.Tensor, other: torch.Tensor, device: str) -> bool:
    """Whether weights are equal but for rounding.

    AdamW makes as much of a gradient that is nothing but rounding as of another. With a GPU's sums
    there may be some of those, so that it is the mean which counts there.
    """
    apart = (one.cpu() - other.cpu()).abs()
    return bool(apart.mean() < 1e-3 if device == "cuda" else apart.max() < 2e-4)


def draws_alike(device: str) -> None:
    if device == "cuda":
        pytest.skip("a GPU draws other masks")


# The same as by the loop on the CPU


@pytest.mark.parametrize("unit", ["continuous", "sentence"])
@pytest.mark.parametrize("more", [(), HIDING, OTHERS], ids=["plain", "hiding", "others"])
@pytest.mark.parametrize("cell", CELLS)
def test_an_update_is_that_of_the_loop(
    cell: str, more: tuple[str, ...], unit: str, device: str
) -> None:
    if more is HIDING:
        draws_alike(device)
        more += ("--recurrent-dropout", "0.2") if cell == "gru" else ()
        more += ("--weight-dropout", "0.2") if CELLS[cell].recurrent else ()
    found, updates = learned(("--cell", cell, "--device", device, *more), unit)
    expected, by_loop = learned(("--cell", cell, "--sequence", LOOP, *more), unit)
    for ours, theirs in zip(updates, by_loop, strict=True):
        assert ours[:3] == pytest.approx(theirs[:3], rel=1e-4)
        if ours.probe and theirs.probe:
            compare_probes(ours.probe.as_values(), theirs.probe.as_values())
    for name, weight in expected._shown().weights().items():
        assert is_near(found._shown().weights()[name].detach(), weight.detach(), device), name
    part = expected.held_out["validation"].whole()
    losses = [each.loss_of("validation", part, lambda _: None) for each in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def learned(words: tuple[str, ...], unit: str) -> tuple[Learner, list[Update]]:
    """A learner and its first updates: one after the other, as they share torch's generator."""
    learner = learner_of(*words, unit=unit)
    return learner, [learner.step(closely=number == 3) for number in range(5)]


def compare_probes(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for kind in ("gradient_norms", "clipped_norms", "update_ratios"):
        assert found[kind] == pytest.approx(expected[kind], rel=2e-3, abs=1e-6)
    for gate, values in expected["gates"].items():
        assert found["gates"][gate]["quantiles"] == pytest.approx(values["quantiles"], abs=2e-4)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_training_is_that_of_the_loop(
    cell: str, corpus: Path, tmp_path: Path, device: str
) -> None:
    log = train(corpus, tmp_path / "ours", "--cell", cell, "--steps", "40", "--device", device)
    train(corpus, tmp_path / "loop", "--cell", cell, "--steps", "40", "--sequence", LOOP)
    assert are_near(tmp_path / "ours", tmp_path / "loop", device)
    assert [log[0][name] for name in ("device", "precision", "sequence")] == [
        device, "float32", LOOP
    ]  # fmt: skip
    kinds = {line["kind"] for line in log}
    assert {"start", "step", "probe", "evaluation", "end"} <= kinds
    assert read_run_log(tmp_path / "loop")[0]["device"] == "cpu"


def test_other_ways_to_begin_work_there(
    corpus: Path, tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(corpus, run, "--steps", "10", "--average", "0.9", "--device", device)
    assert f"on {device}" in capsys.readouterr().out
    words = ["--corpus", str(corpus), *PLAIN, "--device", device, "--unit", "continuous"]
    assert main([*words, "--steps", "30", "--dry-run"]) == 0
    assert f"characters/s on {device}" in capsys.readouterr().out
    assert main([*words, "--find-rate"]) == 0
    assert "learning rate" in capsys.readouterr().out
    begun = ["--corpus", str(corpus), "--from", str(run), "--device", device, "--steps", "5"]
    assert main([*begun, "--out", str(tmp_path / "tuned"), "--no-texts"]) == 0
    assert read_run_log(tmp_path / "tuned")[0]["device"] == device


def test_a_comparison_passes_it_on(corpus: Path, tmp_path: Path, device: str) -> None:
    from charlm.cli.main import main as command

    words = ["compare", "--corpus", str(corpus), "--cells", "rnn", "--seeds", "1"]
    words += ["--budget", "5steps", "--hidden", "8", "--out", str(tmp_path / "compared")]
    assert command([*words, "--device", device]) == 0
    (log,) = (tmp_path / "compared" / "runs").glob("*/run.jsonl")
    assert read_run_log(log.parent)[0]["device"] == device


# On another device than the CPU


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learners on cuda are on torch's "meta": a device of shapes without numbers.

    Any torch has it, and tensors of two devices meet there in an error, as they would on a GPU.
    """
    made = Place.__init__

    def on_meta(self: Place, options: TrainConfig) -> None:
        made(self, options)
        if options.device == "cuda":
            self.device = torch.device("meta")

    item, number = torch.Tensor.item, torch.Tensor.__float__
    for name, ask in (("item", item), ("__float__", number)):
        monkeypatch.setattr(
            torch.Tensor, name, lambda self, ask=ask: 1.0 if self.is_meta else ask(self)
        )
    monkeypatch.setattr(Place, "__init__", on_meta)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: torch.zeros(16, dtype=torch.uint8))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)


@pytest.mark.filterwarnings("ignore:.*is a no-op")  # weights that are loaded into shapes
@pytest.mark.parametrize(
    ("cell", "optimiser", "unit"),
    [
        ("rnn", "adamw", "continuous"), ("gru", "sgd", "continuous"), ("lstm", "adamw", "sentence"),
        ("mingru", "sgd", "sentence"), ("minlstm", "adamw", "continuous"),
    ],
)  # fmt: skip
def test_all_of_an_update_is_on_the_device(
    cell: str, optimiser: str, unit: str, elsewhere: None
) -> None:
    """After a start on the CPU too, and all that is measured."""
    more = ["--cell", cell, "--optimiser", optimiser, "--average", "0.9", "--dropout", "0.2"]
    more += ["--weight-dropout", "0.2"] if CELLS[cell].recurrent else []
    more += ["--recurrent-dropout", "0.2"] if cell == "gru" else []
    before = learner_of(*more, "--sequence", LOOP, unit=unit)
    before.step()
    learner = learner_of(*more, "--device", "cuda", unit=unit)
    assert learner.average
    read = [seen_by(model.embedding) for model in (learner.model, learner.average.model)]
    learner.resume(before.resume_values())
    learner.step()
    some = learner.held_out["validation"].spread(50)
    learner.loss_of("validation", some, lambda _: None)
    batch = learner._next_batch()
    learner.passes.gates(learner.model, batch.inputs_TB, learner._state_before(batch))
    there = [*learner.model.parameters(), *learner.average.model.parameters(), *read[0], *read[1]]
    there += [vector for layer in learner.state or () for vector in layer]
    for of_one in learner.optimiser.state.values():
        there += [tensor for name, tensor in of_one.items() if name != "step"]
    assert {tensor.device.type for tensor in there} == {"meta"}
    assert read[0] and read[1]


def seen_by(embedding: torch.nn.Module) -> list[torch.Tensor]:
    """Ids that an embedding is asked for from now on: it does not mind where they are."""
    seen: list[torch.Tensor] = []
    embedding.register_forward_pre_hook(lambda _, given: seen.extend(given))
    return seen


def test_a_gpu_is_asked_for_what_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    state, taken = torch.arange(16, dtype=torch.uint8), list[Any]()
    for name, answer in (
        ("get_rng_state", lambda: state), ("set_rng_state", taken.append),
        ("get_device_name", lambda: "NVIDIA H200"), ("max_memory_allocated", lambda: 1 << 30),
    ):  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, answer)
    place = Place(TrainConfig(device="cuda", precision="bfloat16"))
    assert str(place) == "cuda (NVIDIA H200) in bfloat16"
    assert (place.device, place.memory()) == (torch.device("cuda"), 1 << 30)
    host = torch.get_rng_state()
    assert place.random() is state
    place.set_random(state)
    place.go_on(state, "cuda", seed=3)
    assert taken == [state, state] and torch.equal(torch.get_rng_state(), host)
    place.go_on(host, "cpu", seed=3)  # those of a CPU do not fit
    assert len(taken) == 2 and torch.initial_seed() == 3


# bfloat16


@pytest.mark.parametrize("cell", CELLS)
def test_products_are_in_bfloat16_and_all_that_stays_in_float32(cell: str, device: str) -> None:
    more = ("--cell", cell, "--device", device, "--average", "0.9", "--layers", "2")
    exact, low = learner_of(*more), learner_of(*more, "--precision", "bfloat16")
    losses = [(exact.step().loss, low.step().loss) for _ in range(8)]
    assert any(a != b for a, b in losses)
    assert all(a == pytest.approx(b, abs=0.02) for a, b in losses)
    kept = [*low.model.parameters(), *cast(Any, low.average).model.parameters()]
    kept += [value for of_one in low.optimiser.state.values() for value in of_one.values()]
    kept += [vector for layer in low.state or () for vector in layer]
    kept += [cast(Any, weight.grad) for weight in low.model.parameters()]
    assert {tensor.dtype for tensor in kept} == {torch.float32}
    tensors, part = low._shown().to_tensors(), low.held_out["validation"].spread(200)
    measured = [each.loss_of("validation", part, lambda _: None, tensors) for each in (exact, low)]
    assert measured[0] == pytest.approx(measured[1], rel=1e-6)  # in float32, whatever learns


@pytest.mark.parametrize("cell", ["gru", "rnn", "lstm"])
def test_the_fast_loop_rounds_as_the_plain_one(cell: str, device: str) -> None:
    """The hidden products alone, in bfloat16: states do not fade."""
    from charlm.train.sequence import run_cell, run_cell_plainly

    place, rows = device.removeprefix("torch-"), len(CELLS[cell].gates) * 6
    random = torch.Generator().manual_seed(1)
    x_TBG, weight = (
        torch.randn(*shape, generator=random).to(place) for shape in ((9, 3, rows), (rows, 6))
    )
    weight *= 0.4
    state = tuple(torch.zeros(3, 6, device=place) for _ in CELLS[cell].states)
    found = []
    for run in (run_cell, run_cell_plainly):
        leaf = weight.clone().requires_grad_()
        with torch.autocast(place, torch.bfloat16):
            h_TBH, after = run(CELLS[cell], x_TBG, state, leaf)
        h_TBH.square().sum().backward()
        assert {h_TBH.dtype, *(vector.dtype for vector in after)} == {torch.float32}
        found.append([h_TBH, *after, leaf.grad])
    torch.testing.assert_close(*found, rtol=0.03, atol=0.03)
    exact, _ = run_cell_plainly(CELLS[cell], x_TBG, state, weight)
    assert 1e-5 < (found[0][0] - exact).abs().max() < 0.05


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_learns_in_bfloat16(cell: str, corpus: Path, tmp_path: Path, device: str) -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        more = ("--cell", cell, "--steps", "80", "--device", device, "--precision", precision)
        log = train(corpus, tmp_path / precision, *more)
        assert log[0]["precision"] == precision
        losses.append(log[-1]["validation_loss"])
    guessing = math.log(len(load_checkpoint(tmp_path / "float32").vocabulary))
    assert max(losses) < guessing - 0.7
    assert abs(losses[0] - losses[1]) < 0.1


# A run that moves


@pytest.mark.parametrize("more", [(), OTHERS], ids=["adamw", "sgd"])
@pytest.mark.parametrize("there_first", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_run_moves_to_a_device_and_back(
    cell: str, there_first: bool, more: tuple[str, ...], corpus: Path, tmp_path: Path, device: str
) -> None:
    """With nothing hidden it is the run that stayed, but for rounding."""
    moved, stayed = tmp_path / "moved", tmp_path / "stayed"
    more += ("--cell", cell)
    train(corpus, stayed, *more, "--steps", "45")
    places = (device, "cpu", device) if there_first else ("cpu", device, "cpu")
    for steps, place in zip(("15", "30", "45"), places, strict=True):
        log = train(corpus, moved, *more * (steps == "15"), "--steps", steps, "--device", place)
        start = [line for line in log if line["kind"] == "start"][-1]
        assert start["device"] == place
        assert start["sequence"] == (NATIVE if place == "cpu" else LOOP)
    assert are_near(moved, stayed, device)
    told = [line["message"] for line in log if line["kind"] == "notice"]
    assert f"it goes on on {places[1]} (sequence" in told[-3] and places[0] in told[-3]


def test_a_run_stays_where_it_was(corpus: Path, tmp_path: Path, device: str) -> None:
    run = tmp_path / "run"
    train(corpus, run, "--steps", "5", "--device", device, "--precision", "bfloat16")
    log = train(corpus, run, "--steps", "10")
    starts = [(line["device"], line["precision"]) for line in log if line["kind"] == "start"]
    assert starts == [(device, "bfloat16")] * 2
    log = train(corpus, run, "--steps", "15", "--precision", "float32")
    assert [line for line in log if line["kind"] == "start"][-1]["precision"] == "float32"
    train(corpus, run, "--steps", "20", "--device", "cpu")
    options = saved(run)["options"]
    assert options["threads"] == TrainConfig().threads
    assert (options["precision"], options["sequence"]) == ("float32", NATIVE)


def test_killed_on_a_device_it_ends_as_if_it_was_not(
    corpus: Path, tmp_path: Path, device: str
) -> None:
    draws_alike(device)  # cuDNN does not promise the same bits
    ways = [*HIDING, "--steps", "30", "--device", device, "--unit", "continuous"]
    words = ["--corpus", str(corpus), *SMALL, *ways]
    runs = [tmp_path / "whole", tmp_path / "killed"]
    assert main([*words, "--out", str(runs[0])]) == 0
    kill_at(17, [*words, "--out", str(runs[1])])
    assert main(["--resume", str(runs[1])]) == 0
    assert newest_weights(runs[0]) == newest_weights(runs[1])


def test_a_run_of_the_loop_stays_one_on_the_cpu(
    corpus: Path, tmp_path: Path, no_cuda: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for --device auto too: it is the same device."""
    run = tmp_path / "run"
    train(corpus, run, "--steps", "5", "--sequence", LOOP)
    log = train(corpus, run, "--steps", "10", "--device", "auto")
    assert [line["sequence"] for line in log if line["kind"] == "start"] == [LOOP, LOOP]
    with pytest.raises(InputError, match="--sequence of the run is 'loop' and cannot change"):
        train(corpus, run, "--steps", "12", "--sequence", NATIVE)


def saved(run: Path) -> Saved:
    with RunFolder.open(run) as folder:
        return folder.load_resume()


def save(run: Path, values: Saved) -> None:
    with RunFolder.open(run) as folder:
        folder.save_resume(values)


@pytest.fixture
def of_a_gpu(corpus: Path, tmp_path: Path) -> Path:
    """A run as a GPU leaves it: its generator's state is 16 bytes."""
    run = tmp_path / "of-a-gpu"
    train(corpus, run, "--steps", "5", "--device", "torch-cpu")
    values = saved(run)
    values["options"]["device"] = "cuda"
    save(run, cast(Saved, {**values, "random": torch.arange(16, dtype=torch.uint8)}))
    return run


def test_random_numbers_of_a_gpu_begin_anew_on_the_cpu(
    of_a_gpu: Path, corpus: Path, tmp_path: Path
) -> None:
    draws = []
    for place in ("torch-cpu", "cpu"):
        train(corpus, of_a_gpu, "--steps", "6", "--device", place)
        draws.append(saved(of_a_gpu)["random"])
    assert {len(state) for state in draws} == {len(torch.get_rng_state())}


def test_random_numbers_that_are_none_are_refused(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(corpus, run, "--steps", "5")
    save(run, cast(Saved, {**saved(run), "random": torch.arange(16, dtype=torch.uint8)}))
    with pytest.raises(InputError, match="does not fit the model"):
        train(corpus, run, "--steps", "6")


# Faults (36)


def test_a_device_that_is_not_there_is_told_alike_by_both_halves(
    corpus: Path, tmp_path: Path, no_cuda: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CharlmError) as written:
        open_device("cuda")
    words = ["--corpus", str(corpus), "--out", str(tmp_path / "run"), *PLAIN, "--steps", "3"]
    assert run_main(main, [*words, "--device", "cuda"]) == 1
    said = capsys.readouterr().err
    assert said == f"charlm: error: {written.value.typed}\n"
    assert "PyTorch sees no CUDA device: take --device cpu" in said
    assert not (tmp_path / "run").exists()


def test_auto_takes_the_cpu_with_a_notice(
    corpus: Path, tmp_path: Path, no_cuda: None, capsys: pytest.CaptureFixture[str]
) -> None:
    log = train(corpus, tmp_path / "auto", "--steps", "5", "--device", "auto")
    assert choose_device("auto").notice in capsys.readouterr().err
    assert (log[0]["device"], log[0]["sequence"]) == ("cpu", NATIVE)
    train(corpus, tmp_path / "cpu", "--steps", "5")
    assert newest_weights(tmp_path / "auto") == newest_weights(tmp_path / "cpu")
    assert saved(tmp_path / "auto")["options"]["device"] == "cpu"


def test_auto_takes_cuda_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charlm.device.sees_cuda", lambda: True)
    assert choose_device("auto") == ("cuda", "")


def test_a_run_whose_device_is_missing_goes_on_elsewhere_when_told(
    of_a_gpu: Path, corpus: Path, no_cuda: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(main, ["--resume", str(of_a_gpu), "--steps", "9"]) == 1
    assert "device cuda: PyTorch sees no CUDA device" in capsys.readouterr().err
    log = train(corpus, of_a_gpu, "--steps", "9", "--device", "cpu")
    assert (log[-1]["step"], log[-1]["reason"]) == (9, "budget used")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--device tpu", "--device is 'tpu': it must be one of cpu, cuda, auto"),
        ("--device cuda --sequence native", "--sequence native is the CPU's alone"),
        ("--precision bfloat16", "--precision bfloat16 goes with --device cuda alone"),
        ("--precision bfloat16 --sequence loop", "--precision bfloat16 goes with --device cuda"),
        ("--precision float16", "'float16' is not one of float32, bfloat16"),
    ],
)
def test_what_does_not_go_together_is_one_line(words: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_options(words.split())
    assert message in raised.value.typed and "\n" not in raised.value.typed


def test_bfloat16_by_auto_needs_a_device(corpus: Path, tmp_path: Path, no_cuda: None) -> None:
    with pytest.raises(InputError, match="goes with --device cuda alone"):
        train(corpus, tmp_path / "run", "--device", "auto", "--precision", "bfloat16")


def test_what_is_left_open_follows_the_device() -> None:
    assert TrainConfig().sequence == NATIVE
    assert TrainConfig(device="cuda").sequence == LOOP
    assert TrainConfig(device="cuda").threads == TrainConfig(sequence=LOOP).threads == 1
    left_open = TrainConfig(device="auto")
    assert replace(left_open, device="cpu").plain() == TrainConfig().plain()
    assert replace(left_open, device="cuda").plain() == TrainConfig(device="cuda").plain()


# No memory


class SmallMemory:
    """A device that has no memory for one call of a function."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: object, name: str, step: int = 12) -> None:
        self.refused, call = 0, getattr(owner, name)

        def limited(first: Any, *given: Any, **named: Any) -> object:
            learner = first if isinstance(first, Learner) else None
            if learner is None or learner.position.step == step:
                self.refused += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB\nfoo")
            return call(first, *given, **named)

        patch.setattr(owner, name, limited)


def run_out(
    patch: pytest.MonkeyPatch, corpus: Path, run: Path, device: str, owner: object, name: str
) -> str:
    with patch.context() as inside, pytest.raises(TrainingError) as raised:
        memory = SmallMemory(inside, owner, name)
        train(corpus, run, "--steps", "30", "--device", device)
    assert memory.refused == 1
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["_learn", "_check", "_next_batch"])
def test_out_of_memory_keeps_what_was_learned(
    name: str, corpus: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    said = run_out(monkeypatch, corpus, run, device, Learner, name)
    assert said == (
        "out of memory on the device: make --hidden, --layers, --batch or --length smaller, or"
        " take --device cpu"
    )
    assert load_checkpoint(run / LAST).metrics["step"] == 12
    assert read_run_log(run)[-1]["reason"] == "out of memory"
    train(corpus, run)
    train(corpus, tmp_path / "whole", "--steps", "30", "--device", device)
    assert are_near(run, tmp_path / "whole", device)


def test_out_of_memory_amid_a_change_of_weights_keeps_what_was_saved(
    corpus: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that are half changed are not saved in the place of whole ones."""
    run = tmp_path / "run"
    said = run_out(monkeypatch, corpus, run, device, torch.optim.AdamW, "step")
    assert said.startswith("out of memory on the device: make --hidden")
    assert not (run / LAST).exists()
    train(corpus, run)
    train(corpus, tmp_path / "whole", "--steps", "30", "--device", device)
    assert are_near(run, tmp_path / "whole", device)


def test_no_memory_for_the_model_itself_is_one_line(
    corpus: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run_out(monkeypatch, corpus, tmp_path / "run", device, torch.nn.Module, "to")
    assert said.startswith("out of memory on the device: make --hidden")
    assert not (tmp_path / "run").exists()


def test_no_memory_to_go_on_is_no_misfit(
    corpus: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(corpus, tmp_path / "run", "--steps", "5", "--device", device)
    said = run_out(monkeypatch, corpus, tmp_path / "run", device, Place, "state")
    assert said.startswith("out of memory on the device")


def test_no_memory_to_measure_keeps_what_was_learned(
    corpus: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charlm.train.held_out import HeldOut

    said = run_out(monkeypatch, corpus, tmp_path / "run", device, HeldOut, "pieces")
    assert said.startswith("out of memory on the device")
    assert load_checkpoint(tmp_path / "run" / LAST).metrics["step"] > 0
