"""A small GPT-2 with cross-attention to the picture's grid, trained from nothing."""

from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

from timanh.captioning.decoders.decoder import Decoder
from timanh.captioning.decoders.memory import Memory
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.vocabulary import Vocabulary


class TransformerDecoder(Decoder):
    """`GPT2LMHeadModel` with its view of the picture; input and output words share a matrix."""

    def __init__(
        self,
        recipe: CaptionRecipe,
        vocabulary: Vocabulary,
        *,
        places: int,
        grid_width: int,
        pooled_width: int,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.memory = Memory(places, grid_width, pooled_width, recipe.hidden, recipe.dropout / 2)
        config = GPT2Config(
            vocab_size=len(vocabulary),
            n_positions=recipe.most_words + 4,
            n_embd=recipe.hidden,
            n_layer=recipe.layers,
            n_head=recipe.heads,
            add_cross_attention=True,
            resid_pdrop=recipe.dropout,
            embd_pdrop=recipe.dropout,
            attn_pdrop=recipe.dropout / 2,
            bos_token_id=vocabulary.start_id,
            eos_token_id=vocabulary.end_id,
            pad_token_id=vocabulary.pad_id,
        )
        # As plain products: the fused attention's backward pass is slow on a CPU.
        config._attn_implementation = "eager"
        self.language_model: Any = GPT2LMHeadModel(config)

    def memory_of(self, grid: Tensor | None, pooled: Tensor) -> Tensor:
        seen: Tensor = self.memory(grid, pooled)
        return seen

    def logits(self, memory: Tensor, tokens: Tensor) -> Tensor:
        output = self.language_model(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),  # nothing looks at what is padded behind
            encoder_hidden_states=memory,
            use_cache=False,
        )
        logits: Tensor = output.logits
        return logits

    def looked_at(self, memory: Tensor, tokens: Tensor) -> Tensor:
        output = self.language_model(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),
            encoder_hidden_states=memory,
            use_cache=False,
            output_attentions=True,
        )
        # Of the last layer, the mean of its heads: (M, heads, T, S).
        weights: Tensor = output.cross_attentions[-1].mean(1)
        return weights

    def generate(self, memory: Tensor, start: Tensor, config: GenerationConfig) -> Tensor:
        written: Any = self.language_model.generate(
            input_ids=start,
            attention_mask=torch.ones_like(start),
            encoder_hidden_states=memory,
            generation_config=config,
        )
        return torch.as_tensor(written)
