"""What a decoder looks at while it writes: the picture as a whole and, after it, its grid."""

import torch
from torch import Tensor, nn


class Memory(nn.Module):
    """Features of a tower to vectors of the decoder's width."""

    def __init__(
        self, places: int, grid_width: int, pooled_width: int, width: int, dropout: float
    ) -> None:
        """`places` is how many places the grid has; 0 looks at the whole picture alone."""
        super().__init__()
        self.pooled = nn.Sequential(nn.LayerNorm(pooled_width), nn.Linear(pooled_width, width))
        self.grid = None
        if places:
            self.grid = nn.Sequential(nn.LayerNorm(grid_width), nn.Linear(grid_width, width))
            self.places = nn.Parameter(torch.zeros(places, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, grid: Tensor | None, pooled: Tensor) -> Tensor:
        """(N, places, grid width) or None and (N, pooled width) to (N, 1 + places, width)."""
        seen: Tensor = self.pooled(pooled).unsqueeze(1)
        if self.grid is not None and grid is not None:
            seen = torch.cat([seen, self.grid(grid) + self.places], dim=1)
        out: Tensor = self.dropout(seen)
        return out
