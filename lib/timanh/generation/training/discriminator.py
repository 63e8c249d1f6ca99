"""Judges parts of a picture, true or painted, not the picture as a whole (Isola et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu


class PatchDiscriminator(nn.Module):
    """(N, 3, H, W) to (N, 1, H / 4, W / 4): above 0 where the part around looks true; each number
    sees 22 × 22 pixels."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 4, 2, 1)
        self.second = nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False)
        self.norm = nn.GroupNorm(8, 2 * width)
        self.third = nn.Conv2d(2 * width, 2 * width, 3, 1, 1)
        self.last = nn.Conv2d(2 * width, 1, 3, 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = leaky_relu(self.first(pixels), 0.2)
        hidden = leaky_relu(self.norm(self.second(hidden)), 0.2)
        judged: Tensor = self.last(leaky_relu(self.third(hidden), 0.2))
        return judged


def judging_loss(true: Tensor, painted: Tensor) -> Tensor:
    """Of the discriminator: true parts above 1, painted ones below -1."""
    return (relu(1 - true).mean() + relu(1 + painted).mean()) / 2


def weight_beside(painting: Tensor, fooling: Tensor, layer: nn.Parameter) -> Tensor:
    """How much `fooling` may count so that it pulls at the last layer no harder than `painting`
    (Esser et al. 2021, equation 7)."""
    pull: Tensor = torch.autograd.grad(painting, layer, retain_graph=True)[0].norm()
    against = torch.autograd.grad(fooling, layer, retain_graph=True)[0].norm()
    weight: Tensor = (pull / (against + 1e-4)).clamp(0, 1e4).detach()
    return weight
