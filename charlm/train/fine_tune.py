"""Beginning with the weights of a checkpoint instead of random ones (`--from`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from charlm.errors import InputError
from charlm.model.cells import CELLS
from charlm.options.train_config import TrainConfig
from charlm.options.training import parse_options
from charlm.run.checkpoint import Checkpoint
from charlm.text.preparation import AUTO
from charlm.text.vocabulary import Vocabulary
from charlm.train.model import CharModel

_BY_CHARACTER = ("embedding", "output_weight", "output_bias")


def options_from(arguments: Sequence[str], checkpoint: Checkpoint) -> TrainConfig:
    """Parse the options, with the sizes and the text settings of the checkpoint.

    Raises InputError for one that was given and differs; what a text has of a chat may.
    """
    config, text = checkpoint.config, checkpoint.text
    fixed = {
        "cell": config.cell,
        "hidden": config.hidden_size,
        "layers": config.layers,
        "embedding": config.embedding_size,
        "gru_bias": config.bias and not CELLS[config.cell].biased,
        "unit": text.unit,
        "form": text.form,
        "case": text.case,
    }
    options = parse_options(arguments, fixed | {"chat": text.chat})
    if options.unit == AUTO:  # as much as not given
        options = replace(options, unit=text.unit)
    if "hidden" in options.proposed:
        left_open = tuple(name for name in options.proposed if name != "hidden")
        options = replace(options, hidden=config.hidden_size, proposed=left_open)
    for name, value in fixed.items():
        if getattr(options, name) != value:
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option} of the checkpoint is {value!r} and cannot change: leave {option} out"
            )
    return options


def extended(known: Vocabulary, found: Vocabulary) -> tuple[Vocabulary, list[str]]:
    """Add a new text's characters behind the known ones, which keep their ids; returns the new."""
    new = [character for character in found.characters if character not in known]
    return Vocabulary([*known.characters, *new]), new


def begin_with(model: CharModel, tensors: Mapping[str, np.ndarray]) -> None:
    """Take the weights of a checkpoint whose vocabulary may be smaller.

    A new character keeps the random weights it has; its bias is the lowest that there is, as
    that of a character that was hardly ever seen.
    """
    if model.regularisers.tied and not np.array_equal(
        tensors["embedding"], tensors["output_weight"]
    ):
        raise InputError("--tied: the embedding of the checkpoint is not its output weights")
    weights = model.to_tensors()
    known = len(tensors["output_bias"])
    weights["output_bias"][known:] = tensors["output_bias"].min()
    for name, tensor in tensors.items():
        if name in _BY_CHARACTER:
            weights[name][:known] = tensor
        else:
            weights[name] = tensor
    model.from_tensors(weights)
