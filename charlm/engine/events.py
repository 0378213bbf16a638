"""What comes out of a session: arrays while it decodes, completions as they stand.

n positions, N rows, P prompts, K slots of a beam, R rivals
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: How a text ended: "eos", the model's own end; "stop", a stop of the limits; "length" and
#: "time", cut by the limits; "overflow", the model's numbers left the range of float32; "", not
#: at all: it is still growing.
End = Literal["", "eos", "stop", "length", "time", "overflow"]


@dataclass(frozen=True, eq=False)
class CompletionDetails:
    """What the model thought of each of the T characters that it wrote, its end included.

    characters: each one; the end is the empty text. rivals: at each place the R most probable
    characters, best first, among which the one written may be.
    """

    characters: tuple[str, ...]  # [T]
    log_probs: NDArray[np.float32]  # [T], of the raw model, nats
    ranks: NDArray[np.int32]  # [T], 0 for the most probable
    entropies: NDArray[np.float32]  # [T], of the model's distribution, nats
    rivals: tuple[tuple[str, ...], ...]  # [T][R]
    rival_log_probs: NDArray[np.float32]  # [T, R], of the raw model
    rival_kept_log_probs: NDArray[np.float32]  # [T, R], after the filters; -inf: filtered out


@dataclass(frozen=True)
class Completion:
    """A text that follows a prompt.

    log_prob: of the raw model, in nats, EOS included. score: what ranks it (log_prob, unless a
    beam says otherwise). length: new characters and EOS. end: how it ended. details: of each
    character, where they were asked for; two completions are compared without them.
    """

    prompt: str
    text: str
    log_prob: float
    score: float
    length: int
    end: End
    details: CompletionDetails | None = field(default=None, compare=False, repr=False)

    @property
    def finished(self) -> bool:
        """Whether it ended by itself or by a stop; if not, it was cut or is still growing."""
        return self.end in ("eos", "stop")


@dataclass(frozen=True)
class Details:
    """What else the model thought of each character.

    The rivals are the R most probable ids (PAD left out), best first, ties by id; they hold the
    character itself when it is one of them. After a row's end: rank 0, entropy 0, rivals PAD.
    Of a scored text [n, N] is [T], and nothing was filtered.
    """

    ranks: NDArray[np.int32]  # [n, N]: how many ids are ahead of the character, 0 for the best
    entropies: NDArray[np.float32]  # [n, N]: of the model's distribution, nats
    rival_ids: NDArray[np.int32]  # [n, N, R]
    rival_log_probs: NDArray[np.float32]  # [n, N, R], of the raw model
    rival_kept_log_probs: NDArray[np.float32]  # [n, N, R], after the filters; -inf: filtered out


@dataclass(frozen=True)
class SampleEvents:
    """n positions of N rows; after a row's end its ids are PAD and its log_probs 0."""

    ids: NDArray[np.int32]  # [n, N]
    log_probs: NDArray[np.float32]  # [n, N], of the raw model
    finished: NDArray[np.bool_]  # [N]
    details: Details | None = None


@dataclass(frozen=True)
class BeamEvents:
    """n positions of P prompts and K slots; an empty slot has parent -1."""

    parents: NDArray[np.int32]  # [n, P, K]: slot at the position before
    ids: NDArray[np.int32]  # [n, P, K]
    scores: NDArray[np.float64]  # [n, P, K]
    finished: NDArray[np.bool_]  # [P]
