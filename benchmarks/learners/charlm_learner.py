"""charlm's own update."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from benchmarks.models import E, Size, V
from charlm.model.cells import CELLS
from charlm.options.train_config import TrainConfig
from charlm.options.train_fields import NATIVE
from charlm.run.log import RunLog
from charlm.train.dataset import Batch
from charlm.train.loop import LoopPass
from charlm.train.model import CharModel
from charlm.train.native import NativePass
from charlm.train.optimiser import clip, make_optimiser
from charlm.train.place import Place
from charlm.train.position import Position
from charlm.train.probe import Probe
from charlm.train.regularise import Regularisers
from charlm.train.tell.monitor import Monitor
from charlm.train.tell.reporter import Reporter
from charlm.train.tell.teller import Teller

#: What hides and what is paid for, of every kind.
EVERYTHING = {
    "dropout": 0.3,
    "embedding_dropout": 0.1,
    "weight_dropout": 0.2,
    "recurrent_dropout": 0.2,
    "activation_penalty": 2.0,
    "slowness_penalty": 1.0,
}


def charlm_update(
    size: Size,
    sequence: str = NATIVE,
    threads: int = 1,
    watched: bool = False,
    by_layers: bool = True,
    **more: Any,
) -> Callable[[Tensor], None]:
    """An update as the trainer makes it. watched: with a probe, in the run log and TensorBoard.

    by_layers: on another device than the CPU, by torch's layers where it would take them.
    """
    given = {"dropout": 0.0, **more, "sequence": sequence, "threads": threads}
    if not CELLS[size.cell].candidate:
        given.pop("recurrent_dropout", None)
    options = TrainConfig(
        cell=size.cell, hidden=size.hidden_size, layers=size.layers, embedding=E, **given
    )
    config = options.model(V)
    place = Place(options)
    place.begin(options.seed)
    by_layers = by_layers and place.by_layers
    model = CharModel(config, Regularisers.of(options), by_layers=by_layers).to(place.device)
    passes = NativePass(config, options) if sequence == NATIVE else LoopPass(options)
    optimiser = make_optimiser(options, model)
    teller = _teller() if watched else None

    def update(ids_TB: Tensor) -> None:
        batch = Batch(ids_TB[:-1], ids_TB[1:], True)
        state = model.zero_state(ids_TB.shape[1])
        probe = Probe(passes) if teller else None
        if probe:
            probe.before_batch(model, batch, state)
        learned = passes.learn(model, batch, state, 1, 0)
        optimiser.zero_grad(set_to_none=True)
        learned.total.backward()
        if probe:
            probe.before_clipping(model)
        clip(options, model)
        if probe:
            probe.before_update(model)
        optimiser.step()
        if probe and teller:
            probe.after_update(model)
            teller.probe(Position(), probe)

    return update


def _teller() -> Teller:
    folder = Path(tempfile.mkdtemp(prefix="charlm-benchmark-"))
    return Teller(RunLog(folder), Monitor(folder, 0, print), Reporter())
