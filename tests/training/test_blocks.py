"""Blocks from the input up in towers of several makes, and captions that several pictures have."""

import torch
from torch import nn

from timanh.training.blocks import block_depths, is_head
from timanh.training.losses import info_nce
from timanh.training.shared import SameCaptions


def wrapped() -> nn.Module:
    """Names as of timm's EfficientNet in transformers' wrapper, beside a BERT's."""
    timm = nn.Module()
    timm.conv_stem = nn.Conv2d(3, 4, 1)
    timm.blocks = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))
    timm.conv_head = nn.Conv2d(4, 8, 1)
    network = nn.Module()
    network.vision_model = nn.Module()
    network.vision_model.timm_model = timm
    network.text_model = nn.Module()
    network.text_model.embeddings = nn.Embedding(4, 4)
    network.text_model.layer = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
    network.vision_projection = nn.Linear(8, 4)
    return network


def test_what_comes_last_in_a_wrapped_model_is_not_its_first_block() -> None:
    depths = block_depths(wrapped())
    vision = "vision_model.timm_model"
    assert depths[f"{vision}.conv_stem.weight"] == (0, 4)
    assert depths[f"{vision}.blocks.0.weight"] == (1, 4)
    assert depths[f"{vision}.blocks.1.weight"] == (2, 4)
    assert depths[f"{vision}.conv_head.weight"] == (3, 4)
    assert depths["text_model.embeddings.weight"] == (0, 3)
    assert "vision_projection.weight" not in depths


def test_a_projection_within_a_tower_is_no_head() -> None:
    assert not is_head("vision_model.embeddings.patch_embeddings.projection.weight")
    assert is_head("vision_projection.weight") and is_head("logit_scale")


def test_a_caption_is_right_for_every_picture_that_has_it() -> None:
    """Whatever captions were drawn for them: rows are pictures, columns the captions drawn."""
    same = SameCaptions([("Bóng đá.", "hai người"), ("bóng đá", "ba người"), ("mèo",)])
    found = same.under([0, 1, 2], ["Bóng đá.", "ba người", "mèo"])
    assert found.tolist() == [[True, False, False], [True, True, False], [False, False, True]]
    twice = same.under([0, 2, 0], ["Bóng đá.", "mèo", "hai người"])
    assert twice.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    two_each = same.under([1, 2], ["ba người", "bóng đá", "mèo", "mèo"])
    assert two_each.tolist() == [[True, True, False, False], [False, False, True, True]]


def test_the_loss_does_not_push_such_pictures_away() -> None:
    pictures = torch.eye(3)
    texts = torch.eye(3)
    texts[1] = texts[0]  # the same words under pictures 0 and 1
    pictures[1] = pictures[0]
    right = SameCaptions([("a",), ("a",), ("b",)]).under([0, 1, 2], ["a", "a", "b"])
    scale = torch.tensor(100.0).log()
    assert float(info_nce(pictures, texts, scale, positives=right)) < 1e-3
    assert float(info_nce(pictures, texts, scale)) > 0.4
