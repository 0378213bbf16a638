"""A part of the text that is not learned: what of it is measured, and its loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from charlm.text.config import TextConfig
from charlm.text.prepared import Part
from charlm.text.readers import AT_ONCE, EXACT, WARM_UP, Stretch, stretches
from charlm.text.vocabulary import Vocabulary
from charlm.train.dataset import TextDataset
from charlm.train.distributed import Ranks
from charlm.train.evaluate import Pieces, Reader, examples, stream
from charlm.train.model import CharModel
from charlm.train.passes import ModelPass

_READERS = 64  # of a sample
_MANY = 250_000  # characters of a part that is too long to be measured whole
_TRIED, _READ = 8_192, 1_024  # targets of examples, of a stream, that tell how long all take


class Selection(NamedTuple):
    """What is measured of a part: examples by index, or stretches of a stream.

    targets: how many of them there are. exact: whether it is all of the part, read as `score`
    reads it up to 2 million.
    """

    chosen: np.ndarray | list[Stretch]
    targets: int
    exact: bool

    @property
    def readers(self) -> int:
        """How many readers go side by side: one alone is much slower on a stream than many."""
        return len(self.chosen)


class HeldOut:
    """The validation or the test part."""

    def __init__(self, part: Part, vocabulary: Vocabulary, text: TextConfig) -> None:
        """Take at least one example."""
        self._start_id = text.start_id
        self._is_stream = text.unit == "continuous"
        if self._is_stream:
            self._ids = part.ids(vocabulary)
            self.targets = len(self._ids)
        else:
            self._dataset = TextDataset(part, vocabulary)
            self.targets = int(self._dataset.lengths().sum())

    def whole(self) -> Selection:
        """Select all of the part, as `score` reads it; of a very long one, a sample."""
        if self.targets > EXACT:
            return self.spread(_MANY)
        if self._is_stream:
            return Selection(stretches(self.targets), self.targets, True)
        return Selection(np.arange(len(self._dataset)), self.targets, True)

    def spread(self, targets: int) -> Selection:
        """Select about so many targets, evenly spread over the part; all of a short one."""
        if not self._is_stream:
            return self._spread_examples(targets)
        if targets >= self.targets:
            all_of_it = stretches(self.targets, exact=0, at_once=_READERS, longest=self.targets)
            return Selection(all_of_it, self.targets, len(all_of_it) == 1)
        readers = max(1, min(_READERS, targets // WARM_UP))
        size = max(1, targets // readers)
        room = self.targets - size
        begins = [room * i // max(1, readers - 1) for i in range(readers)]
        chosen = [Stretch(begin, begin + size, min(begin, WARM_UP)) for begin in begins]
        return Selection(chosen, size * readers, False)

    def trial(self, selection: Selection) -> tuple[Selection, float]:
        """Select a little of a selection; returns how many times longer all of it takes, too."""
        chosen = selection.chosen
        if isinstance(chosen, np.ndarray):
            rows = chosen[:: -(-selection.targets // _TRIED)]
            targets = int(self._dataset.lengths()[rows].sum())
            return Selection(rows, targets, False), selection.targets / targets
        side_by_side = chosen[:AT_ONCE]
        size = max(1, _READ // len(side_by_side))
        little = [Stretch(a, min(b, a + size), 0) for a, b, _ in side_by_side]
        targets = sum(end - begin for begin, end, _ in little)
        read = sum(end - begin + warm_up for begin, end, warm_up in chosen)
        return Selection(little, targets, False), read / targets

    def pieces(
        self, model: CharModel, selection: Selection, passes: ModelPass, ranks: Ranks
    ) -> Pieces:
        """Measure this process's part of a selection, in nats."""
        reader, chosen = Reader(model, passes), selection.chosen
        if isinstance(chosen, np.ndarray):
            return examples(reader, self._dataset, chosen, self._start_id, ranks)
        return stream(reader, self._ids, chosen, self._start_id, ranks)

    def _spread_examples(self, targets: int) -> Selection:
        lengths = self._dataset.lengths()
        count = max(1, min(len(lengths), len(lengths) * targets // self.targets))
        rows = np.arange(count) * len(lengths) // count
        return Selection(rows, int(lengths[rows].sum()), count == len(lengths))
