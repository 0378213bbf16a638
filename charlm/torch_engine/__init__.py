"""The engine on torch tensors, for CUDA: the same sessions as the native engine's.

`_engine.pyi` describes the classes; `Model` has one keyword more, `device`. Rows are decoded
together over `charlm.model.cells`, and everything from the dice to the choice happens on the
device: a position queues its work and reads nothing back; every few positions one look finds the
rows that have ended. Texts equal the native engine's up to near ties (it sums products in one
fixed order, which a GPU does not).

options, parts, model, prompts, pulled: the batch; sampling, beams with searching, and scoring: the
sessions; rules, filters, dice, details: the pure parts between logits and choice.
"""

from charlm.torch_engine.model import Model
from charlm.torch_engine.parts import EngineError
from charlm.torch_engine.sampling import SamplingSession
from charlm.torch_engine.scoring import ScoringSession
from charlm.torch_engine.searching import BeamSession

__all__ = ["BeamSession", "EngineError", "Model", "SamplingSession", "ScoringSession"]
