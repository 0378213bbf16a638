"""How the tests of decoders compare the engine with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charlm.decoding import Greedy, Limits, Strategy
from charlm.engine.engine import Engine
from charlm.engine.events import Completion
from charlm.engine.native import banned_ids
from charlm.model import cells

CELLS = list(cells.CELLS)
NEAR = 1e-4  # two compared numbers nearer than this may be ordered differently


class Agreement:
    """Compares texts; a difference behind a near tie is let pass, and counted."""

    def __init__(self) -> None:
        self.compared = self.near_ties = 0

    def compare(self, engine: list[str], reference: list[str], margin: float) -> bool:
        self.compared += 1
        if engine == reference:
            return True
        assert margin < NEAR, f"{engine} is not {reference}, though no choice was near ({margin})"
        self.near_ties += 1
        return False

    def check(self) -> None:
        assert self.near_ties <= 0.05 * self.compared


def written(
    engine: Engine, prompts: Sequence[str], strategy: Strategy, **options: Any
) -> list[list[Completion]]:
    """What a session writes: of `Engine.write_many`, but nothing is counted."""
    session = engine.start(prompts, strategy, **options)
    while not session.done:
        session.advance(256)
    return session.completions()


def text_of(engine: Engine, ids: list[int] | tuple[int, ...]) -> str:
    return engine.vocabulary.code2string(ids)


def banned(engine: Engine, strategy: Strategy = Greedy(), **limits: Any) -> list[int]:  # noqa: B008
    return banned_ids(engine.vocabulary, engine.checkpoint.text, strategy, Limits(**limits))
