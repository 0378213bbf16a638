"""Characters per second of the engine, beside what one would use in its place.

    python -m benchmarks.decode [--full] [--cells gru lstm] [--sizes 128 256 512] [...]

Every writer (benchmarks/peers/) decodes the same random model (V = 100, E = 64) and draws every
character from the nucleus of 0.95; in the beams' table each finds the best of 10 hypotheses for
32 prompts of 20 characters. All on one thread and one core, in turns, characters per second of
process time, medians. --threads compares two threads of the engine with one, by the clock: it
wants an idle machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.measure import pin, size_for, take_turns
from benchmarks.models import Size, V, random_checkpoint
from benchmarks.peers import OTHERS, Peer, load_peers
from benchmarks.peers.charlm_engine import EnginePeer
from benchmarks.tables import Table, add_json_option, judged, write_json
from charlm.text.vocabulary import EOS

TOP_P = 0.95
#: What one stream should reach of the best float32 peer, by layers and H.
STREAM_TARGETS = {
    (1, 128): 6.0,
    (1, 256): 2.5,
    (1, 512): 1.5,
    (2, 128): 3.5,
    (2, 256): 1.7,
    (2, 512): 1.2,
}
BATCH_TARGETS = {256: 1.8, 512: 1.3}
#: What beams should reach of JAX and of transformers, by layers and H.
BEAM_TARGETS = {(1, 256): (1.5, 6.0), (2, 512): (1.3, 2.0)}

Rates = Mapping[str, float]  # of every peer by name: characters per second


def measure_streams(
    peers: Sequence[Peer], size: Size, rows: int, rounds: int, seconds: float
) -> Rates:
    """Characters per second of every peer that can write so many rows."""
    checkpoint = random_checkpoint(size)
    calls, characters = {}, {}
    for peer in peers:
        write = peer.writer(checkpoint, rows, TOP_P)
        if write is not None:
            positions = max(64, size_for(write, seconds) // 64 * 64)  # whole chunks for JAX
            calls[peer.name] = lambda write=write, n=positions: write(n)
            characters[peer.name] = rows * positions
    times = take_turns(calls, rounds)
    return {name: characters[name] / took for name, took in times.items()}


def measure_beams(
    peers: Sequence[Peer], size: Size, prompts: int, width: int, positions: int, rounds: int
) -> Rates:
    """Characters of the best texts per second: 32 prompts of 200 positions are 6,400 of them."""
    checkpoint = random_checkpoint(size)
    ids = np.random.default_rng(5).integers(EOS + 1, V, (prompts, 21))
    ids[:, 0] = EOS
    calls = {}
    for peer in peers:
        write = peer.beam_writer(checkpoint)
        if write is not None:
            write(ids, width, positions)  # compiles, allocates
            calls[peer.name] = lambda write=write: write(ids, width, positions)
    return {n: prompts * positions / took for n, took in take_turns(calls, rounds).items()}


def measure_threads(size: Size, rows: int, rounds: int, seconds: float) -> Rates:
    """Characters per second by the clock with one thread and with two: the best of the turns."""
    checkpoint = random_checkpoint(size)
    writers = {f"{n}": EnginePeer(threads=n).writer(checkpoint, rows, TOP_P) for n in (1, 2)}
    positions = size_for(writers["1"], seconds)
    best = dict.fromkeys(writers, float("inf"))
    for _ in range(rounds):
        for name, write in writers.items():
            start = time.perf_counter()
            write(positions)
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: rows * positions / took for name, took in best.items()}


def best_of(found: Rates, peers: Sequence[Peer], precision: str) -> float | None:
    """The fastest that is not the engine, at that precision."""
    others = [p.name for p in peers if p.precision == precision and not is_own(p)]
    return max((found[name] for name in others if name in found), default=None)


def is_own(peer: Peer) -> bool:
    return isinstance(peer, EnginePeer)


def streams_table(
    rows: int, found: Mapping[Size, Rates], peers: Sequence[Peer], judge: bool
) -> Table:
    """One line a model, one column a writer, and how many times the best other the engine is.

    judge: whether every peer is there, so that the ratio may be held against its target.
    """
    names = [p.name for p in peers if any(p.name in rates for rates in found.values())]
    own = [p for p in peers if is_own(p)]
    lines = []
    for size, rates in found.items():
        line = [str(size), *(f"{rates[n]:,.0f}" if n in rates else "-" for n in names)]
        for peer in own:
            best = best_of(rates, peers, peer.precision)
            target = stream_target(size, rows, peer.precision) if judge else None
            line.append(judged(rates[peer.name] / best, target) if best else "-")
        lines.append(line)
    title = "One stream" if rows == 1 else f"{rows} rows at a time"
    ratios = [f"{peer.name} / best {peer.precision} peer" for peer in own]
    return Table(f"{title}, characters per second", ["", *names, *ratios], lines)


def stream_target(size: Size, rows: int, precision: str) -> float | None:
    """What the engine should reach of the best peer of the same precision."""
    H, L = size.hidden_size, size.layers
    if precision == "int8":
        return None if rows > 1 else 10.0 if H <= 256 else 3.0 if (H, L) == (512, 1) else 2.0
    return STREAM_TARGETS.get((L, H)) if rows == 1 else BATCH_TARGETS.get(H)


def beams_table(shape: str, found: Mapping[Size, Rates]) -> Table:
    """Seconds of processor time for all, and how many times the engine's the others take."""
    names = list(next(iter(found.values())))
    others = [name for name in names if name in ("JAX", "transformers")]
    lines = []
    for size, rates in found.items():
        targets = BEAM_TARGETS.get((size.layers, size.hidden_size), (None, None))
        wanted = dict(zip(("JAX", "transformers"), targets, strict=True))
        ratios = [judged(rates["engine"] / rates[n], wanted[n]) for n in others]
        lines.append([str(size), *(f"{rates[n]:,.0f}" for n in names), *ratios])
    columns = ["", *names, *(f"engine / {name}" for name in others)]
    return Table(f"Beams, {shape}, characters of the best texts per second", columns, lines)


