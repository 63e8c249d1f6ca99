"""Memory and work of a training step per model, computed from networks with random weights.

Parameters and the bytes that a forward pass keeps for the backward one are counted on networks
built from each model's published sizes, floating-point operations by torch's own counter. Nothing
is fetched and no GPU is needed; the times are the operations over what a T4 is assumed to reach.

    python benchmarks/memory.py
"""

import argparse
from typing import Any

import torch
from common import keep
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

T4_FLOPS = 65e12 * 0.35  # fp16 peak of NVIDIA's data sheet, times a share that is often reached
FLICKR8K, EPOCHS, BATCH, PART = 6000, 5, 256, 32
TEXT_TOKENS = 20  # of most captions of Flickr8k, padded to the longest of its group


def clip(vision: tuple[int, int, int], patch: int, text: tuple[int, int, int]) -> CLIPModel:
    """(width, layers, heads) of both towers at 224 pixels."""
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads")
    config = CLIPConfig(
        vision_config={
            **dict(zip(names, vision, strict=True)), "patch_size": patch,
            "intermediate_size": 4 * vision[0],
        },
        text_config={
            **dict(zip(names, text, strict=True)), "intermediate_size": 4 * text[0],
        },
        projection_dim=text[0],
    )  # fmt: skip
    return CLIPModel(config)


def siglip() -> SiglipModel:
    """SigLIP 2 base/16 at 224 pixels, with its vocabulary of 256,000 pieces."""
    return SiglipModel(SiglipConfig(text_config={"vocab_size": 256_000}, vision_config={}))


MODELS: dict[str, Any] = {
    "openai/clip-vit-base-patch32": lambda: clip((768, 12, 12), 32, (512, 12, 8)),
    "openai/clip-vit-base-patch16": lambda: clip((768, 12, 12), 16, (512, 12, 8)),
    "openai/clip-vit-large-patch14": lambda: clip((1024, 24, 16), 14, (768, 12, 12)),
    "google/siglip2-base-patch16-224": siglip,
}


def main() -> None:
    """All models; see the module's first lines."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    ).parse_args()
    rows = []
    for name, make in MODELS.items():
        row = {"model": name, **measure(make())}
        rows.append(row)
        print(row)
    keep(
        "memory",
        {
            "models": rows,
            "tokens": TEXT_TOKENS,
            "assumed_flops_per_s": T4_FLOPS,
            "pictures": FLICKR8K,
            "epochs": EPOCHS,
        },
    )


def measure(network: Any) -> dict[str, Any]:
    """Of one network: parameters, GB for training, kept bytes and operations per pair."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    few, many = 2, 6
    (small, _), (large, operations) = (kept_for_backward(network, pairs) for pairs in (few, many))
    per_pair = (large - small) / (many - few)
    operations = 3 * operations / many  # backward costs twice what forward does
    state = (16 + 2) * parameters  # weights, gradients, two moments in float32; bf16 copies
    return {
        "parameters_millions": round(parameters / 1e6, 1),
        "state_gb": round(state / 1e9, 1),
        "activations_mb_per_pair": round(per_pair / 1e6, 1),
        f"gb_at_batch_{BATCH}": round((state + BATCH * per_pair) / 1e9, 1),
        f"gb_at_micro_batch_{PART}": round((state + PART * per_pair) / 1e9, 1),
        "gflop_per_pair": round(operations / 1e9, 1),
        "t4_minutes": round(EPOCHS * FLICKR8K * operations / T4_FLOPS / 60, 1),
    }


def kept_for_backward(network: Any, pairs: int) -> tuple[int, int]:
    """Bytes that a forward pass in bf16 keeps for the backward one, and its operations."""
    pixels = torch.randn(pairs, 3, 224, 224)
    length = TEXT_TOKENS if isinstance(network, CLIPModel) else 64
    tokens = torch.randint(1, 1000, (pairs, length))
    kept: dict[int, int] = {}
    alive: list[torch.Tensor] = []  # so that no address is counted for two

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        alive.append(tensor)
        return tensor

    counter = FlopCounterMode(display=False)
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16),
        counter,
    ):
        images = network.get_image_features(pixel_values=pixels)
        texts = network.get_text_features(input_ids=tokens)
    alive += [images.pooler_output, texts.pooler_output]
    return sum(kept.values()), counter.get_total_flops()


if __name__ == "__main__":
    main()
