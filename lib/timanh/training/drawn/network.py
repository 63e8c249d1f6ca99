"""The network of the demo checkpoint, and what it is asked beside while it learns."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from timanh.data.scenes.kinds import COLOURS, KINDS, PLACES
from timanh.models.building import train_tokenizer
from timanh.models.preparation import ImagePreparation
from timanh.models.sidecar import Sidecar
from timanh.models.two_tower import TwoTower, TwoTowerEncoder
from timanh.models.vision_towers import MEAN_MAX
from timanh.training.drawn.batches import Texts
from timanh.training.drawn.truth import ACTIONS, LIGHTS, WEATHERS, Truth

CHANGE = 0.6  # weight of the words beside a picture, that of a search
NOTHING = 0.25  # weight of the cells in which nothing stands
SCENERY = (len(PLACES), len(LIGHTS), len(WEATHERS))


def demo_encoder(
    texts: Iterable[str],
    *,
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    text_width: int,
    text_layers: int,
    dim: int,
    side: int,
    seed: int,
) -> TwoTowerEncoder:
    """A ResNet that keeps small things apart beside a BERT, with random weights.

    Args:
        texts: the tokenizer is made from them.
        widths, depths: channels and blocks of each stage; the first has a quarter of the
            picture's side, each further one half of the one before.
        dim: length of the common vectors.
        side: of the pictures, in pixels.
    """
    from transformers import BertConfig, BertModel, ResNetConfig, ResNetModel

    tokenizer = train_tokenizer(texts)
    torch.manual_seed(seed)
    vision = ResNetModel(
        ResNetConfig(
            embedding_size=32,
            hidden_sizes=list(widths),
            depths=list(depths),
            layer_type="bottleneck",
        )
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=text_width,
        num_hidden_layers=text_layers,
        num_attention_heads=4,
        intermediate_size=2 * text_width,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
    )
    # The gradients of plain products are faster than those of the fused ones on a CPU.
    config._attn_implementation = "eager"
    text = BertModel(config, add_pooling_layer=False)
    network = TwoTower(vision, text, dim=dim, image_size=(side, side), vision_pooling=MEAN_MAX)
    preparation = ImagePreparation(
        height=side,
        width=side,
        resize_to=side,
        resample=2,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )
    sidecar = Sidecar("demo", ("en", "vi"), reads_unmarked=True)
    encoder = TwoTowerEncoder(network, tokenizer, preparation, sidecar, device="cpu")
    encoder.texts.made_here = True
    return encoder


class Teacher(nn.Module):
    """Heads that name what stands in each cell of the grid, and the scenery of the whole.

    They are thrown away after the training; what they teach stays in the picture tower.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = (len(KINDS), len(COLOURS), len(ACTIONS) + 1)
        self.cells = nn.Conv2d(width, 1 + sum(self.sizes), 1)
        self.scenery = nn.Linear(width, sum(SCENERY))

    def forward(self, grid: Tensor, truth: Truth) -> Tensor:
        """The loss of (N, width, side, side) features against the truth of the N scenes."""
        return self._cells(grid, truth) + 0.5 * self._scenery(grid, truth)

    def _cells(self, grid: Tensor, truth: Truth) -> Tensor:
        said = self.cells(grid).float().permute(0, 2, 3, 1)  # (N, side, side, classes)
        wanted = torch.from_numpy(truth.grid(grid.shape[-1]))
        there = wanted[..., 0] >= 0
        presence = functional.binary_cross_entropy_with_logits(
            said[..., 0], there.float(), weight=torch.where(there, 1.0, NOTHING)
        )
        kinds, colours, actions = said[there][:, 1:].split(self.sizes, 1)
        kind, colour, action = wanted[there].unbind(1)
        return (
            presence
            + 2 * functional.cross_entropy(kinds, kind)
            + functional.cross_entropy(colours, colour)
            + 0.5 * functional.cross_entropy(actions, action + 1)
        )

    def _scenery(self, grid: Tensor, truth: Truth) -> Tensor:
        said = self.scenery(grid.mean((2, 3))).float().split(SCENERY, 1)
        wanted = torch.from_numpy(truth.scene).long()
        losses = [functional.cross_entropy(said[part], wanted[:, part]) for part in range(3)]
        return torch.stack(losses).sum()


def text_features(encoder: TwoTowerEncoder, rows: list[list[int]], parts: int = 4) -> Tensor:
    """(M, dim) of M token lists; those of like length together, so that little is padded."""
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    size = math.ceil(len(rows) / parts)
    chunks = [order[start : start + size] for start in range(0, len(rows), size)]
    pad = encoder.texts.pad
    features = [encoder.text_features(pad([rows[n] for n in chunk])) for chunk in chunks]
    return torch.cat(features).float()[torch.tensor(order).argsort()]


def finding_loss(
    pictures: Tensor, texts: Tensor, scale: Tensor, about: Texts
) -> tuple[Tensor, Tensor]:
    """`joint_loss` and `change_loss` of (N, dim) pictures and (M + C, dim) texts and words."""
    count = len(about.texts)
    joint = joint_loss(pictures, texts[:count], scale, about.right, about.unknown)
    return joint, change_loss(pictures, texts[count:], scale, about.given, about.changed)


def joint_loss(
    pictures: Tensor, texts: Tensor, scale: Tensor, right: Tensor, unknown: Tensor
) -> Tensor:
    """Contrastive in both directions, with several right answers and some not known.

    Each right answer has to win against all wrong ones; those not known count as neither.

    Args:
        pictures, texts: (N, dim) and (M, dim), not normalised.
        scale: log of 1 / temperature.
        right, unknown: (N, M) bool.
    """
    left, other = functional.normalize(pictures, dim=1), functional.normalize(texts, dim=1)
    logits = scale.exp() * left @ other.T
    return (_one_way(logits, right, unknown) + _one_way(logits.T, right.T, unknown.T)) / 2


def change_loss(
    pictures: Tensor, words: Tensor, scale: Tensor, given: Tensor, changed: Tensor
) -> Tensor:
    """A picture and words that change it have to find the changed picture before all others.

    Args:
        pictures, words: (N, dim) and (C, dim), not normalised.
        scale: log of 1 / temperature.
        given, changed: (C,) rows of `pictures`.
    """
    if not len(words):
        return pictures.new_zeros(())
    left = functional.normalize(pictures, dim=1)
    mixed = CHANGE * functional.normalize(words, dim=1) + (1 - CHANGE) * left[given]
    logits = scale.exp() * functional.normalize(mixed, dim=1) @ left.T
    return functional.cross_entropy(logits, changed)


def _one_way(logits: Tensor, right: Tensor, unknown: Tensor) -> Tensor:
    lowest = torch.finfo(logits.dtype).min
    wrong = logits.masked_fill(right | unknown, lowest).logsumexp(1, keepdim=True)
    each = functional.softplus(wrong - logits) * right
    count = right.sum(1)
    return (each.sum(1) / count.clamp(min=1)).sum() / (count > 0).sum()
