"""The blocks of a network's towers, from the input up, whatever their model calls them."""

import re
from collections.abc import Sequence
from itertools import takewhile

from torch import nn

HEADS = ("projection", "logit_scale", "logit_bias")
NUMBER = re.compile(r"^(.*?\.\d+)(?:\.|$)")


def part_of(name: str) -> str:
    """Of which part a parameter is: "vision", "text" or "head"."""
    if is_head(name):
        return "head"
    return "text" if name.startswith("text") else "vision"


def is_head(name: str) -> bool:
    """Whether a parameter, or a module, belongs to a projection head, the temperature or the bias.

    Only what the network itself holds: a ViT calls the layer on its patches a projection too.
    """
    return any(part in name.partition(".")[0] for part in HEADS)


def block_depths(network: nn.Module) -> dict[str, tuple[int, int]]:
    """Parameter → (its block's number from the input up, number of blocks of its tower).

    A block is what shares a name up to the first number, such as `text_model.encoder.layer.3`,
    or, without one, a child of the tower, such as its embeddings; blocks count in the order in
    which the network registers them. Heads count as one above their tower's last.
    """
    names = [name for name, _ in network.named_parameters() if part_of(name) != "head"]
    shared = {part: _shared_levels(names, part) for part in ("vision", "text")}
    blocks: dict[str, list[str]] = {"vision": [], "text": []}
    where: dict[str, tuple[str, str]] = {}
    for name in names:
        part = part_of(name)
        numbered = NUMBER.match(name)
        block = numbered.group(1) if numbered else ".".join(name.split(".")[: shared[part] + 1])
        if block not in blocks[part]:
            blocks[part].append(block)
        where[name] = (part, block)
    return {
        name: (blocks[part].index(block), len(blocks[part]))
        for name, (part, block) in where.items()
    }


def _shared_levels(names: Sequence[str], part: str) -> int:
    """How many names all parameters of a tower begin with; 2 where a model is wrapped, as timm's
    are in `vision_model.timm_model`."""
    paths = [name.split(".")[:-1] for name in names if part_of(name) == part]
    together = zip(*paths, strict=False)
    return max(1, sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, together)))
