"""A model of ours as transformers wants it: for `generate()` as an oracle of the decoders."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import EOS, PAD
from charlm.train.model import CharModel


class GenerateConfig(PretrainedConfig):
    """Just enough for generate()."""

    model_type = "charlm"


class GenerateModel(PreTrainedModel, GenerationMixin):
    """The training half's model, fed the whole text at every position."""

    config_class = GenerateConfig

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(GenerateConfig())
        self.model = CharModel(checkpoint.config)
        self.model.from_tensors(checkpoint.tensors)
        self.post_init()
        self.eval()

    def _init_weights(self, module: torch.nn.Module) -> None:
        """They are set already."""

    def prepare_inputs_for_generation(self, input_ids: Tensor, **_: Any) -> dict[str, Tensor]:
        return {"input_ids": input_ids}

    def forward(self, input_ids: Tensor, **_: Any) -> CausalLMOutput:
        logits_TBV, _ = self.model(input_ids.T, self.model.zero_state(len(input_ids)))
        return CausalLMOutput(logits=logits_TBV.transpose(0, 1))

    def write(
        self, prompt: list[int], max_length: int, **options: Any
    ) -> list[tuple[list[int], float]]:
        """(new ids up to EOS, score) of what generate() returns."""
        with torch.no_grad():
            out = self.generate(
                torch.tensor([prompt]),
                max_new_tokens=max_length,
                do_sample=False,
                use_cache=False,
                eos_token_id=EOS,
                pad_token_id=PAD,
                suppress_tokens=[PAD],
                return_dict_in_generate=True,
                output_scores=True,
                output_logits=True,
                **options,
            )
        texts = []
        for row in out.sequences[:, len(prompt) :].tolist():
            texts.append(row[: row.index(EOS) + 1] if EOS in row else row)
        if "sequences_scores" in out:
            return list(zip(texts, out.sequences_scores.tolist(), strict=True))
        steps = zip(out.logits, texts[0], strict=True)  # as they are, PAD not suppressed
        return [(texts[0], sum(float(s[0].log_softmax(-1)[id]) for s, id in steps))]
