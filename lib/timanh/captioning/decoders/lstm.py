"""An LSTM that attends to the picture's grid, searched by transformers' `generate()`.

After Anderson et al. (2018): one LSTM reads the words, looks at the picture with its state, and
the LSTMs above it speak. That what was seen is not fed back to the first lets all words of a
sentence be computed in one call while training.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from timanh.captioning.decoders.decoder import Decoder
from timanh.captioning.decoders.memory import Memory
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.vocabulary import Vocabulary


class LstmConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Sizes of an `LstmLanguageModel`."""

    model_type = "timanh_caption_lstm"

    def __init__(
        self,
        vocab_size: int = 4,
        embed: int = 256,
        hidden_size: int = 512,
        num_hidden_layers: int = 2,
        num_attention_heads: int = 4,
        dropout: float = 0.0,
        **others: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.embed = embed
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.dropout = dropout
        super().__init__(**others)


@dataclass
class LstmOutput(ModelOutput):
    """`logits` (N, T, words); `looked_at` (N, T, S), the mean of the heads."""

    logits: Tensor | None = None
    looked_at: Tensor | None = None


class LstmLanguageModel(PreTrainedModel, GenerationMixin):  # type: ignore[no-untyped-call]
    """Words and what is seen to the words after them.

    The state of the LSTMs between two calls of `generate()` is kept in the very cache that
    transformers gives its attention layers, hidden states in place of keys and cells in place of
    values, so that beams are reordered as with any model. The argument is called
    `past_key_values` up to transformers 5.15 and `cache` later.
    """

    config_class = LstmConfig
    main_input_name = "input_ids"
    _tied_weights_keys: Any = None

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        hidden, embed = config.hidden_size, config.embed
        self.embedding = nn.Embedding(config.vocab_size, embed, padding_idx=0)
        self.reader = nn.LSTM(embed + hidden, hidden, batch_first=True)
        self.query = nn.Linear(hidden, hidden)
        above = config.num_hidden_layers - 1
        self.speaker = None
        if above:
            inner = config.dropout if above > 1 else 0.0
            self.speaker = nn.LSTM(2 * hidden, hidden, above, batch_first=True, dropout=inner)
        self.output = nn.Linear(2 * hidden, embed)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=embed**-0.5)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        """They are set where they are made."""

    def forward(
        self,
        input_ids: Tensor,
        memory: Tensor,
        cache: Any = None,
        past_key_values: Any = None,
        attention_mask: Any = None,
        **unused: Any,
    ) -> LstmOutput:
        """(N, T) words, none padded in front, and (N, S, 2 hidden) keys and values of what is
        seen, the whole first."""
        state = cache if cache is not None else past_key_values
        begun = state is not None and state.get_seq_length() > 0
        if begun:
            input_ids = input_ids[:, -1:]
        keys, values = (each.contiguous() for each in memory.chunk(2, dim=-1))  # (N, S, hidden)
        words = self.dropout(self.embedding(input_ids))
        whole = values[:, :1].expand(-1, words.shape[1], -1).to(words.dtype)
        read = self._run(self.reader, 0, torch.cat([words, whole], dim=-1), state, begun)
        seen, looked_at = self._attend(self.query(read), keys, values)
        spoken = read
        if self.speaker is not None:
            heard = self.dropout(torch.cat([read, seen], dim=-1))
            spoken = self._run(self.speaker, 1, heard, state, begun)
        out = self.output(self.dropout(torch.cat([spoken, seen], dim=-1)))
        return LstmOutput(out @ self.embedding.weight.T + self.bias, looked_at)

    def _run(self, lstm: nn.LSTM, first: int, inputs: Tensor, state: Any, begun: bool) -> Tensor:
        """(N, T, ·) through the layers from number `first` on, taking up and leaving `state`."""
        before = _last(state, first, lstm.num_layers) if begun else None
        outputs: Tensor
        outputs, (hidden, cell) = lstm(inputs) if before is None else lstm(inputs, before)
        if state is not None:
            shape = (len(inputs), 1, inputs.shape[1], lstm.hidden_size)
            for number in range(lstm.num_layers):
                each = (hidden[number][:, None, None], cell[number][:, None, None])
                state.update(each[0].expand(shape), each[1].expand(shape), first + number)
        return outputs

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, hidden) queries to what they see, (N, T, hidden), and where, (N, T, S)."""
        heads = self.config.num_attention_heads

        def by_head(numbers: Tensor) -> Tensor:
            each = numbers.view(*numbers.shape[:2], heads, -1)
            return each.transpose(1, 2)  # (N, heads, ·, width)

        # As plain products: the fused attention's backward pass is slow on a CPU.
        scores = by_head(queries) @ by_head(keys).transpose(2, 3)
        weights = (scores / math.sqrt(queries.shape[-1] // heads)).softmax(-1)
        seen = (weights @ by_head(values)).transpose(1, 2).flatten(2)
        return seen, weights.mean(1)


def _last(state: Any, first: int, layers: int) -> tuple[Tensor, Tensor]:
    """((layers, N, hidden), (layers, N, hidden)) after the last word that was read."""
    kept = state.layers[first : first + layers]
    hidden = torch.stack([layer.keys[:, 0, -1] for layer in kept])
    return hidden, torch.stack([layer.values[:, 0, -1] for layer in kept])


class LstmDecoder(Decoder):
    """`LstmLanguageModel` with its view of the picture."""

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
        self.memory = Memory(
            places, grid_width, pooled_width, 2 * recipe.hidden, recipe.dropout / 2
        )
        self.language_model = LstmLanguageModel(
            LstmConfig(
                vocab_size=len(vocabulary),
                embed=recipe.embed,
                hidden_size=recipe.hidden,
                num_hidden_layers=recipe.layers,
                num_attention_heads=recipe.heads,
                dropout=recipe.dropout,
            )
        )

    def memory_of(self, grid: Tensor | None, pooled: Tensor) -> Tensor:
        seen: Tensor = self.memory(grid, pooled)
        return seen

    def logits(self, memory: Tensor, tokens: Tensor) -> Tensor:
        logits: Tensor = self.language_model(tokens, memory).logits
        return logits

    def looked_at(self, memory: Tensor, tokens: Tensor) -> Tensor:
        weights: Tensor = self.language_model(tokens, memory).looked_at
        return weights

    def generate(self, memory: Tensor, start: Tensor, config: GenerationConfig) -> Tensor:
        written: Any = self.language_model.generate(
            input_ids=start,
            attention_mask=torch.ones_like(start),
            memory=memory,
            generation_config=config,
        )
        return torch.as_tensor(written)
