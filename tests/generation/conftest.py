"""A tiny VQGAN and a tiny encoder, with random weights."""

from pathlib import Path

import pytest
import torch

from timanh.generation import Vqgan, load_vqgan
from timanh.models import small_encoder
from timanh.models.torch_encoder import TorchEncoder


@pytest.fixture(scope="session")
def vqgan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As diffusers saves it: cells of 8 pixels, 32 codes."""
    from diffusers import VQModel

    torch.manual_seed(0)
    network = VQModel(
        in_channels=12, out_channels=12, down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(8, 8, 16),
        layers_per_block=1, latent_channels=16, num_vq_embeddings=32, vq_embed_dim=8,
        norm_num_groups=4, sample_size=64,
    )  # fmt: skip
    torch.nn.init.normal_(network.quantize.embedding.weight)
    folder = tmp_path_factory.mktemp("vqgan") / "tiny"
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def vqgan(vqgan_folder: Path) -> Vqgan:
    return load_vqgan(vqgan_folder, device="cpu")


@pytest.fixture(scope="session")
def encoder() -> TorchEncoder:
    return small_encoder(
        ["a red car", "một chiếc xe đỏ"], widths=(8, 16, 16), depth=1, text_width=16,
        text_layers=1, dim=16, side=32, device="cpu",
    )  # fmt: skip
