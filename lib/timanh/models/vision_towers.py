"""What a vision model of any kind gives, and pictures of which size it takes."""

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from timanh.errors import ModelFormatError

INTERPOLATE = "interpolate_pos_encoding"  # as transformers' vision models call it
POOLER, MEAN_MAX = "pooler", "mean+max"
Size = tuple[int, int]  # height, width in pixels


def pool_vision(output: Any, pooling: str = POOLER) -> Tensor:
    """(N, width): the whole picture in one row.

    With "pooler" the pooler's output if there is one (4-D as ResNet's, or 2-D), else the class
    token or the mean; with "mean+max" the mean and the maximum over a 4-D grid, side by side.
    """
    if pooling == MEAN_MAX:
        grid: Tensor = output.last_hidden_state.flatten(2)  # (N, width, rows * columns)
        return torch.cat([grid.mean(2), grid.amax(2)], 1)
    pooled = getattr(output, "pooler_output", None)
    if pooled is None:
        hidden: Tensor = output.last_hidden_state
        pooled = hidden.mean((2, 3)) if hidden.ndim == 4 else hidden[:, 0]
    flat: Tensor = pooled.flatten(1)
    return flat


def needs_interpolation(vision: nn.Module, size: Size) -> bool:
    """Whether a transformer's positions, learnt for pictures of one size, have to be stretched."""
    learnt = getattr(vision.config, "image_size", None)
    if not isinstance(learnt, int | list | tuple):
        return False
    sides = (learnt, learnt) if isinstance(learnt, int) else tuple(learnt)
    return sides != size and INTERPOLATE in inspect.signature(vision.forward).parameters


def vision_width(
    vision: nn.Module, size: Size, options: dict[str, Any], pooling: str = POOLER
) -> int:
    """Length of its pooled output, by a forward pass: configs name it in a dozen ways.

    Raises:
        ModelFormatError: it takes no pictures of this size.
    """
    was_training = vision.training
    try:
        with torch.no_grad():
            output = vision.eval()(pixel_values=torch.zeros(1, 3, *size), **options)
            width = pool_vision(output, pooling).shape[1]
    except (AssertionError, RuntimeError, ValueError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise ModelFormatError(
            f"The vision tower takes no pictures of {size[0]} × {size[1]} pixels ({first}).",
            cli="Leave --image-size away, or give a size that it takes.",
            notebook="Leave image_size away, or give a size that it takes.",
        ) from error
    finally:
        vision.train(was_training)
    return int(width)
