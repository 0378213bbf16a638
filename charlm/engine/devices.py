"""Where decoding runs: the native engine on the CPU, or torch tensors on a CUDA device.

PyTorch is imported only when a device other than "cpu" is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar, Unpack

from charlm import _engine
from charlm.device import CPU, TORCH_CPU, choose_device
from charlm.engine.contract import (
    Decodes,
    Given,
    Ints,
    NativeBeams,
    NativeModel,
    NativeSampling,
    NativeScoring,
    Scores,
    refusals,
)
from charlm.errors import CheckpointError, InputError, argument
from charlm.run.checkpoint import Checkpoint

M = TypeVar("M", bound=NativeModel, covariant=True)


class LoadedModel(Generic[M]):
    """A model on its device, and the classes of its sessions, held to the contract here."""

    def __init__(
        self,
        model: M,
        sampling: Decodes[M, NativeSampling],
        beams: Decodes[M, NativeBeams],
        scoring: Scores[M],
    ) -> None:
        self.model = model
        self._sampling, self._beams, self._scoring = sampling, beams, scoring

    def sampling(self, **given: Unpack[Given]) -> NativeSampling:
        """A session that samples. Raises EngineError, TypeError."""
        return self._sampling(model=self.model, **given)

    def beams(self, **given: Unpack[Given]) -> NativeBeams:
        """A session that searches. Raises EngineError, TypeError."""
        return self._beams(model=self.model, **given)

    def scoring(
        self, inputs: Sequence[Ints], targets: Sequence[Ints], rivals: int, threads: int
    ) -> NativeScoring:
        """A session that scores. Raises EngineError."""
        return self._scoring(
            model=self.model, inputs=inputs, targets=targets, rivals=rivals, threads=threads
        )


@dataclass(frozen=True)
class Device:
    """A device. notice: why it is not the one wished for.

    load: makes a checkpoint ready there, in a precision; raises CheckpointError and InputError.
    """

    name: str
    load: Callable[[Checkpoint, str], LoadedModel[NativeModel]]
    notice: str = ""


def open_device(wish: str) -> Device:
    """The device meant by cpu, cuda, or auto: cuda where there is one, else cpu with a notice.

    Raises InputError for another name, CharlmError where there is no CUDA device.
    """
    name, notice = choose_device(wish)
    if name == CPU:
        return Device(name, _load_native, notice)
    return Device(name, _loader_on("cpu" if name == TORCH_CPU else name))


def _load_native(checkpoint: Checkpoint, precision: str) -> LoadedModel[NativeModel]:
    with refusals(CheckpointError):
        model = _engine.Model(
            **asdict(checkpoint.config), precision=precision, tensors=checkpoint.tensors
        )
    return LoadedModel(model, _engine.SamplingSession, _engine.BeamSession, _engine.ScoringSession)


def _loader_on(device: str) -> Callable[[Checkpoint, str], LoadedModel[NativeModel]]:
    """What loads a model on torch tensors, on a device by torch's name of it."""
    from charlm import torch_engine

    def load(checkpoint: Checkpoint, precision: str) -> LoadedModel[NativeModel]:
        if precision != "float32":
            on_cpu = argument("device", "cpu")
            raise InputError(f"precision {precision} runs on the CPU alone: take ", on_cpu)
        with refusals(CheckpointError):
            model = torch_engine.Model(
                **asdict(checkpoint.config),
                precision=precision,
                tensors=checkpoint.tensors,
                device=device,
            )
        return LoadedModel(
            model,
            torch_engine.SamplingSession,
            torch_engine.BeamSession,
            torch_engine.ScoringSession,
        )

    return load
