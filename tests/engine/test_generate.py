"""Greedy and beam search against transformers' generate(), where its rules are ours.

The same there: candidates are ranked by the sum of log probabilities; an end among the first K
finishes, the K best others go on; a score is the sum / length ** length_penalty, the length being
new ids with EOS and without the prompt; at the maximum length the open hypotheses rank with the
finished. `first` is early_stopping=True. `exact` is early_stopping="never": of a negative length
penalty its bound is looser by one position, which looks longer and finds nothing more.

Not the same, and kept out of here: early_stopping=False and patience (a heuristic, and none); 2 K
above the number of ids (its first position then fills up with copies of the empty text);
several ids that end a text. It sums in float32 and breaks ties as torch.topk does, so near ties
are counted; and PAD, which we leave in the softmax and never write, is suppressed there.
"""

from __future__ import annotations

import numpy as np
import pytest
from agreement import CELLS, Agreement, banned, text_of
from models import random_checkpoint

from charlm.decoding import BeamSearch, Greedy
from charlm.engine.engine import Engine
from charlm.reference import ReferenceModel, beam_search

pytest.importorskip("torch")
pytest.importorskip("transformers")

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
MODELS = 200
EARLY_STOPPING = {"first": True, "exact": "never"}


def test_greedy_and_beams_are_those_of_generate() -> None:
    from generate_model import GenerateModel

    agreement = Agreement()
    for seed in range(MODELS):
        random = np.random.default_rng(seed)
        cell, end = CELLS[seed % len(CELLS)], float(random.choice([0.0, 2.0, 4.0]))
        size, layers = int(random.integers(5, 40)), int(random.integers(1, 3))
        checkpoint = random_checkpoint(
            cell, "sentence", hidden_size=size, layers=layers, seed=seed, end=end
        )
        engine, theirs = Engine(checkpoint), GenerateModel(checkpoint)
        characters = random.choice(list("abc de.é"), int(random.integers(0, 12)))
        prompt = "".join(characters)
        length = int(random.integers(1, 25))

        one = engine.write(prompt, Greedy(), max_length=length)
        fed = [checkpoint.text.start_id, *engine.vocabulary.string2code(one.prompt)]
        ((ids, score),) = theirs.write(fed, length)
        assert one.text == text_of(engine, ids)
        assert one.log_prob == pytest.approx(score, rel=1e-4)

        rule = ("exact", "first")[seed // 3 % 2]
        width, alpha = int(random.integers(2, 11)), float(random.choice([-1.0, 0.0, 0.7, 2.0]))
        strategy = BeamSearch(width, alpha, stop_rule=rule)
        best = engine.write_many([prompt], strategy, n=width, max_length=length)[0]
        found = theirs.write(
            fed,
            length,
            num_beams=width,
            num_return_sequences=width,
            length_penalty=alpha,
            early_stopping=EARLY_STOPPING[rule],
        )
        ours, texts = [c.text for c in best], [text_of(engine, ids) for ids, _ in found]
        margin = np.inf
        if ours != texts:
            _, margin = beam_search(
                ReferenceModel(checkpoint), fed, strategy, max_length=length, banned=banned(engine)
            )
        if agreement.compare(ours, texts, margin):
            assert [c.score for c in best] == pytest.approx([s for _, s in found], rel=1e-4)
    agreement.check()
