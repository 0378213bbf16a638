"""ONNX Runtime: the whole decoding, sampler included, as one Loop of its own operators.

Of the ways to use it (a step at a time with a NumPy sampler, the sampler in the graph, the loop
in the graph) this was the fastest. int8: its own dynamic quantisation of the same graph, in which
the GRU, for which it has no operator, is written out in matrix products.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.peers import Ids, Peer, Writer
from charlm.model.cells import CELLS
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS

#: ONNX's order of the gates. The z of its GRU is our 1 - z, which is what minus makes of it.
ORDER = {"gru": (("z", -1), ("r", 1), ("n", 1)), "lstm": (("i", 1), ("o", 1), ("f", 1), ("g", 1))}


class Graph:
    """Nodes and constants as they come; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: object, dtype: type = np.int64) -> str:
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(value, dtype)
        self.constants.append(numpy_helper.from_array(array.reshape(np.shape(value)), name))
        return name

    def add(
        self, operator: str, *inputs: str, outputs: Sequence[str] = (), **options: object
    ) -> str:
        names = list(outputs) or [f"value_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **options))
        return names[0]


def add_step(graph: Graph, checkpoint: Checkpoint, written_out: bool) -> list[str]:
    """From `ids` and states `in_I` to `logits` and `out_I`; returns the states' names, I."""
    config, tensors = checkpoint.config, checkpoint.tensors
    axis = graph.constant([0])
    x = graph.add("Gather", graph.constant(tensors["embedding"], np.float32), "ids")
    states: list[str] = []
    for layer in range(config.layers):
        own = {
            kind: tensors.get(f"layers.{layer}.{kind}")
            for kind in ("input_weight", "hidden_weight", "bias")
        }
        parts = ["h", "c"][: 2 if config.cell == "lstm" else 1]
        names = [f"{part}{layer}" for part in parts]
        if written_out and config.cell == "gru":
            x = _add_written_gru(graph, own, x, names[0])
        else:
            x = _add_layer(graph, config.cell, config.hidden_size, own, x, names, axis)
        states += names
    output = graph.constant(tensors["output_weight"].T, np.float32)
    bias = graph.constant(tensors["output_bias"], np.float32)
    graph.add("Add", graph.add("MatMul", x, output), bias, outputs=["logits"])
    return states


def _add_layer(
    graph: Graph,
    cell: str,
    size: int,
    own: dict[str, NDArray[np.float32] | None],
    x: str,
    names: list[str],
    axis: str,
) -> str:
    """One of ONNX's recurrent operators, over one time."""

    def ordered(stacked: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = dict(
            zip(CELLS[cell].letters, np.split(stacked, len(CELLS[cell].letters)), strict=True)
        )
        return np.concatenate([sign * parts[gate] for gate, sign in ORDER[cell]])[None]

    w_x, w_h = (
        graph.constant(ordered(own[f"{k}_weight"]), np.float32) for k in ("input", "hidden")
    )
    bias = ""
    if own["bias"] is not None:
        both = np.concatenate([ordered(own["bias"]), np.zeros_like(own["bias"])[None]], 1)
        bias = graph.constant(both, np.float32)
    before = [graph.add("Unsqueeze", f"in_{name}", axis) for name in names]
    after = [f"after_{name}" for name in names]
    graph.add(
        cell.upper(),
        graph.add("Unsqueeze", x, axis),
        *(w_x, w_h, bias, "", *before),
        outputs=["", *after],
        hidden_size=size,
    )
    for name, found in zip(names, after, strict=True):
        graph.add("Squeeze", found, axis, outputs=[f"out_{name}"])
    return f"out_{names[0]}"


def _add_written_gru(
    graph: Graph, own: dict[str, NDArray[np.float32] | None], x: str, name: str
) -> str:
    """The seeds' GRU in matrix products, which is what can be quantised."""
    w_x, w_h = own["input_weight"], own["hidden_weight"]
    size = w_h.shape[1]
    h = f"in_{name}"

    def product(value: str, weight: NDArray[np.float32]) -> str:
        return graph.add("MatMul", value, graph.constant(weight.T, np.float32))

    zr = graph.add("Add", product(x, w_x[: 2 * size]), product(h, w_h[: 2 * size]))
    z, r = "z_" + name, "r_" + name
    graph.add("Split", graph.add("Sigmoid", zr), outputs=[z, r], axis=1, num_outputs=2)
    reset = graph.add("Mul", r, h)
    n = graph.add("Add", product(x, w_x[2 * size :]), product(reset, w_h[2 * size :]))
    towards = graph.add("Sub", graph.add("Tanh", n), h)
    return graph.add("Add", h, graph.add("Mul", z, towards), outputs=[f"out_{name}"])


def add_nucleus_draw(graph: Graph, top_p: float, vocabulary_size: int) -> None:
    """From `logits` and uniform numbers `u` [rows, 1] to `drawn` [rows]."""
    one, axis = graph.constant(1), graph.constant([1])
    graph.add(
        "TopK",
        graph.add("Softmax", "logits", axis=1),
        graph.constant([vocabulary_size]),
        outputs=["p", "order"],
        axis=1,
    )
    mass = graph.add("CumSum", "p", one)
    kept = graph.add("Less", graph.add("Sub", mass, "p"), graph.constant(top_p, np.float32))
    kept_p = graph.add("Where", kept, "p", graph.constant(0, np.float32))
    aim = graph.add("Mul", "u", graph.add("ReduceSum", kept_p, axis))
    ahead = graph.add("Cast", graph.add("Less", mass, aim), to=TensorProto.INT64)
    place = graph.add("ReduceSum", ahead, axis)
    drawn = graph.add("GatherElements", "order", place, axis=1)
    graph.add("Squeeze", drawn, axis, outputs=["drawn"])


def loop_model(
    checkpoint: Checkpoint, rows: int, top_p: float, written_out: bool
) -> tuple[onnx.ModelProto, list[str]]:
    """A model from `positions`, uniform numbers [positions, rows, 1], ids and states to all ids."""
    config = checkpoint.config
    graph = Graph()
    graph.add("Gather", "uniform", "position", outputs=["u"], axis=0)
    states = add_step(graph, checkpoint, written_out)
    add_nucleus_draw(graph, top_p, config.vocabulary_size)
    graph.add("Identity", "go_on", outputs=["still"])
    graph.add("Identity", "drawn", outputs=["written"])

    def ids(name: str, *shape: int | str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.INT64, shape)

    def state(name: str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, config.hidden_size])

    truth = [helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in ("go_on", "still")]
    body = helper.make_graph(
        graph.nodes,
        "step",
        [ids("position"), truth[0], ids("ids", rows), *(state(f"in_{s}") for s in states)],
        [truth[1], ids("drawn", rows), *(state(f"out_{s}") for s in states), ids("written", rows)],
        graph.constants,
    )
    firsts = ["first_ids", *(f"first_{s}" for s in states)]
    lasts = ["last_ids", *(f"last_{s}" for s in states)]
    loop = helper.make_node("Loop", ["positions", "", *firsts], [*lasts, "all_ids"], body=body)
    uniform = helper.make_tensor_value_info("uniform", TensorProto.FLOAT, ["positions", rows, 1])
    whole = helper.make_graph(
        [loop],
        "decode",
        [ids("positions"), uniform, ids("first_ids", rows), *(state(f"first_{s}") for s in states)],
        [ids("all_ids", "positions", rows)],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(whole, opset_imports=opset, ir_version=9), states


def quantised(model: onnx.ModelProto) -> bytes:
    """The model with int8 weights, activations quantised as they come."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        onnx.save(model, whole)
        logging.getLogger().setLevel(logging.ERROR)  # it warns that it was not preprocessed
        quantize_dynamic(
            whole, small, weight_type=QuantType.QInt8, extra_options={"EnableSubgraph": True}
        )
        return small.read_bytes()


class OnnxRuntime(Peer):
    def __init__(self, name: str, precision: str) -> None:
        self.name, self.precision = name, precision

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer:
        int8 = self.precision == "int8"
        model, states = loop_model(checkpoint, rows, top_p, written_out=int8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            quantised(model) if int8 else model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        zeros = np.zeros((rows, checkpoint.config.hidden_size), np.float32)
        random = np.random.default_rng(0)

        def write(positions: int) -> Ids:
            inputs = {
                "positions": np.array(positions),
                "uniform": random.random((positions, rows, 1), np.float32),
                "first_ids": np.full(rows, EOS, np.int64),
            }
            found = session.run(None, inputs | {f"first_{s}": zeros for s in states})
            return np.asarray(found[0])

        return write


PEERS = [OnnxRuntime("ONNX Runtime", "float32"), OnnxRuntime("ONNX Runtime int8", "int8")]
