"""Training speed: the report's loop written out plainly, against the recipe `strong`.

Same towers, same photos, same machine, in turn. The report's loop takes every caption as an item
in batches of 16, decodes the JPEG each time, pads texts to the model's limit, and computes in
float32. Both train all weights; decoding once into the cache is counted in its own column.

    python benchmarks/train.py --data FLICKR8K --vision MOBILENET_V2 --text MINILM
"""

import argparse
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch
from common import keep
from torch.nn import functional

from timanh.data import DataFolder, open_data, open_picture
from timanh.models import join_towers
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import Recipe, train

ROUNDS, REPORT_BATCH, PADDED = 5, 16, 77
ALL = {"head_steps": 0, "head_dropout": 0.0, "frozen_share": 0.0}  # as the report trains


def main() -> None:
    """Five rounds of both; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="captioned photos")
    parser.add_argument("--vision", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--image-size", type=int, default=192)
    parser.add_argument("--pictures", type=int, default=768, help="for an epoch of `strong`")
    args = parser.parse_args()
    folder = open_data(args.data)
    names = tuple(folder.split("train")[: args.pictures])

    def encoder() -> TorchEncoder:
        return join_towers(args.vision, args.text, image_size=args.image_size)

    plain = [report_loop(folder, names, encoder(), seed) for seed in range(ROUNDS)]
    with tempfile.TemporaryDirectory() as work:
        began = time.perf_counter()
        strong = strong_rounds(folder, names, encoder(), Path(work))
        whole = time.perf_counter() - began
    ratio = statistics.median(strong) / statistics.median(plain)
    print(f"report {statistics.median(plain):8.1f} pictures/s")
    print(f"strong {statistics.median(strong):8.1f} pictures/s, {ratio:.1f} times as many")
    keep(
        "train",
        {
            "towers": [Path(args.vision).name, "all-MiniLM-L6-v2"],
            "image_size": args.image_size,
            "pictures": len(names),
            "device": encoder().device,
            "report_pictures_per_s": [round(rate, 2) for rate in plain],
            "strong_pictures_per_s": [round(rate, 2) for rate in strong],
            "ratio_of_medians": round(ratio, 2),
            "strong_wall_s_with_cache_and_checkpoints": round(whole, 1),
        },
    )


def report_loop(
    folder: DataFolder, names: tuple[str, ...], encoder: TorchEncoder, seed: int, steps: int = 12
) -> float:
    """Pictures per second of the plain loop, after two steps of warming up."""
    items = [(name, caption) for name in names for caption in folder.captions_of(name)]
    random.Random(seed).shuffle(items)
    optimiser = torch.optim.AdamW(encoder.network.parameters(), lr=1e-6, weight_decay=0.01)
    encoder.network.train()
    batches = [items[at : at + REPORT_BATCH] for at in range(0, len(items), REPORT_BATCH)]
    began = time.perf_counter()
    for number, batch in enumerate(islice(batches, steps + 2)):
        if number == 2:
            began = time.perf_counter()
        pictures = [open_picture(folder.images / name) for name, _ in batch]
        pixels = torch.from_numpy(encoder.prepare_images(pictures))
        tokens = encoder.texts.tokenizer(
            [caption for _, caption in batch],
            padding="max_length", truncation=True, max_length=PADDED, return_tensors="pt",
        )  # fmt: skip
        images = functional.normalize(encoder.image_features(pixels), dim=-1)
        texts = functional.normalize(
            encoder.text_features({key: tokens[key] for key in ("input_ids", "attention_mask")}),
            dim=-1,
        )
        logits = encoder.logit_scale.exp() * images @ texts.T
        truth = torch.arange(len(batch))
        loss = (
            functional.cross_entropy(logits, truth) + functional.cross_entropy(logits.T, truth)
        ) / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return steps * REPORT_BATCH / (time.perf_counter() - began)


def strong_rounds(
    folder: DataFolder, names: tuple[str, ...], encoder: TorchEncoder, work: Path
) -> list[float]:
    """Pictures per second of each epoch with all weights trained, the first one left out."""
    recipe = Recipe.named("strong", joined=True, epochs=ROUNDS + 1, **ALL)
    history = train(folder, encoder, recipe, work, names=names).history
    return [epoch["pictures_per_s"] for epoch in history[1:]]


if __name__ == "__main__":
    main()
