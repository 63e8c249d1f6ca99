"""What the trainer and the captioner need of a decoder, whatever it is made of."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig

from timanh.captioning.vocabulary import Vocabulary


@dataclass(frozen=True)
class Search:
    """How sentences are looked for; the names are those of transformers' `generate()`.

    Attributes:
        beams: sentences kept at a time.
        count: sentences returned a picture, at most `beams`; of samples any number.
        length_penalty: the sum of log-probabilities is divided by length to this power.
        repetition_penalty: what was written already becomes less likely by this factor.
        no_repeat: no run of so many words comes twice; 0 allows it.
        most_words: of a sentence.
        temperature: 0 searches with beams; above, words are drawn at random, the likelier
            the oftener, and the higher the more evenly.
        top_p: draw from the likeliest words that together have this probability.
    """

    beams: int = 5
    count: int = 1
    length_penalty: float = 0.6
    repetition_penalty: float = 1.0
    no_repeat: int = 3
    most_words: int = 24
    temperature: float = 0.0
    top_p: float = 1.0

    def settings(self) -> dict[str, Any]:
        """As arguments of a `GenerationConfig`."""
        chosen: dict[str, Any] = {
            "num_return_sequences": self.count,
            "repetition_penalty": self.repetition_penalty,
            "no_repeat_ngram_size": self.no_repeat,
            "max_new_tokens": self.most_words + 1,
            "min_new_tokens": 1,  # no caption is empty
        }
        if self.temperature:
            drawn = {"do_sample": True, "temperature": self.temperature, "top_p": self.top_p}
            return {**chosen, **drawn, "top_k": 0, "num_beams": 1}
        chosen.update(do_sample=False, num_beams=self.beams)
        if self.beams > 1:
            chosen.update(length_penalty=self.length_penalty)
        return chosen


class Decoder(nn.Module, ABC):
    """Turns what a tower saw into sentences."""

    vocabulary: Vocabulary

    @property
    def pretrained(self) -> str:
        """Fingerprint of what it uses and was not trained here; empty where there is nothing."""
        return ""

    @abstractmethod
    def memory_of(self, grid: Tensor | None, pooled: Tensor) -> Tensor:
        """(N, places, width) or None and (N, pooled width) to what is looked at, (N, S, ·)."""

    @abstractmethod
    def logits(self, memory: Tensor, tokens: Tensor) -> Tensor:
        """(M, S, ·) and (M, T) to the logits of the word after each, (M, T, words)."""

    @abstractmethod
    def looked_at(self, memory: Tensor, tokens: Tensor) -> Tensor | None:
        """(M, S, ·) and (M, T) to (M, T, S): how much each place counted for the word after each
        token; rows sum to 1 and the first column is the picture as a whole. None where nothing
        says."""

    @abstractmethod
    def generate(self, memory: Tensor, start: Tensor, config: GenerationConfig) -> Tensor:
        """(N, S, ·) and (N, begun) to (N × returned, begun + written); what stands behind the end
        of a sentence does not count."""

    @torch.inference_mode()
    def write(self, memory: Tensor, language: str, search: Search) -> Tensor:
        """(N, S, ·) to (N × count, T) tokens from the start on, padded behind; the sentences of a
        picture stand together, the best first."""
        words = self.vocabulary
        config = GenerationConfig(  # type: ignore[no-untyped-call]
            **search.settings(),
            bos_token_id=words.start_id,
            eos_token_id=words.end_id,
            pad_token_id=words.pad_id,
            suppress_tokens=list(words.never_written),
            renormalize_logits=True,  # as if there were no such tokens
            forced_eos_token_id=words.end_id,
            use_cache=True,
        )
        start = torch.tensor([words.start(language)] * len(memory), device=memory.device)
        begun, written = self.generate(memory, start, config).tensor_split([start.shape[1]], dim=1)
        # transformers takes the number 0 for no padding, and fills up with ends instead.
        ends = (written == words.end_id).long()
        behind = ends.cumsum(1) - ends > 0
        return torch.cat([begun, written.masked_fill(behind, words.pad_id)], dim=1)

    @torch.inference_mode()
    def log_probabilities(self, memory: Tensor, tokens: Tensor, language: str) -> list[float]:
        """(M, S, ·) and (M, T) from the start on to the mean log-probability a word, with the end
        counted as a word."""
        begun = len(self.vocabulary.start(language))
        logits = self.logits(memory, tokens[:, :-1]).float()
        logits[..., list(self.vocabulary.never_written)] = -math.inf
        chances = logits.log_softmax(-1)
        chosen = chances.gather(2, tokens[:, 1:, None])[..., 0][:, begun - 1 :]
        written = tokens[:, begun:]
        counted = written != self.vocabulary.pad_id
        return (chosen.masked_fill(~counted, 0).sum(1) / counted.sum(1).clamp(min=1)).tolist()
