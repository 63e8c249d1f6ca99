"""The blocks of a network's towers, from the input up, whatever their model calls them."""

import re

from torch import nn

HEADS = ("projection", "logit_scale", "logit_bias")
NUMBER = re.compile(r"^(.*?\.\d+)(?:\.|$)")


def part_of(name: str) -> str:
    """Of which part a parameter is: "vision", "text" or "head"."""
    if is_head(name):
        return "head"
    return "text" if name.startswith("text") else "vision"


def is_head(name: str) -> bool:
    """Whether a parameter belongs to a projection head, the temperature or the bias."""
    return any(part in name for part in HEADS)


def block_depths(network: nn.Module) -> dict[str, tuple[int, int]]:
    """Parameter → (its block's number from the input up, number of blocks of its tower).

    A block is what shares a name up to the first number, such as `text_model.encoder.layer.3`,
    or, without one, a child of the tower, such as its embeddings; blocks count in the order in
    which the network registers them. Heads count as one above their tower's last.
    """
    blocks: dict[str, list[str]] = {"vision": [], "text": []}
    where: dict[str, tuple[str, str]] = {}
    for name, _ in network.named_parameters():
        part = part_of(name)
        if part == "head":
            continue
        numbered = NUMBER.match(name)
        block = numbered.group(1) if numbered else ".".join(name.split(".")[:2])
        if block not in blocks[part]:
            blocks[part].append(block)
        where[name] = (part, block)
    return {
        name: (blocks[part].index(block), len(blocks[part]))
        for name, (part, block) in where.items()
    }
