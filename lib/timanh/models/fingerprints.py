"""A few digits that change when what a network computes changes."""

import hashlib
from typing import Any

import numpy as np
from torch import nn


def fingerprint(network: nn.Module, *parts: Any) -> str:
    """16 hex digits over all weights (as float32, so that the same numbers stored in float16 have
    the same fingerprint) and over the `parts` that decide about the vectors too."""
    digest = hashlib.blake2b(digest_size=8)
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        floats = value.detach().cpu()
        if floats.is_floating_point():
            floats = floats.float()
        digest.update(np.ascontiguousarray(floats.numpy()).data)
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()
