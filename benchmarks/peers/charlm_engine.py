"""The engine of this project, through its public door, in both its precisions."""

from __future__ import annotations

import numpy as np

from benchmarks.peers import BeamWriter, Ids, Peer, Writer
from charlm.decoding import BeamSearch, Sampling
from charlm.engine.engine import Engine
from charlm.engine.session import SampleEvents
from charlm.run.checkpoint import Checkpoint


class EnginePeer(Peer):
    """charlm.engine.engine.Engine, on one thread unless said."""

    def __init__(self, precision: str = "float32", threads: int = 1) -> None:
        self.name = "engine" if precision == "float32" else f"engine {precision}"
        self.precision, self.threads = precision, threads

    def _engine(self, checkpoint: Checkpoint) -> Engine:
        return Engine(checkpoint, threads=self.threads, precision=self.precision)

    def writer(self, checkpoint: Checkpoint, rows: int, top_p: float) -> Writer:
        engine = self._engine(checkpoint)

        def write(positions: int) -> Ids:
            session = engine.start([""], Sampling(top_p=top_p), n=rows, max_length=positions)
            written = []
            while not session.done:
                events = session.advance(positions, budget_ms=1000)
                assert isinstance(events, SampleEvents)
                written.append(events.ids)
            return np.concatenate(written).astype(np.int64)

        return write

    def beam_writer(self, checkpoint: Checkpoint) -> BeamWriter:
        engine = self._engine(checkpoint)
        vocabulary = checkpoint.vocabulary

        def write(prompts: Ids, width: int, positions: int) -> Ids:
            texts = [vocabulary.code2string(ids[1:].tolist()) for ids in prompts]
            found = engine.write_many(texts, BeamSearch(width), max_length=positions)
            return np.array([vocabulary.string2code(best[0].text) for best in found])

        return write


PEERS = [EnginePeer(), EnginePeer("int8")]
