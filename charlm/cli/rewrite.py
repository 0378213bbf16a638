"""`charlm write --from`: the texts of records once more."""

from __future__ import annotations

import json
from collections.abc import Sequence

from charlm.cli.output import TextOutput, place_of
from charlm.cli.rewriting import Request, read_records, rewrite
from charlm.decoding import is_beam
from charlm.engine.devices import Device
from charlm.engine.engine import Engine
from charlm.engine.events import Completion
from charlm.errors import InputError, report_notice
from charlm.model.config import Precision
from charlm.run.checkpoint import Checkpoint, find_checkpoints, load_checkpoint
from charlm.text.files import read_bytes


def write_again(
    records: str, checkpoint: str | None, device: Device, threads: int, *, as_json: bool
) -> None:
    """Write the texts of a file of records once more, as they were written; or the records.

    checkpoint: the one they are of; None: it is looked for.
    """
    data, name = read_bytes(records, "file of records")
    requests = read_records(data, name, device.name)
    models = _models_of(requests, name, checkpoint)
    engines: dict[tuple[str, Precision], Engine] = {}
    for model, precision in {(request.model, request.order.precision) for request in requests}:
        engines[model, precision] = Engine(
            models[model], threads=threads, device=device.name, precision=precision
        )
    completions = rewrite(engines, requests)
    if as_json:
        for request in requests:
            print(json.dumps(request.record))
        return
    groups: list[list[Completion]] = []
    for request, completion in zip(requests, completions, strict=True):
        if request.rank == 0 or not groups or groups[-1][0].prompt != completion.prompt:
            groups.append([])
        groups[-1].append(completion)
    output = TextOutput()
    if is_beam(requests[0].order.strategy):
        for prompt, best in enumerate(groups):
            output.write_best(place_of(len(groups), prompt), best)
    else:
        for completion in completions:
            output.begin("")
            output.write(completion.prompt + completion.text)
    output.end_line()


def _models_of(
    requests: Sequence[Request], name: str, checkpoint: str | None
) -> dict[str, Checkpoint]:
    """The models of records by the names they give them; says which were found where."""
    lines = {request.model: request.line for request in reversed(requests)}
    if checkpoint is None:
        found = find_checkpoints(lines)
        for path in dict.fromkeys(path for path, _ in found.values()):
            report_notice(f"the records are of {path}")
        return {model: checkpoint for model, (_, checkpoint) in found.items()}
    given = load_checkpoint(checkpoint)
    for model, line in lines.items():
        if not given.is_named(model):
            raise InputError(
                f"records {name}, line {line:,}: its model is {model:.12}, not"
                f" {given.identity:.12} of {checkpoint}"
            )
    return dict.fromkeys(lines, given)