def threads_table(rows: int, found: Mapping[Size, Rates]) -> Table:
    lines = [
        [
            str(size),
            f"{rates['1']:,.0f}",
            f"{rates['2']:,.0f}",
            judged(rates["2"] / rates["1"], 1.8 if rows > 1 else None),
        ]
        for size, rates in found.items()
    ]
    what = "one stream" if rows == 1 else f"{rows} rows"
    title = f"Threads, {what}, characters per second by the clock"
    return Table(title, ["", "1 thread", "2 threads", "2 / 1"], lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decode", description="Characters per second, beside others'."
    )
    parser.add_argument("--full", action="store_true", help="all that is recorded (20 minutes)")
    parser.add_argument("--cells", nargs="+", choices=["gru", "lstm"], metavar="CELL")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="H")
    parser.add_argument("--layers", type=int, nargs="+", metavar="L")
    parser.add_argument("--batches", type=int, nargs="+", metavar="B", help="rows at a time")
    parser.add_argument(
        "--beams",
        type=int,
        nargs=3,
        metavar=("P", "K", "N"),
        default=[32, 10, 200],
        help="prompts, width, positions (32 10 200)",
    )
    parser.add_argument("--peers", nargs="+", choices=OTHERS, default=OTHERS, metavar="NAME",
                        help=f"only these of {', '.join(OTHERS)}")  # fmt: skip
    parser.add_argument(
        "--threads", action="store_true", help="two threads against one, nothing else"
    )
    parser.add_argument("--rounds", type=int, help="turns of each writer")
    parser.add_argument("--seconds", type=float, help="length of a turn")
    add_json_option(parser, "decode")
    chosen = parser.parse_args(arguments)
    quick = {"cells": ["lstm", "gru"], "sizes": [256], "layers": [1], "batches": [1, 64],
             "rounds": 3, "seconds": 0.15}  # fmt: skip
    full = {"cells": ["lstm", "gru"], "sizes": [128, 256, 512], "layers": [1, 2],
            "batches": [1, 64, 256], "rounds": 3, "seconds": 0.2}  # fmt: skip
    for name, value in (full if chosen.full else quick).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parse(arguments)
    peers, skipped = load_peers(chosen.peers)
    print(*skipped, sep="\n", end="\n" if skipped else "")
    sizes = [Size(c, h, n) for c in chosen.cells for n in chosen.layers for h in chosen.sizes]
    tables: list[Table] = []
    figures: list[dict[str, object]] = []

    def run(what: str, of: Sequence[Size], measure: Callable[[Size], Rates]) -> dict[Size, Rates]:
        found = {}
        for size in of:
            found[size] = measure(size)
            figures.append({"what": what, "model": str(size), "characters_per_s": found[size]})
        return found

    def show(table: Table) -> None:
        tables.append(table)
        print(table, flush=True)
        write_json(chosen.json, "decode", arguments, tables, figures)

    if chosen.threads:
        for rows in (1, 256):
            found = run(f"{rows} rows", sizes, lambda size, rows=rows: measure_threads(
                size, rows, chosen.rounds, chosen.seconds))  # fmt: skip
            show(threads_table(rows, found))
        return
    pin()
    for rows in chosen.batches:
        found = run(f"{rows} rows", sizes, lambda size, rows=rows: measure_streams(
            peers, size, rows, chosen.rounds, chosen.seconds))  # fmt: skip
        show(streams_table(rows, found, peers, not skipped and set(chosen.peers) == set(OTHERS)))
    shape = [s for s in sizes if (s.layers, s.hidden_size) in BEAM_TARGETS] or sizes[:1]
    found = run("beams", shape, lambda size: measure_beams(
        peers, size, *chosen.beams, min(3, chosen.rounds)))  # fmt: skip
    prompts, width, positions = chosen.beams
    show(beams_table(f"{prompts} prompts x {width} hypotheses x {positions} positions", found))


if __name__ == "__main__":
    main()
