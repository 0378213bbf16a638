"""generate() of transformers, around torch's own layer: what brings beam search along."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from benchmarks.peers import BeamWriter, Ids, Peer
from benchmarks.peers.torch_layer import LayerModel
from charlm.run.checkpoint import Checkpoint
from charlm.text.vocabulary import PAD


class StateCache:
    """The recurrent state in the place of keys and values."""

    is_compileable = False

    def __init__(self) -> None:
        self.state: Any = None
        self.length = 0

    def get_seq_length(self, *_: object) -> int:
        return self.length

    def reorder_cache(self, parents: Tensor) -> None:
        if isinstance(self.state, tuple):
            self.state = tuple(part.index_select(1, parents) for part in self.state)
        else:
            self.state = self.state.index_select(1, parents)


class RecurrentConfig(PreTrainedConfig):
    model_type = "recurrent"


class RecurrentModel(PreTrainedModel, GenerationMixin):
    """A language model as generate() wants it."""

    config_class = RecurrentConfig
    main_input_name = "input_ids"

    def __init__(self, config: RecurrentConfig, layers: LayerModel) -> None:
        super().__init__(config)
        self.model = layers

    def _prepare_cache_for_generation(
        self, generation_config: object, model_kwargs: dict[str, object], *_: Any, **__: Any
    ) -> None:
        model_kwargs["past_key_values"] = StateCache()

    def forward(
        self, input_ids: Tensor, past_key_values: StateCache, **_: Any
    ) -> CausalLMOutputWithPast:
        logits, past_key_values.state = self.model(input_ids, past_key_values.state)
        past_key_values.length += input_ids.shape[1]
        return CausalLMOutputWithPast(logits=logits[:, None], past_key_values=past_key_values)


class TransformersGenerate(Peer):
    name = "transformers"

    def beam_writer(self, checkpoint: Checkpoint) -> BeamWriter:
        sizes = checkpoint.config
        config = RecurrentConfig(
            vocab_size=sizes.vocabulary_size,
            hidden_size=sizes.hidden_size,
            num_hidden_layers=sizes.layers,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=PAD,
        )
        model = RecurrentModel(config, LayerModel(checkpoint)).eval()

        @torch.inference_mode()
        def write(prompts: Ids, width: int, positions: int) -> Ids:
            ids = torch.from_numpy(prompts)
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                num_beams=width,
                max_new_tokens=positions,
                do_sample=False,
                length_penalty=0.0,
            )
            return found[:, ids.shape[1] :].numpy()

        return write


PEERS = [TransformersGenerate()]
