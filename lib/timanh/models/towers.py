"""One tower of an encoder as a separate network, with inputs to compare runtimes on."""

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from timanh.models import clip_towers
from timanh.models.torch_encoder import IMAGE, Arrays, TorchEncoder

PROBES = 16
# Short and long, in both languages, so that several lengths of rows are tried.
WORDS = (
    "a red car", "hai con mèo dưới mưa", "two dogs run along the beach at sunset",
    "một người phụ nữ mặc áo dài đi xe đạp qua cầu", "snow", "children playing football on grass",
    "a man in a blue shirt climbs a steep rock while a crowd of people watches him from below",
    "chợ nổi",
)  # fmt: skip


class Tower(nn.Module):
    """Picture or text tower: inputs to features, (N, dim) float32, not normalised.

    `forward` skips what the features do not need, for the families that `clip_towers` supports;
    `reference` computes the model unchanged.
    """

    def __init__(self, encoder: TorchEncoder, which: str) -> None:
        super().__init__()
        self.network = encoder.network
        self.which = which
        self._encoder = [encoder]  # in a list, so that torch registers no submodule

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("pixels",) if self.which == IMAGE else self._encoder[0].texts.inputs

    def forward(self, *inputs: Tensor) -> Tensor:
        if not clip_towers.supports(self.network):
            return self.unchanged_forward(*inputs)
        if self.which == IMAGE:
            return clip_towers.image_forward(self.network, *inputs)
        return clip_towers.text_forward(self.network, *inputs)

    def unchanged_forward(self, *inputs: Tensor) -> Tensor:
        """The features as the model's class computes them."""
        encoder = self._encoder[0]
        if self.which == IMAGE:
            return encoder.image_features(inputs[0])
        return encoder.text_features(dict(zip(self.inputs, inputs, strict=True)))

    def shapes(self) -> list[list[int]]:
        """The shape of each input; −1 where it varies."""
        preparation, texts = self._encoder[0].preparation, self._encoder[0].texts
        if self.which == IMAGE:
            return [[-1, 3, preparation.height, preparation.width]]
        return [[-1, texts.max_length if texts.full_length else -1]] * len(texts.inputs)

    def probes(self) -> list[Arrays]:
        """Batches to compare runtimes with: pictures with areas, edges and grain, or texts."""
        encoder = self._encoder[0]
        if self.which == IMAGE:
            pixels = _pictures(encoder.preparation.height, encoder.preparation.width)
            return [{"pixels": encoder.preparation.normalise(pixels)}]
        return [
            {
                name: np.asarray(value)
                for name, value in encoder.texts.pad(encoder.texts.token_ids(texts)).items()
            }
            for texts in (WORDS, WORDS[:1], WORDS[1:5])
        ]

    @cached_property
    def compared(self) -> list[tuple[Arrays, NDArray[np.float32]]]:
        """Each batch of probes with its `reference` features."""
        return [(batch, self.reference(batch)) for batch in self.probes()]

    @torch.inference_mode()
    def reference(self, batch: Arrays) -> NDArray[np.float32]:
        """(N, dim) features of a batch, computed by torch in float32."""
        tensors = [
            torch.from_numpy(batch[name]).to(self._encoder[0].device) for name in self.inputs
        ]
        features: NDArray[np.float32] = self.unchanged_forward(*tensors).float().cpu().numpy()
        return features


def _pictures(height: int, width: int) -> NDArray[np.uint8]:
    """(PROBES, height, width, 3): blurred and sharp blocks of colour under grain."""
    from PIL import Image

    random = np.random.default_rng(0)
    pictures = []
    for number in range(PROBES):
        layers = np.zeros((height, width, 3), np.float32)
        for cells in (3, 8, 24):
            block = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
            sharp = Image.Resampling.NEAREST if number % 2 else Image.Resampling.BICUBIC
            layers += np.asarray(block.resize((width, height), sharp), np.float32)
        grain = random.normal(0, 12, layers.shape)
        pictures.append((layers / 3 + grain).clip(0, 255).astype(np.uint8))
    return np.stack(pictures)
