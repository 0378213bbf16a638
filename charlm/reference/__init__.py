"""The decoders in plain NumPy: the specification of csrc, and its oracle in the tests.

Slow and readable: float64, one row at a time, one formula per line. NumPy has no fused
multiply-add, so its choices equal the engine's except where two compared numbers are nearly
equal; every decoder here therefore also returns its `margin`, the smallest difference that any
of its choices hung on.
"""

from charlm.reference.arrays import log_softmax, sigmoid
from charlm.reference.beam import Hypothesis, beam_search
from charlm.reference.dice import gumbel_noise, philox4x32
from charlm.reference.filters import Filtered, filtered, kept_ids, rule_of
from charlm.reference.margin import Margin
from charlm.reference.model import ReferenceModel
from charlm.reference.restrictions import banned_here, ends_with_stop, repeated_ids
from charlm.reference.sampling import ReferenceDetail, ReferenceSample, detail_of, sample
from charlm.reference.trace import Trace, parts_of, trace

__all__ = [
    "Filtered",
    "Hypothesis",
    "Margin",
    "ReferenceDetail",
    "ReferenceModel",
    "ReferenceSample",
    "Trace",
    "banned_here",
    "beam_search",
    "detail_of",
    "ends_with_stop",
    "filtered",
    "gumbel_noise",
    "kept_ids",
    "log_softmax",
    "parts_of",
    "philox4x32",
    "repeated_ids",
    "rule_of",
    "sample",
    "sigmoid",
    "trace",
]
