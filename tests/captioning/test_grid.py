"""What a vision tower sees where: `Encoder.grid_features`."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pixel_encoder import PixelEncoder
from small_training import tiny

from timanh.models import load_encoder, load_picture_tower
from timanh.models.picture_tower import grid_of
from timanh.models.torch_encoder import TorchEncoder

PICTURES = 3


def pictures() -> list:
    from PIL import Image

    random = np.random.default_rng(0)
    return [
        Image.fromarray(random.integers(0, 256, (48, 48, 3), np.uint8)) for _ in range(PICTURES)
    ]


def test_patch_tokens_of_a_transformer_without_the_class_token(
    tiny_encoder: TorchEncoder, tiny_clip_folder: Path
) -> None:
    from transformers import CLIPModel

    found = tiny_encoder.grid_features(pictures(), batch_size=2)
    pixels = torch.from_numpy(tiny_encoder.prepare_images(pictures()))
    with torch.no_grad():
        states = CLIPModel.from_pretrained(tiny_clip_folder).vision_model(pixels).last_hidden_state
    assert found is not None and found.shape == (PICTURES, 4, 4, 32) and found.dtype == np.float32
    np.testing.assert_allclose(found.reshape(PICTURES, 16, 32), states[:, 1:], atol=1e-5)
    assert tiny_encoder.grid_features([]).shape == (0, 4, 4, 32)  # type: ignore[union-attr]


def test_the_last_map_of_a_convolutional_network() -> None:
    encoder = tiny()
    found = encoder.grid_features(pictures())
    pixels = torch.from_numpy(encoder.prepare_images(pictures()))
    with torch.no_grad():
        states = encoder.network.vision_model(pixels).last_hidden_state
    assert found is not None
    np.testing.assert_allclose(found.transpose(0, 3, 1, 2), states, atol=1e-5)


@pytest.mark.parametrize("name", ["clip", "siglip", "metaclip2", "altclip", "chinese_clip"])
def test_every_family_has_its_grid(hub: dict[str, Path], name: str) -> None:
    if name not in hub:
        pytest.skip(f"no tiny checkpoint is called {name}")
    encoder = load_encoder(hub[name], device="cpu")
    found = encoder.grid_features(pictures()[:1])
    assert found is not None and found.shape[:3] == (1, 4, 4)
    tower = load_picture_tower(hub[name], device="cpu")
    np.testing.assert_allclose(tower.grid_features(pictures()[:1]), found, atol=1e-6)
    assert tower.fingerprint == encoder.picture_tower.fingerprint


def test_none_where_there_is_no_grid() -> None:
    assert PixelEncoder().grid_features(pictures()) is None
    assert grid_of(torch.zeros(2, 8), (32, 32), None) is None


@pytest.mark.parametrize(("tokens", "before"), [(50, 1), (201, 5), (196, 0)])
def test_class_and_register_tokens_stand_first(tokens: int, before: int) -> None:
    hidden = torch.arange(tokens, dtype=torch.float32).view(1, tokens, 1)
    found = grid_of(hidden, (224, 224), None)
    assert found is not None and found[0, 0, 0, 0] == before
