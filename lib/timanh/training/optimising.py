"""AdamW, the schedule of its rate, and mixed precision for the device at hand."""

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from timanh.training.recipe import Recipe

HEADS = ("projection", "logit_scale", "logit_bias")


def make_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over six groups: vision, text and heads, each matrices (decayed) and the rest."""
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        groups.setdefault((_part(name), parameter.ndim >= 2), []).append(parameter)
    rates = {
        "vision": recipe.learning_rate,
        "text": recipe.text_learning_rate or recipe.learning_rate,
        "head": recipe.head_learning_rate or recipe.learning_rate,
    }
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": rates[part],
                "peak": rates[part],
                "weight_decay": recipe.weight_decay if matrix else 0.0,
            }
            for (part, matrix), parameters in sorted(groups.items(), key=lambda entry: entry[0])
        ],
        betas=(0.9, 0.98),
        eps=1e-6,
    )


def _part(name: str) -> str:
    if is_head(name):
        return "head"
    return "text" if name.startswith("text") else "vision"


def is_head(name: str) -> bool:
    """Whether a parameter belongs to a projection head or the temperature."""
    return any(part in name for part in HEADS)


def set_rates(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps: int) -> float:
    """Set each group's rate for `step` of `steps`; returns the highest."""
    factor = rate_factor(recipe, step, steps)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    return float(max(group["lr"] for group in optimiser.param_groups))


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """0..1: linear warm-up, then constant or a cosine to 0."""
    warmup = math.ceil(recipe.warmup * steps)
    if step < warmup:
        return (step + 1) / warmup
    if not recipe.cosine:
        return 1.0
    done = (step - warmup) / max(1, steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * done))


class Precision:
    """bf16 where the device computes it, fp16 with scaled gradients on older GPUs, else fp32."""

    def __init__(self, device: str, wanted: bool) -> None:
        self.device_type = torch.device(device).type
        self.dtype = _best_dtype(self.device_type) if wanted else None
        self.scaler = torch.amp.GradScaler(self.device_type, enabled=self.dtype is torch.float16)

    def __call__(self) -> AbstractContextManager[object]:
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.device_type, dtype=self.dtype)

    def step(
        self,
        loss: torch.Tensor,
        optimiser: torch.optim.Optimizer,
        network: nn.Module,
        clip_norm: float | None,
    ) -> None:
        """Backward, clip, update."""
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if clip_norm is not None:
            self.scaler.unscale_(optimiser)
            torch.nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
        self.scaler.step(optimiser)
        self.scaler.update()


def _best_dtype(device_type: str) -> torch.dtype | None:
    if device_type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device_type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return None


def _cpu_has_bf16() -> bool:
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())
