"""Tiny checkpoints in the real formats, and a small folder of real JPEGs."""

import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
from PIL import Image, ImageDraw

from timanh.models.torch_encoder import TorchEncoder

COLOURS = {"red": (214, 40, 40), "green": (42, 157, 90), "blue": (38, 90, 200)}
SHAPES = ("circle", "square")


@pytest.fixture(scope="session")
def tiny_clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP checkpoint as transformers writes it, with 32-pixel pictures and 16-d vectors."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-clip"
    letters = [chr(code) for code in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **tower,
            "num_hidden_layers": 2,
            "vocab_size": len(words),
            "max_position_embeddings": 77,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config={**tower, "num_hidden_layers": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.model_max_length = 77
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        '{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32},'
        ' "crop_size": {"height": 32, "width": 32}, "resample": 3, "do_center_crop": true,'
        ' "image_mean": [0.48145466, 0.4578275, 0.40821073],'
        ' "image_std": [0.26862954, 0.26130258, 0.27577711]}',
        encoding="utf8",
    )
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tiny_clip_folder: Path) -> TorchEncoder:
    from timanh.models import load_encoder

    return load_encoder(tiny_clip_folder, device="cpu")


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """A data folder of 12 JPEGs, coloured shapes, two captions each in Kaggle's form."""
    return make_gallery(tmp_path / "gallery")


def make_gallery(folder: Path, repeats: int = 2) -> Path:
    """Circles and squares in three colours on grey, `repeats` of each, slightly apart."""
    images = folder / "images"
    images.mkdir(parents=True)
    lines = ["image,caption"]
    for colour, rgb in COLOURS.items():
        for shape in SHAPES:
            for number in range(repeats):
                name = f"{colour}_{shape}_{number}.jpg"
                picture = Image.new("RGB", (80, 60), (225, 225, 225))
                draw = ImageDraw.Draw(picture)
                box = (15 + 5 * number, 8, 55 + 5 * number, 48)
                (draw.ellipse if shape == "circle" else draw.rectangle)(box, fill=rgb)
                picture.save(images / name, quality=92)
                lines += [f"{name},a {colour} {shape}", f"{name},one {shape} in {colour}"]
    (folder / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    return folder
