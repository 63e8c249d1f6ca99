"""A transformer that reads a caption and then writes a picture's codes one after the other.

So did the first DALL·E (Ramesh et al. 2021). Words stand first, then the rows of the grid; each
place sees what stands before it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu


@dataclass(frozen=True)
class TransformerSize:
    """Attributes:
    words: of the vocabulary of captions.
    codes: of the VQGAN.
    grid: rows and columns of codes of a picture.
    longest: words of a caption, at most.
    """

    words: int
    codes: int = 1024
    grid: int = 12
    longest: int = 40
    width: int = 208
    layers: int = 4
    heads: int = 4

    def to_config(self) -> dict[str, Any]:
        return asdict(self)


class CaptionToCodes(nn.Module):
    """Captions (N, L), padded, and codes (N, P) to the logits of the next code."""

    def __init__(self, size: TransformerSize) -> None:
        super().__init__()
        self.size = size
        width = size.width
        self.words = nn.Embedding(size.words, width)
        self.word_places = nn.Embedding(size.longest, width)
        self.codes = nn.Embedding(size.codes, width)
        self.rows = nn.Embedding(size.grid, width)
        self.columns = nn.Embedding(size.grid, width)
        self.begin = nn.Parameter(torch.zeros(width))  # stands before the first code
        self.blocks = nn.ModuleList(Block(width, size.heads) for _ in range(size.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, size.codes)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, captions: Tensor, there: Tensor, codes: Tensor) -> Tensor:
        """Logits (N, P, codes) of every code, each from the words and the codes before it.

        Args:
            captions: (N, L) int64.
            there: (N, L) bool, false where it is padding.
            codes: (N, P) int64, P = grid².
        """
        hidden = torch.cat([self.embed_captions(captions), self.embed_codes(codes)], 1)
        length, longest = hidden.shape[1], captions.shape[1]
        seen = torch.ones(length, length, dtype=torch.bool, device=hidden.device).tril()
        here = torch.cat([there, there.new_ones(len(there), length - longest)], 1)
        mask = seen[None] & here[:, None]
        mask |= torch.eye(length, dtype=torch.bool, device=mask.device)  # padding sees itself
        bias = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, -1e4)[:, None]
        for block in self.blocks:
            hidden, _ = block(hidden, bias)
        logits: Tensor = self.head(self.norm(hidden[:, longest:]))
        return logits

    def embed_captions(self, captions: Tensor) -> Tensor:
        """(N, L) to (N, L, width)."""
        places = torch.arange(captions.shape[1], device=captions.device)
        embedded: Tensor = self.words(captions) + self.word_places(places)
        return embedded

    def embed_codes(self, codes: Tensor) -> Tensor:
        """(N, P) to (N, P, width): at each place the code before it, and where it is."""
        first = self.begin.expand(len(codes), 1, -1)
        before = torch.cat([first, self.codes(codes[:, :-1])], 1)
        return before + self.place(torch.arange(codes.shape[1], device=codes.device))

    def place(self, numbers: Tensor) -> Tensor:
        """Numbers of cells, (…), to their row and column, (…, width)."""
        grid = self.size.grid
        placed: Tensor = self.rows(numbers // grid) + self.columns(numbers % grid)
        return placed


class Block(nn.Module):
    """Attention and two layers, each beside a way around."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width)
        self.attend = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.wider = nn.Linear(width, 4 * width)
        self.back = nn.Linear(4 * width, width)

    def forward(
        self, hidden: Tensor, bias: Tensor, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(N, T, width) to the same, and the keys and values (N, heads, all, width / heads).

        Args:
            bias: added to attention, (N, 1, T, all).
            past: keys and values of what stands before.
        """
        count, length, width = hidden.shape
        split = self.attend(self.norm_1(hidden)).view(count, length, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        # Plain products: the backward pass of fused attention is slower on a CPU.
        weights = (query @ key.transpose(-1, -2)) * (width // self.heads) ** -0.5 + bias
        mixed = weights.softmax(-1).to(value.dtype) @ value
        hidden = hidden + self.project(mixed.transpose(1, 2).reshape(count, length, width))
        hidden = hidden + self.back(gelu(self.wider(self.norm_2(hidden))))
        return hidden, (key, value)
