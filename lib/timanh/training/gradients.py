"""From a batch to gradients: at once, or in parts that give the same gradients.

RowBlocks are computed as by Gao et al. 2021 (GradCache): all features first without a graph, the
loss and its gradient by feature, then each part once more with its graph, through which that
gradient goes on. Each part's dropout follows from its own seed, so both times drop the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from timanh.models.torch_encoder import TorchEncoder, few_at_a_time
from timanh.training.feeding import Batch, step_seed
from timanh.training.losses import info_nce, sigmoid_loss
from timanh.training.precision import Precision
from timanh.training.recipe import Recipe

GROUPS, SHORTEST_GROUP = 4, 32  # texts of a batch are padded in groups of like length
Forward = Callable[[], Tensor]


@dataclass(frozen=True)
class Gradients:
    """Computes the loss of a batch and leaves its gradients in the parameters."""

    encoder: TorchEncoder
    recipe: Recipe
    precision: Precision
    logit_bias: nn.Parameter

    def __call__(self, batch: Batch) -> Tensor:
        """The loss, a scalar without a graph."""
        size = self.recipe.micro_batch or len(batch)
        if size >= len(batch):
            see, read = next(self._parts(batch, len(batch)))
            loss = self.loss(see(), read(), batch.positives)
            self.precision.backward(loss)
            return loss.detach()
        with torch.no_grad():
            features = [(images(), texts()) for images, texts in self._parts(batch, size)]
        images, texts = (torch.cat(side).requires_grad_() for side in zip(*features, strict=True))
        loss = self.loss(images, texts, batch.positives)
        self.precision.backward(loss)
        pulls = zip(_like(images.grad, features, 0), _like(texts.grad, features, 1), strict=True)
        for forwards, pull in zip(self._parts(batch, size), pulls, strict=True):
            for forward, gradient in zip(forwards, pull, strict=True):
                again = forward()
                if again.requires_grad:  # a frozen tower has no graph
                    again.backward(gradient)  # type: ignore[no-untyped-call]
        return loss.detach()

    def loss(self, images: Tensor, texts: Tensor, positives: Tensor | None) -> Tensor:
        """The recipe's, of (N, dim) and (N k, dim) features."""
        encoder, smoothing = self.encoder, self.recipe.label_smoothing
        if self.recipe.loss == "sigmoid":
            return sigmoid_loss(
                images, texts, encoder.logit_scale, self.logit_bias,
                positives=positives, label_smoothing=smoothing,
            )  # fmt: skip
        return info_nce(
            images, texts, encoder.logit_scale, positives=positives, label_smoothing=smoothing
        )

    def _parts(self, batch: Batch, size: int) -> Iterator[tuple[Forward, Forward]]:
        """Forward passes of `size` pictures and of their captions, which may be run again."""
        each = len(batch.tokens) // len(batch)
        for start in range(0, len(batch), size):
            rows = slice(start, start + size)
            captions = batch.tokens[start * each : (start + size) * each]
            seed = step_seed(self.recipe.seed, batch.step) + start

            def images(rows: slice = rows, seed: int = seed) -> Tensor:
                torch.manual_seed(seed)
                pixels = self._pixels(batch, rows)
                with self.precision():
                    # In parts only where the statistics of the batch are not learned.
                    parts = few_at_a_time(pixels) if self.recipe.freeze_norm else [pixels]
                    features = [self.encoder.image_features(part) for part in parts]
                return torch.cat(features).float()

            def texts(captions: list[list[int]] = captions, seed: int = seed) -> Tensor:
                torch.manual_seed(seed + 1)
                return self._read(captions)

            yield images, texts

    def _read(self, captions: list[list[int]]) -> Tensor:
        """(M, dim) features; captions of like length together, so that little is padded."""
        order = sorted(range(len(captions)), key=lambda index: len(captions[index]))
        size = max(SHORTEST_GROUP, -(-len(order) // GROUPS))
        features = []
        for start in range(0, len(order), size):
            group = [captions[index] for index in order[start : start + size]]
            tokens = {
                key: value.to(self.encoder.device, non_blocking=True)
                for key, value in self.encoder.texts.pad(group).items()
            }
            with self.precision():
                features.append(self.encoder.text_features(tokens).float())
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(features)[back.to(features[0].device)]

    def _pixels(self, batch: Batch, rows: slice) -> Tensor:
        """(n, 3, H, W) float32 on the device, varied and normalised, channels last."""
        preparation = self.encoder.preparation
        raw = batch.pixels[rows].to(self.encoder.device, non_blocking=True)
        pictures = batch.variation.part(rows).apply(raw.permute(0, 3, 1, 2).float() / 255)
        mean = torch.tensor(preparation.mean, device=raw.device).view(1, 3, 1, 1)
        std = torch.tensor(preparation.std, device=raw.device).view(1, 3, 1, 1)
        return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)


def _like(
    gradient: Tensor | None, features: Sequence[tuple[Tensor, Tensor]], side: int
) -> tuple[Tensor, ...]:
    """A gradient cut as the parts' features were."""
    whole = torch.cat([part[side] for part in features]) * 0 if gradient is None else gradient
    return torch.split(whole, [len(part[side]) for part in features])
