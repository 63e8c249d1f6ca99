"""A pretrained language model that goes on from a learned prefix, after ClipCap (Mokady 2021)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationConfig

from timanh.captioning.decoders.decoder import Decoder
from timanh.captioning.decoders.memory import Memory
from timanh.captioning.pieces import PieceVocabulary
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.vocabulary import Vocabulary
from timanh.errors import ModelFormatError
from timanh.models.fingerprints import fingerprint
from timanh.training.adapters import add_adapters

PIECES_A_WORD = 3  # at most, on the average of a caption


class PrefixDecoder(Decoder):
    """Turns what a tower saw into vectors that stand before the words, as if they were words.

    The language model itself is frozen and is no part of the weights that are saved; with
    `recipe.lora` adapters beside its matrices are trained too, and saved.
    """

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
        if not isinstance(vocabulary, PieceVocabulary):
            raise ModelFormatError(
                "The words of this captioner are not those of a language model. Copy the whole "
                "folder that the training wrote."
            )
        self.vocabulary: PieceVocabulary = vocabulary
        model = _load(vocabulary)
        self._outside = [model]  # in a list, so that it is no part of this module
        width = int(model.get_input_embeddings().weight.shape[1])
        self.memory = Memory(places, grid_width, pooled_width, recipe.hidden, recipe.dropout / 2)
        self.queries = nn.Parameter(torch.randn(recipe.prefix, recipe.hidden) * 0.02)
        self.look = nn.MultiheadAttention(recipe.hidden, recipe.heads, batch_first=True)
        self.prefix = nn.Sequential(
            nn.LayerNorm(recipe.hidden),
            nn.Linear(recipe.hidden, 2 * recipe.hidden),
            nn.GELU(),
            nn.Dropout(recipe.dropout),
            nn.Linear(2 * recipe.hidden, width),
        )
        if recipe.lora:
            add_adapters(model, recipe.lora)
            trained = [each for each in model.parameters() if each.requires_grad]
            self.adapters = nn.ParameterList(trained)

    @property
    def language_model(self) -> Any:
        """Of transformers."""
        return self._outside[0]

    @property
    def pretrained(self) -> str:
        """Fingerprint of the language model."""
        return fingerprint(self.language_model, self.vocabulary.tokens)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "PrefixDecoder":
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.language_model._apply(fn)
        return self

    def memory_of(self, grid: Tensor | None, pooled: Tensor) -> Tensor:
        """To the prefix, (N, prefix, width of the language model)."""
        seen = self.memory(grid, pooled)
        queries = self.queries.expand(len(seen), -1, -1)
        found, _ = self.look(queries, seen, seen, need_weights=False)
        prefix: Tensor = self.prefix(queries + found)
        return prefix

    def logits(self, memory: Tensor, tokens: Tensor) -> Tensor:
        output = self.language_model(inputs_embeds=self._before(memory, tokens), use_cache=False)
        logits: Tensor = output.logits[:, memory.shape[1] :, : len(self.vocabulary) - 1]
        # What pads is no piece of the language model: as unlikely as the unlikeliest.
        return torch.cat([logits.amin(-1, keepdim=True).detach(), logits], dim=-1)

    def looked_at(self, memory: Tensor, tokens: Tensor) -> None:
        """A prefix is looked at as a whole; nothing says where it came from."""

    def generate(self, memory: Tensor, start: Tensor, config: GenerationConfig) -> Tensor:
        words = self.vocabulary
        before = self._before(memory, start)
        end = words.end_id - 1
        model_size = self.language_model.get_output_embeddings().weight.shape[0]
        surplus = range(len(words) - 1, model_size)  # numbers that stand for no piece
        config.update(
            bos_token_id=words.start_id - 1,
            eos_token_id=end,
            pad_token_id=end,
            forced_eos_token_id=end,
            suppress_tokens=[*(number - 1 for number in words.never_written if number), *surplus],
            max_new_tokens=PIECES_A_WORD * int(config.max_new_tokens or 1),
        )  # type: ignore[no-untyped-call]
        written: Any = self.language_model.generate(
            inputs_embeds=before,
            attention_mask=torch.ones(before.shape[:2], dtype=torch.long, device=before.device),
            generation_config=config,
        )
        numbers = torch.as_tensor(written) + 1
        begun = start.repeat_interleave(len(numbers) // len(start), dim=0)
        return torch.cat([begun, numbers], dim=1)

    def _before(self, memory: Tensor, tokens: Tensor) -> Tensor:
        """The prefix, and the vectors of words after it."""
        embedding = self.language_model.get_input_embeddings()
        return torch.cat([memory, embedding((tokens - 1).clamp(min=0)).to(memory.dtype)], dim=1)


def _load(vocabulary: PieceVocabulary) -> Any:
    reader: Any = AutoModelForCausalLM
    try:
        model, report = reader.from_pretrained(
            vocabulary.folder, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelFormatError(
            f"{vocabulary.name} cannot be read as a causal language model "
            f"({str(error).splitlines()[0][:200]}). Name one such as gpt2."
        ) from error
    if report["missing_keys"]:
        raise ModelFormatError(
            f"{vocabulary.name} lacks {len(report['missing_keys'])} of its weights, so it would "
            "write nonsense. Name a whole checkpoint."
        )
    return model.eval().requires_grad_(False)
