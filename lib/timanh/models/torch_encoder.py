"""An encoder that runs on torch, whatever towers it has."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from timanh.models.encoder import Encoder, TextLength, Vectors
from timanh.models.fingerprints import fingerprint
from timanh.models.picture_tower import PictureTower
from timanh.models.preparation import ImagePreparation
from timanh.models.texts import TextPreparation

IMAGE, TEXT = "image", "text"  # the two towers
PICTURES_ON_CPU = 32
Arrays = dict[str, NDArray[Any]]  # what a tower is fed, by the names of its inputs


def few_at_a_time(pixels: Tensor) -> Sequence[Tensor]:
    """As many pictures at a time as a CPU keeps at hand: an EfficientNet is twice as fast on 32 as
    on 64, whose feature maps no longer fit."""
    return torch.split(pixels, PICTURES_ON_CPU) if pixels.device.type == "cpu" else [pixels]


class TowerExecution(Protocol):
    """Computes the towers of an encoder by something other than plain torch where that pays."""

    def run(self, which: str, batch: Arrays) -> NDArray[np.float32] | None:
        """(N, dim) features, not normalised; None where torch is to be used."""

    def runtime_of(self, which: str) -> str:
        """The name of what computes this tower."""

    def choose_runtime_for(self, which: str, rows: int) -> None:
        """Choose a runtime for a tower that is about to compute so many rows."""

    def forget(self) -> None:
        """The weights have changed: all goes back to torch, for good."""


class TorchEncoder(Encoder):
    """Picture tower, text tower, and how both are fed.

    A subclass says how to run and how to save its network; all else is here.
    """

    def __init__(
        self,
        network: nn.Module,
        preparation: ImagePreparation,
        texts: TextPreparation,
        *,
        name: str,
        dim: int,
        languages: tuple[str, ...],
        device: str,
    ) -> None:
        self.network = network.to(device).eval()
        self.preparation = preparation
        self.texts = texts
        self.name = name
        self.dim = dim
        self.languages = languages
        self.device = device
        self.execution: TowerExecution | None = None

    def image_features(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, dim), not normalised, with gradients; for training."""
        raise NotImplementedError

    def text_features(self, tokens: dict[str, Tensor]) -> Tensor:
        """Padded tokens to (N, dim), not normalised, with gradients; for training."""
        raise NotImplementedError

    @property
    def logit_scale(self) -> nn.Parameter:
        """The learned log of 1 / temperature."""
        return cast(nn.Parameter, self.network.logit_scale)

    @property
    def min_decode_side(self) -> int:  # type: ignore[override]
        return self.preparation.min_decode_side

    @property
    def model(self) -> nn.Module:
        return self.network

    def prepare_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        return self.preparation(images)

    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        if not len(pixels):
            return np.zeros((0, self.dim), np.float32)
        features = self.execution and self.execution.run(IMAGE, {"pixels": pixels})
        if features is not None:
            return _unit(torch.from_numpy(features))
        whole = torch.from_numpy(pixels).to(self.device)
        if whole.device.type == "cpu":
            whole = whole.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            return _unit(torch.cat([self.image_features(few) for few in few_at_a_time(whole)]))

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 256) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        self.choose_runtime_for(texts=len(texts))
        # Texts of like length together, so that little is padded; then back in order.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.empty((len(texts), self.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                tokens = self.texts([texts[row] for row in rows])
                vectors[rows] = self._encode_tokens(tokens)
        return vectors

    def _encode_tokens(self, tokens: dict[str, Tensor]) -> Vectors:
        arrays = {name: value.numpy() for name, value in tokens.items()}
        features = self.execution and self.execution.run(TEXT, arrays)
        if features is not None:
            return _unit(torch.from_numpy(features))
        on_device = {name: value.to(self.device) for name, value in tokens.items()}
        return _unit(self.text_features(on_device))

    @property
    def max_tokens(self) -> int:
        return self.texts.max_length

    def text_length(self, text: str) -> TextLength:
        return self.texts.length_of(text)

    @property
    def picture_tower(self) -> PictureTower:
        """The vision tower alone, sharing its weights, without the projection."""
        tower = cast(nn.Module, self.network.vision_model)
        return PictureTower(tower, self.preparation, name=self.name, device=self.device)

    def grid_features(
        self, images: Sequence[Image.Image], *, batch_size: int = 32
    ) -> NDArray[np.float32] | None:
        return self.picture_tower.grid_features(images, batch_size=batch_size)

    def choose_runtime_for(self, *, images: int = 0, texts: int = 0) -> None:
        if self.execution is not None:
            self.execution.choose_runtime_for(IMAGE, images)
            self.execution.choose_runtime_for(TEXT, texts)

    @property
    def runtime(self) -> str:  # type: ignore[override]
        return self.execution.runtime_of(IMAGE) if self.execution else "torch"

    @cached_property
    def fingerprint(self) -> str:  # type: ignore[override]
        # Dictionaries store it: computed from anything else, it would lock them out.
        return fingerprint(self.network, self.preparation.describe(), self.texts.max_length)

    @cached_property
    def text_fingerprint(self) -> str:
        return fingerprint(self.network, self.texts.describe())

    def set_square_padding(self, padded: bool) -> None:
        """Pad pictures to squares, or stop doing so; this changes the fingerprint of pictures."""
        self.preparation = replace(self.preparation, square_padding=padded)
        self.__dict__.pop("fingerprint", None)

    def forget_fingerprint(self) -> None:
        """To be called when the weights have changed."""
        self.__dict__.pop("fingerprint", None)
        self.__dict__.pop("text_fingerprint", None)
        if self.execution is not None:
            self.execution.forget()

    def save_pretrained(self, folder: Path) -> None:
        raise NotImplementedError


def _unit(features: Tensor) -> NDArray[np.float32]:
    unit = nn.functional.normalize(features.float(), dim=-1)
    return unit.cpu().numpy()
