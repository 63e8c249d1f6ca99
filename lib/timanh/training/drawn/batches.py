"""What each step sees: pictures, texts in both languages, and which are true of which."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timanh.data.scenes.queries import BARE, LANGUAGES, Query, caption_query, short_query
from timanh.training.drawn.pictures import GROUP, Pictures, scene_at
from timanh.training.drawn.truth import Truth

CAPTIONS = 4  # the first of each picture's five, those that are as long as captions
MOST_SHIFT = 6  # pixels
DROPPED = 0.06  # share of the words of a caption that are left out


@dataclass(frozen=True)
class Texts:
    """M texts about N pictures, and C changes of one of the pictures into another.

    Attributes:
        right, unknown: (N, M) bool, see `Truth.answers`.
        words: C texts that ask for a change, “the same but blue”.
        given, changed: (C,) rows of the pictures before and after it.
    """

    texts: list[str]
    right: Tensor
    unknown: Tensor
    words: list[str]
    given: Tensor
    changed: Tensor


@dataclass(frozen=True)
class Batch:
    """N pictures and texts about them.

    Attributes:
        pixels: (N, 3, side, side) float32 in -2..2.
        truth: of the pictures as they are shown.
    """

    pixels: Tensor
    truth: Truth
    about: Texts


class Batches:
    """Batches by the number of their step, the same ones every time.

    Args:
        size: pictures in a batch, whole groups.
        short: short texts a picture, beside one of its captions.
        bare: share of the short texts that only name things.
        scenes_of: the seed that the pictures were drawn from, where it is another.
    """

    def __init__(
        self,
        pictures: Pictures,
        seed: int,
        *,
        size: int,
        short: int,
        bare: float = BARE,
        scenes_of: int | None = None,
    ) -> None:
        self.pictures = pictures
        self.seed = seed
        self.size = size
        self.short = short
        self.bare = bare
        drawn = seed if scenes_of is None else scenes_of
        rows = [scene_at(row, drawn) for row in range(pictures.count)]
        self.scenes = [scene for scene, _ in rows]
        self.changes = [change for _, change in rows]
        self.truth = Truth.of(self.scenes)

    @cached_property
    def per_epoch(self) -> int:
        """Steps in which each picture comes once."""
        return self.pictures.count // self.size

    def rows(self, step: int) -> NDArray[np.int64]:
        """(N,) which pictures a step sees; each once an epoch, in an order of its own."""
        epoch, place = divmod(step, self.per_epoch)
        groups = np.random.default_rng((self.seed, epoch)).permutation(self.pictures.count // GROUP)
        number = self.size // GROUP
        chosen = groups[place * number : (place + 1) * number]
        return (chosen[:, None] * GROUP + np.arange(GROUP)).ravel()

    def __call__(self, step: int) -> Batch:
        rows = self.rows(step)
        rng = random.Random(f"{self.seed}/{step}")
        flipped = np.array([rng.random() < 0.5 for _ in rows])
        shifts = [(_shift(rng), _shift(rng)) for _ in rows]
        about = self.texts(rows, rng)
        pixels = _shown(self.pictures[rows.tolist()], flipped, shifts)
        moves = np.array(shifts, np.float32) / np.float32(pixels.shape[-1])
        return Batch(pixels, self.truth[rows].mirrored(flipped).moved(moves), about)

    def texts(self, rows: NDArray[np.int64], rng: random.Random) -> Texts:
        """Texts about the pictures of `rows`."""
        queries, owners = self._queries(rows, rng)
        right, unknown = self.truth[rows].answers(queries, owners)
        texts = [_shortened(query, rng) for query in queries]
        changes = [(after, self.changes[row]) for after, row in enumerate(rows)]
        pairs = [(after, change) for after, change in changes if change is not None]
        words = [getattr(change, rng.choice(list(LANGUAGES))) for _, change in pairs]
        changed = torch.tensor([after for after, _ in pairs], dtype=torch.long)
        known = (torch.from_numpy(right), torch.from_numpy(unknown))
        return Texts(texts, *known, words, changed - 1, changed)

    def _queries(
        self, rows: NDArray[np.int64], rng: random.Random
    ) -> tuple[list[Query], list[int]]:
        queries, owners = [], []
        languages = list(LANGUAGES)
        for owner, row in enumerate(rows):
            scene = self.scenes[row]
            queries.append(caption_query(scene, rng.randrange(CAPTIONS), rng.choice(languages)))
            for _ in range(self.short):
                queries.append(short_query(scene, rng.choice(languages), rng, bare=self.bare))
            owners += [owner] * (1 + self.short)
        return queries, owners


def _shift(rng: random.Random) -> int:
    return rng.randint(-MOST_SHIFT, MOST_SHIFT)


def _shown(
    pictures: NDArray[np.uint8], flipped: NDArray[np.bool_], shifts: Sequence[tuple[int, int]]
) -> Tensor:
    """(N, side, side, 3) to pixels as the network takes them, some mirrored, all moved a bit."""
    shown = np.empty_like(pictures)
    side = pictures.shape[1]
    for number, (right, down) in enumerate(shifts):
        picture = pictures[number, :, ::-1] if flipped[number] else pictures[number]
        # What the edge lacks is its last line of pixels again.
        rows = np.clip(np.arange(side) - down, 0, side - 1)
        columns = np.clip(np.arange(side) - right, 0, side - 1)
        shown[number] = picture[rows[:, None], columns[None]]
    return as_pixels(torch.from_numpy(shown))


def as_pixels(pictures: Tensor) -> Tensor:
    """(N, side, side, 3) uint8 to (N, 3, side, side) float32 in -2..2, channels last in memory."""
    return pictures.permute(0, 3, 1, 2).float().div_(255).sub_(0.5).div_(0.25)


def _shortened(query: Query, rng: random.Random) -> str:
    if not query.whole:
        return query.text
    words = query.text.split()
    return " ".join(word for word in words if rng.random() >= DROPPED) or query.text
