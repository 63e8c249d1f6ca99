"""Mixed precision for the device at hand."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from timanh.models.half import gpu_has_bf16


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

    def backward(self, loss: Tensor) -> None:
        """Gradients, scaled where the scaler is on."""
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def step(
        self, optimiser: torch.optim.Optimizer, network: nn.Module, clip_norm: float | None
    ) -> None:
        """Clip and update."""
        if clip_norm is not None:
            self.scaler.unscale_(optimiser)
            torch.nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
        self.scaler.step(optimiser)
        self.scaler.update()


def _best_dtype(device_type: str) -> torch.dtype | None:
    if device_type == "cuda":
        return torch.bfloat16 if gpu_has_bf16() else torch.float16
    if device_type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return None


def _cpu_has_bf16() -> bool:
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())
