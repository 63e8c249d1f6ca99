"""What transformers' own processor and model answer, to hold encoders against."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import normalize

from timanh.models.torch_encoder import TorchEncoder

TEXTS = [
    "a red dog", "The", "Con mèo đen nằm trên ghế", "a dog's ball, isn't it?", "2 Dogs; 30 CATS!",
    "A Very Long Sentence about NOTHING at all, which goes on and on and on. " * 4, "一只红色的狗",
]  # fmt: skip
SHAPES = [(90, 60), (40, 71), (32, 32), (20, 24), (300, 50)]


def pictures() -> list[Image.Image]:
    """Soft and grainy, of several shapes, larger and smaller than a tower takes."""
    random = np.random.default_rng(3)
    return [
        Image.fromarray(random.integers(0, 256, (height // 4, width // 4, 3), np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for width, height in SHAPES
    ]


def of_transformers(folder: Path, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of `pictures()` and `TEXTS` by transformers alone, each text by itself."""
    from transformers import AutoModel, AutoProcessor, Siglip2Tokenizer

    model: Any = AutoModel.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    # AutoProcessor takes the hub's word for SigLIP2, Gemma; this class is what the model read.
    tokenizer = Siglip2Tokenizer.from_pretrained(folder) if name == "siglip2" else None
    tokenizer = tokenizer or processor.tokenizer
    positions = model.config.text_config.max_position_embeddings - (2 if name == "altclip" else 0)
    padding = "max_length" if name.startswith("siglip") else True
    read = []
    with torch.no_grad():
        for text in TEXTS:
            tokens = tokenizer(
                [text], padding=padding, truncation=True, max_length=positions, return_tensors="pt"
            )
            read.append(model.get_text_features(**tokens).pooler_output)
        pixels = processor.image_processor(pictures(), return_tensors="pt")
        seen = model.get_image_features(**pixels).pooler_output
    return normalize(seen, dim=-1).numpy(), normalize(torch.cat(read), dim=-1).numpy()


def lowest(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    assert found.shape == wanted.shape
    return float(np.sum(found * wanted, axis=1).min())


def read_all(encoder: TorchEncoder, texts: list[str] = TEXTS) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long texts are cut, which is said
        return encoder.encode_texts(texts)
