"""Weights named as in OpenAI's CLIP and open_clip, renamed as transformers has them."""

import re

from torch import Tensor

BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")
WITHIN = {
    "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
}  # fmt: skip
WHOLE = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "logit_scale": "logit_scale",
}
TURNED = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
# Entries of OpenAI's files that are sizes and a mask, not weights.
NUMBERS = ("input_resolution", "context_length", "vocab_size", "attn_mask")


def is_openai(weights: dict[str, Tensor]) -> bool:
    """Whether these are the names of a CLIP with a ViT in OpenAI's code or open_clip."""
    return "visual.conv1.weight" in weights and "visual.class_embedding" in weights


def to_transformers(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights by the names of `transformers.CLIPModel`; other names stay."""
    renamed: dict[str, Tensor] = {}
    for stored_name, value in weights.items():
        # open_clip keeps the text tower under "text." in some of its models.
        name = stored_name.removeprefix("text.")
        block = BLOCK.fullmatch(name)
        if block:
            renamed.update(_of_block(block, value))
        elif name in TURNED:
            renamed[TURNED[name]] = value.T.contiguous()
        elif name not in NUMBERS:
            renamed[WHOLE.get(name, name)] = value
    return renamed


def _of_block(block: re.Match[str], value: Tensor) -> dict[str, Tensor]:
    visual, number, rest = block.groups()
    layer = f"{'vision' if visual else 'text'}_model.encoder.layers.{number}"
    inner, _, kind = rest.rpartition(".")
    if rest.startswith("attn.in_proj_"):  # query, key and value in one
        kind = rest.removeprefix("attn.in_proj_")
        parts = zip("qkv", value.chunk(3), strict=True)
        return {f"{layer}.self_attn.{one}_proj.{kind}": part.clone() for one, part in parts}
    return {f"{layer}.{WITHIN.get(inner, inner)}.{kind}": value}
