"""BLIP of base size: is a caption as fast as its own `generate()`?

    python benchmarks/captions_hub.py

The weights are random, since no hub can be reached where this was measured; of a caption's time
only its length depends on them, and both sides write the same one, which is compared.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from common import keep
from PIL import Image

from timanh.captioning import load_captioner
from timanh.captioning.hub import MOST_TOKENS

PICTURES, BEAMS, ROUNDS = 2, 3, 2
SIDE = 384
WORDS = 30524  # of BLIP's vocabulary
MARKS = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, "[DEC]": 30522,
         "[ENC]": 30523}  # fmt: skip


def main() -> None:
    """See the module's first lines."""
    with TemporaryDirectory() as folder:
        weights = make_blip(Path(folder))
        measure(Path(folder), weights)


def make_blip(folder: Path) -> int:
    """Salesforce/blip-image-captioning-base with random weights; how many."""
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    words = {f"w{number}": number for number in range(WORDS)}
    for mark, number in MARKS.items():
        del words[f"w{number}"]
        words[mark] = number
    tokenizer: Any = BertTokenizerFast(vocab=words)
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    text = {
        "num_attention_heads": 12, "vocab_size": WORDS, "bos_token_id": MARKS["[DEC]"],
        "sep_token_id": MARKS["[SEP]"], "eos_token_id": MARKS["[SEP]"], "pad_token_id": 0,
    }  # fmt: skip
    torch.manual_seed(0)
    model: Any = BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config={"image_size": SIDE, "patch_size": 16})
    )
    model.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    BlipProcessor(BlipImageProcessor(size=size), tokenizer).save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def measure(folder: Path, weights: int) -> None:
    """Both in turn, the same pictures; the smallest time of each."""
    import transformers

    random = np.random.default_rng(0)
    pictures = [
        Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)) for _ in range(PICTURES)
    ]
    captioner: Any = load_captioner(folder, device="cpu")
    processor = transformers.AutoProcessor.from_pretrained(folder)
    model: Any = captioner.model

    def with_generate() -> list[str]:
        pixels = processor(images=pictures, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            tokens = model.generate(
                pixel_values=pixels, num_beams=BEAMS, max_new_tokens=MOST_TOKENS
            )
        return [" ".join(x.split()) for x in processor.batch_decode(tokens, True)]

    def with_timanh() -> list[str]:
        return [each[0].text for each in captioner.captions(pictures, beams=BEAMS)]

    seconds: dict[str, list[float]] = {"generate": [], "timanh": []}
    texts = {}
    for _ in range(ROUNDS):
        for name, write in (("generate", with_generate), ("timanh", with_timanh)):
            began = time.perf_counter()
            texts[name] = write()
            seconds[name].append(time.perf_counter() - began)
    ratio = min(seconds["timanh"]) / min(seconds["generate"])
    print(f"{weights / 1e6:.0f} M weights: {ratio:.3f} times its own generate()")
    assert texts["timanh"] == texts["generate"]
    keep(
        "captions_hub",
        {
            "weights": weights,
            "pictures": PICTURES,
            "beams": BEAMS,
            "tokens": MOST_TOKENS,
            "seconds": {name: round(min(each), 2) for name, each in seconds.items()},
            "ratio": round(ratio, 3),
        },
    )


if __name__ == "__main__":
    main()
