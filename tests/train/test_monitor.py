"""What TensorBoard and the run log tell of gates and gradients, against values made by hand."""

from __future__ import annotations

import copy
import itertools
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learners import SMALL, TEXT, learner_of
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from charlm.model.cells import CELLS, Arrays, product_with
from charlm.model.config import ModelConfig
from charlm.options.train_config import TrainConfig
from charlm.run.checkpoint import load_checkpoint
from charlm.run.layout import LAST
from charlm.run.log import read_run_log
from charlm.text.vocabulary import PAD
from charlm.train.__main__ import main
from charlm.train.gates import gates_of, ranges_of
from charlm.train.learner import Learner
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel
from charlm.train.probe import Probe, sample
from charlm.train.tell import texts
from charlm.train.tell.monitor import Monitor
from charlm.train.tell.texts import DECODERS, TextWriter


def events_of(run: Path) -> EventAccumulator:
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    events.Reload()
    return events


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text(TEXT)
    return path


def positive(a: torch.Tensor) -> torch.Tensor:
    """What enters a minimal cell: a + 1/2, or sigmoid(a) below 0."""
    return torch.where(a >= 0, a + 0.5, torch.sigmoid(a))


def by_hand(model: CharModel, ids_TB: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gates of a one-layer model from the zero state, one time and one gate after another."""
    cell, size, layer = model.config.cell, model.config.hidden_size, model.layers[0]
    weight = layer.hidden_weight
    found: dict[str, list[torch.Tensor]] = {name: [] for name in CELLS[cell].letters}
    state = model.zero_state(ids_TB.shape[1])[0]
    for ids_B in ids_TB:
        x_BG = model.embedding.weight[ids_B] @ layer.input_weight.T
        x_BG = x_BG if layer.bias is None else x_BG + layer.bias
        h_BH = state[0]
        for number, name in enumerate(CELLS[cell].letters):
            rows = slice(number * size, (number + 1) * size)
            reset = found["r"][-1] if cell == "gru" and name == "n" else 1.0
            total_BH = x_BG[:, rows]
            if weight is not None:
                total_BH = total_BH + (reset * h_BH) @ weight[rows].T
            bent = torch.tanh if name in "hng" else torch.sigmoid
            if cell.startswith("min") and name in "ng":
                bent = positive
            found[name].append(bent(total_BH))
        if cell == "minlstm":
            both_BH = found["f"][-1] + found["i"][-1]
            found["f"][-1], found["i"][-1] = found["f"][-1] / both_BH, found["i"][-1] / both_BH
        state = CELLS[cell].step(Arrays.of(torch), x_BG, state, product_with(weight))
    return {f"layers.0.{name}": torch.stack(values) for name, values in found.items()}


@torch.no_grad()
@pytest.mark.parametrize("cell", CELLS)
def test_gates_are_those_of_the_equations(cell: str) -> None:
    learner = learner_of("--cell", cell)
    if CELLS[cell].recurrent:
        learner.model.layers[0].hidden_weight.mul_(4)  # so that the past matters
    ids_TB = learner.batches.batch(0, 0).inputs_TB
    found = gates_of(learner.model, ids_TB, learner.model.zero_state(4))
    expected = by_hand(learner.model, ids_TB)
    assert found.keys() == expected.keys()
    for name, gate_TBH in expected.items():
        torch.testing.assert_close(found[name], gate_TBH)


def test_a_second_layer_has_gates_of_its_own() -> None:
    learner = learner_of("--layers", "2")
    batch = learner.batches.batch(0, 0)
    run = learner.model.eval().forward_pass(batch.inputs_TB, learner.model.zero_state(4))
    gates = gates_of(learner.model, batch.inputs_TB, learner.model.zero_state(4))
    c_BH = torch.zeros(4, 12)
    for t in range(len(batch.inputs_TB)):
        i, f, g, o = (gates[f"layers.1.{name}"][t] for name in "ifgo")
        c_BH = f * c_BH + i * g
        torch.testing.assert_close(o * torch.tanh(c_BH), run.h_TBH[t])


def assert_is_histogram_of(event: Any, values: torch.Tensor) -> None:
    """Same count, ends and sums, but for rounding; and in every bucket as many as there are."""
    found, numbers = event.histogram_value, values.double().numpy()
    assert found.num == len(numbers)
    assert (found.min, found.max) == pytest.approx((numbers.min(), numbers.max()), rel=1e-6)
    assert found.sum == pytest.approx(numbers.sum(), rel=1e-6, abs=1e-6)
    assert found.sum_squares == pytest.approx((numbers**2).sum(), rel=1e-6)
    edges = np.array([-np.inf, *found.bucket_limit])
    # np.histogram closes the last of its buckets on both sides.
    counts = [
        ((low <= numbers) & (numbers < high)).sum() for low, high in itertools.pairwise(edges)
    ]
    assert np.abs(np.array(found.bucket) - counts).sum() <= 2  # the largest value, elsewhere


@pytest.mark.parametrize("cell", CELLS)
def test_histograms_read_back_are_those_of_the_values(
    cell: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, step = tmp_path / "run", Learner.step
    expected: dict[int, tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]] = {}

    def watched(self: Learner, closely: bool) -> Any:
        model, batch = copy.deepcopy(self.model), self.batches.batch(0, self.position.index)
        update = step(self, closely)
        if closely and batch.fresh:
            gates = by_hand(model, batch.inputs_TB)
            named = self.model.named_parameters()
            gradients = {name: weight.grad.clone() for name, weight in named}
            expected[self.position.step] = ({n: g.detach() for n, g in gates.items()}, gradients)
        return update

    monkeypatch.setattr(Learner, "step", watched)
    options = [*SMALL, "--unit", "continuous", "--dropout", "0", "--cell", cell, "--steps", "2"]
    options += ["--sequence", "loop"]  # the gates by hand are, too: buckets have sharp edges
    assert main(["--corpus", str(corpus), "--out", str(run), *options]) == 0
    events, (gates, gradients) = events_of(run), expected[1]
    ranges = ranges_of(load_checkpoint(run).config)
    assert set(events.Tags()["histograms"]) == {
        *(f"gate/{name}" for name in gates), *(f"gradient/{name}" for name in gradients)
    }  # fmt: skip
    for kind, values in (("gate", gates), ("gradient", gradients)):
        for name, tensor in values.items():
            (event,) = events.Histograms(f"{kind}/{name}")
            assert event.step == 1
            assert_is_histogram_of(event, tensor.flatten())
            low, high = ranges.get(name, (-math.inf, math.inf))
            if math.isfinite(high):  # equal buckets, none of them outside the gate's range
                widths = np.diff(event.histogram_value.bucket_limit)
                np.testing.assert_allclose(widths, (high - low) / 60)
                assert event.histogram_value.bucket_limit[-1] <= high


def test_norms_and_ratios_are_those_of_the_weights() -> None:
    learner = learner_of("--clip", "0.05", "--learning-rate", "0.01")
    learner.step()
    before = {n: w.detach().clone() for n, w in learner.model.named_parameters()}
    update = learner.step(closely=True)
    probe = update.probe
    assert probe is not None
    total = math.sqrt(sum(norm**2 for norm in probe.gradient_norms.values()))
    assert total == pytest.approx(update.norm, rel=1e-5)
    assert update.norm > 0.05
    clipped = math.sqrt(sum(norm**2 for norm in probe.clipped_norms.values()))
    assert clipped == pytest.approx(0.05, rel=1e-3)
    for name, weight in learner.model.named_parameters():
        change = (weight.detach() - before[name]).norm() / before[name].norm().clamp(min=1e-12)
        assert probe.update_ratios[name] == pytest.approx(change.item(), rel=1e-5)


def test_a_probe_changes_nothing() -> None:
    one, other = learner_of("--dropout", "0.2"), learner_of("--dropout", "0.2")
    for step in range(5):
        torch.manual_seed(step)
        one.step()
        torch.manual_seed(step)
        other.step(closely=True)
    for mine, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_padding_is_not_among_the_gates() -> None:
    learner = learner_of(unit="sentence")
    batch = learner.batches.batch(0, 0)
    probe = Probe(learner.passes)
    probe.before_batch(learner.model, batch, learner.model.zero_state(batch.inputs_TB.shape[1]))
    real = int((batch.targets_TB[:, :4] != PAD).sum())
    assert {len(values) for values in probe.gates.values()} == {real * 12}


def test_the_summary_of_a_gate() -> None:
    probe = Probe(LoopPass(TrainConfig()), ranges=ranges_of(ModelConfig("lstm", 3)))
    probe.gates["layers.0.f"] = torch.linspace(0, 1, 1001)
    probe.gates["layers.0.g"] = torch.linspace(-1, 1, 1001)
    gates = probe.as_values()["gates"]
    assert gates["layers.0.f"]["quantiles"] == pytest.approx(
        [0.05, 0.25, 0.5, 0.75, 0.95], abs=1e-3
    )
    assert gates["layers.0.g"]["quantiles"] == pytest.approx([-0.9, -0.5, 0, 0.5, 0.9], abs=1e-3)
    for name, share in (("layers.0.f", 0.05), ("layers.0.g", 0.025)):
        assert gates[name]["low"] == pytest.approx(share, abs=2e-3)
        assert gates[name]["high"] == pytest.approx(share, abs=2e-3)


def test_a_large_tensor_is_sampled_all_over() -> None:
    values = torch.arange(100_001)
    assert len(sample(values)) <= 20_000
    assert sample(values)[-1] >= 100_001 - 6
    assert torch.equal(sample(values[:20_000]), values[:20_000])


def test_curves_are_those_of_the_run_log(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charlm.train.trainer.STEPS_PER_PROBE", 50)
    run = tmp_path / "run"
    options = [*SMALL, "--steps", "60", "--unit", "continuous"]
    assert main(["--corpus", str(corpus), "--out", str(run), *options]) == 0
    log, events = read_run_log(run), events_of(run)

    def points(tag: str) -> list[tuple[int, float]]:
        return [(event.step, event.value) for event in events.Scalars(tag)]

    def told(kind: str, *path: str) -> list[tuple[int, Any]]:
        lines = [line for line in log if line["kind"] == kind]
        found = []
        for line in lines:
            value = line[path[0]] if len(path) == 1 else line[path[0]].get(path[1])
            if value is not None:
                found.append((line["step"], pytest.approx(value, rel=1e-3)))
        return found

    assert points("loss/train") == told("step", "loss")
    assert points("loss/validation") == told("evaluation", "validation_loss")
    bits = [(step, value / math.log(2)) for step, value in points("loss/train")]
    assert points("bpc/train") == [(step, pytest.approx(value)) for step, value in bits]
    for tag, name in (
        ("pace/learning_rate", "learning_rate"),
        ("gradient_norm/all", "gradient_norm"),
        ("gradient_norm_clipped/all", "clipped_norm"),
        ("pace/characters_per_s", "characters_per_s"),
    ):
        assert points(tag) == told("step", name)
    weights = [name for name, _ in learner_of().model.named_parameters()]
    for name in weights:
        assert points(f"gradient_norm/{name}") == told("probe", "gradient_norms", name)
        assert points(f"gradient_norm_clipped/{name}") == told("probe", "clipped_norms", name)
        assert points(f"update_ratio/{name}") == told("probe", "update_ratios", name)
    assert [line["step"] for line in log if line["kind"] == "probe"] == [1, 50]
    assert [step for step, _ in points("update_ratio/layers.0.hidden_weight")] == [1, 50]
    assert [step for step, _ in points("update_ratio/output_bias")] == [50]  # it was 0 at first


def test_every_decoder_writes_by_the_last_checkpoint(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_PATIENCE", 300.0)
    from charlm.decoding import STRATEGIES
    from charlm.engine.engine import Engine

    run = tmp_path / "run"
    options = [option for option in SMALL if option != "--no-texts"]
    arguments = ["--corpus", str(corpus), "--out", str(run), *options, "--steps", "2"]
    assert main([*arguments, "--unit", "continuous"]) == 0
    samples = [line for line in read_run_log(run) if line["kind"] == "sample"]
    assert [line["strategy"] for line in samples] == list(DECODERS)
    text, tags = samples[0], events_of(run).Tags()["tensors"]
    assert {f"text/{decoder}/text_summary" for decoder in DECODERS} <= set(tags)
    completion = Engine.load(run / LAST).write("", STRATEGIES["greedy"], seed=2)
    assert text["text"] == completion.text[: len(text["text"])]
    assert len(text["text"]) == 200


def test_texts_that_cannot_be_written_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = TextWriter(tmp_path / "nothing.safetensors")
    writer.ask(5)
    assert list(writer.rest()) == []
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    writer.ask(6)
    assert list(writer.rest()) == []
    writer.close()


def test_a_text_is_shown_as_it_stands_in_lines_that_fit(tmp_path: Path) -> None:
    monitor = Monitor(tmp_path, 0, lambda message: pytest.fail(message))
    text = "# no <b>title</b>\n\n  * no list, " + "a long line of words " * 20 + "\udc80"
    monitor.text(3, "text/greedy", text)
    monitor.close()
    (event,) = events_of(tmp_path).Tensors("text/greedy/text_summary")
    lines = event.tensor_proto.string_val[0].decode().split("\n")
    assert event.step == 3
    assert all(line.startswith("    ") and len(line) <= 92 for line in lines)
    shown = "".join(line[4:] for line in lines)
    assert shown == text.replace("\n", "").replace("\udc80", "\\udc80")
    assert [line[4:] for line in lines[:2]] == ["# no <b>title</b>", ""]


def test_the_options_stand_in_the_table_of_runs(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import plugin_data_pb2

    monitor = Monitor(tmp_path, 0, lambda message: pytest.fail(message))
    monitor.options({"hidden": 12, "cell": "gru", "corpus": ["a.txt"], "steps": None, "tied": True})
    monitor.end({"validation_loss": 1.25})
    monitor.close()
    events = events_of(tmp_path)
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert told["hidden"].number_value == 12
    assert told["cell"].string_value == "gru"
    assert told["tied"].number_value == 1
    assert "steps" not in told
    assert events.Scalars("result/validation_loss")[0].value == 1.25
    content = events.SummaryMetadata("_hparams_/experiment").plugin_data.content
    table = plugin_data_pb2.HParamsPluginData.FromString(content).experiment
    assert [option.name for option in table.hparam_infos if option.differs] == ["hidden", "cell"]
    metrics = {metric.display_name: metric.name.tag for metric in table.metric_infos}
    assert metrics == {n: f"result/{n}" for n in ("validation_loss", "test_loss")}
