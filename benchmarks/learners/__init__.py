"""The learners that are compared: charlm's update, and what one would write in its place.

Each takes ids [T + 1, B] of V characters through a model of the same size: embedding, layers,
linear map, loss, backward, the norm and its clip, AdamW.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from torch import Tensor

from benchmarks.learners.torch_learners import compiled_update, loop_update
from benchmarks.models import Size

Update = Callable[[Tensor], None]  # on ids [T + 1, B]


def others(size: Size) -> tuple[dict[str, Update], list[str]]:
    """What one would take beside torch's own layer, and a line for each that is skipped."""
    updates = {
        "a loop in PyTorch": loop_update(size),
        "with its cell compiled": compiled_update(size, whole=False),
        "compiled as a whole": compiled_update(size, whole=True),
    }
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    try:
        from benchmarks.learners.jax_learner import jax_update
    except ImportError as error:
        return updates, [f"JAX is skipped: {error}"]
    return updates | {"a scan in JAX": jax_update(size)}, []
