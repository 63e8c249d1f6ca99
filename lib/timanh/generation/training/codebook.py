"""A codebook that learns by running averages of what chooses its codes (van den Oord et al. 2017).

A code that nothing chooses any more begins again where a vector of the batch lies, so that none is
lost.
"""

import torch
from torch import Tensor, nn

ROUNDS = 10  # of k-means at the beginning


class RunningCodebook(nn.Module):
    """K codes of D numbers.

    Attributes:
        codes: (K, D).
        started: whether they have been laid where vectors lie.
    """

    def __init__(self, count: int, width: int, *, keep: float = 0.99) -> None:
        super().__init__()
        self.keep = keep
        self.register_buffer("codes", torch.zeros(count, width))
        self.register_buffer("sums", torch.zeros(count, width))
        self.register_buffer("counts", torch.ones(count))
        self.register_buffer("started", torch.tensor(False))
        self.codes: Tensor
        self.sums: Tensor
        self.counts: Tensor
        self.started: Tensor

    def begin(self, vectors: Tensor, random: torch.Generator) -> None:
        """Lay the codes among (M, D) vectors, by k-means."""
        count = len(self.codes)
        codes = vectors[torch.randperm(len(vectors), generator=random)[:count]].clone()
        for _ in range(ROUNDS):
            near = torch.cdist(vectors, codes).argmin(1)
            sums = torch.zeros_like(codes).index_add_(0, near, vectors)
            found = torch.bincount(near, minlength=count).float()
            codes = torch.where(found[:, None] > 0, sums / found.clamp(min=1)[:, None], codes)
        self.codes.copy_(codes)
        self.sums.copy_(codes)
        self.counts.fill_(1.0)
        self.started.fill_(True)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """(M, D) to (the nearest codes (M, D), their numbers (M,)), without gradient."""
        with torch.no_grad():
            near = torch.cdist(vectors.detach(), self.codes).argmin(1)
            return self.codes[near], near

    def learn(self, vectors: Tensor, near: Tensor, random: torch.Generator) -> None:
        """Move the codes towards those vectors that chose them; give unused ones new places."""
        with torch.no_grad():
            sums = torch.zeros_like(self.sums).index_add_(0, near, vectors.detach())
            found = torch.bincount(near, minlength=len(self.codes)).float()
            self.sums.mul_(self.keep).add_(sums, alpha=1 - self.keep)
            self.counts.mul_(self.keep).add_(found, alpha=1 - self.keep)
            unused = (self.counts < 0.01).nonzero()[:, 0]
            if len(unused):
                rows = torch.randint(len(vectors), (len(unused),), generator=random)
                self.sums[unused] = vectors.detach()[rows]
                self.counts[unused] = 1.0
            self.codes.copy_(self.sums / self.counts.clamp(min=1e-5)[:, None])
