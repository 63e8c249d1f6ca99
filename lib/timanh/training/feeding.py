"""Batches made ready on another thread while the step before them is computed."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from timanh.errors import DataError
from timanh.models.texts import TextPreparation
from timanh.training.augmenting import Variation, draw_variation, flip_some
from timanh.training.pairs import Item, epoch_batches
from timanh.training.recipe import Recipe
from timanh.training.shared import SameCaptions, SharedCaptions
from timanh.training.streamed import Pixels

AHEAD = 3  # batches made ready before they are needed


@dataclass(frozen=True)
class Batch:
    """N pictures with k captions each, still on the CPU.

    Attributes:
        step: its number in the whole run.
        pixels: (N, H, W, 3) uint8, mirrored already where they are to be.
        variation: the rest of what is to be done to them.
        tokens: per caption its ids; those of picture i are i k … i k + k - 1.
        positives: (N, N k) bool, which captions are true of which pictures; None where each
            picture has its one caption alone.
    """

    step: int
    pixels: Tensor
    variation: Variation
    tokens: list[list[int]]
    positives: Tensor | None

    def __len__(self) -> int:
        return len(self.pixels)


def step_seed(seed: int, step: int) -> int:
    """From which everything random in a step follows, so that any step can be repeated alone."""
    return (seed * 1_000_003 + step) % (1 << 63)


class Feeder:
    """Makes the batches of an epoch, a few ahead.

    Attributes:
        waited: seconds that `batches` has kept its caller waiting.
    """

    def __init__(
        self,
        pixels: Pixels,
        captions: Sequence[tuple[str, ...]],
        texts: TextPreparation,
        recipe: Recipe,
    ) -> None:
        self.waited = 0.0
        self._pixels = pixels
        self._captions = captions
        self._texts = texts
        self._recipe = recipe
        self._same = SameCaptions(captions)
        self._shared = SharedCaptions(captions) if recipe.shared_captions else None

    def batches(self, epoch: int, first: int, steps: int) -> Iterator[Batch]:
        """Those of an epoch of `steps` steps, from its step `first` on."""
        wanted = epoch_batches(self._captions, self._recipe, epoch)
        ready: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
            for number in range(first, len(wanted) + AHEAD):
                if number < len(wanted):
                    step = epoch * steps + number
                    ready.append(thread.submit(self.make, wanted[number], step))
                if number >= first + AHEAD or number >= len(wanted):
                    yield self._take(ready)
                    if not ready:
                        return

    def _take(self, ready: deque[Future[Batch]]) -> Batch:
        began = time.monotonic()
        batch = ready.popleft().result()
        self.waited += time.monotonic() - began
        return batch

    def make(self, items: Sequence[Item], step: int) -> Batch:
        """The batch of these items."""
        recipe = self._recipe
        generator = torch.Generator().manual_seed(step_seed(recipe.seed, step))
        there, raw = self._pixels.take([row for row, _ in items])  # (N, H, W, 3) uint8
        items = [items[place] for place in there]
        if len(items) < 2:
            raise DataError(
                f"{len(items)} of the pictures of step {step + 1} can be read, and a step needs 2; "
                f"the first: {next(iter(self._pixels.skipped.values()), '')}"
            )
        rows = [row for row, _ in items]
        captions = [caption for _, texts in items for caption in texts]
        if recipe.flip:
            flip_some(raw, [texts for _, texts in items], generator)
        variation = draw_variation(
            len(items), crop=recipe.crop, colour=recipe.colour, generator=generator
        )
        tokens = self._texts.token_ids(captions)
        return Batch(step, torch.from_numpy(raw), variation, tokens, self.positives(rows, captions))

    def positives(self, rows: Sequence[int], captions: Sequence[str]) -> Tensor | None:
        """(N, N k) bool: its own captions, the same words under another picture, and where the
        recipe shares them, more; None where each picture has its one caption alone."""
        each = len(captions) // len(rows)
        right = self._same.under(rows, captions)
        if self._shared is not None:
            return right | self._shared.true_of(rows, captions)
        return None if each == 1 and int(right.sum()) == len(rows) else right
