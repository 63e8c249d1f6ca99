"""Which half precision a GPU computes itself."""

import torch


def gpu_has_bf16() -> bool:
    """Whether the GPU at hand computes bfloat16 in hardware, as those from Ampere on (8.0) do.

    Older ones, such as Colab's T4 (7.5), emulate it slowly, and torch counts that as support
    unless asked not to.
    """
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))
