"""What every captioner offers, whatever network is behind it."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import LanguageError, SettingsError

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence about a picture.

    Attributes:
        text: ordinary text, without special tokens, with blanks between Vietnamese syllables.
        language: ISO code, such as "en".
        log_probability: mean natural logarithm of the probability of a word, at most 0.
    """

    text: str
    language: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Where a captioner looked while it wrote a word.

    Attributes:
        word: as it stands in the caption.
        weights: (rows, columns) float32 at least 0, the top row of the picture first; what their
            sum lacks of 1 went to the picture as a whole.
    """

    word: str
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attention:
    """Where a captioner looked, word by word.

    Attributes:
        words: one for each word of a caption.
        area: what the weights cover of the picture: left, top, right and bottom as shares of it;
            beyond 0..1 where the picture was padded.
    """

    words: tuple[LookedAt, ...]
    area: tuple[float, float, float, float]


class Captioner(ABC):
    """Writes captions for pictures.

    Attributes:
        name: what a person calls it: a hub id or a folder's name.
        fingerprint: 16 hex digits; changes when the captions would.
        languages: ISO codes; the first one is written where none is named.
        device: where it computes, such as "cpu" or "cuda".
        min_decode_side: as of `Encoder`.
    """

    name: str
    fingerprint: str
    languages: tuple[str, ...]
    device: str
    min_decode_side: int | None = None

    @abstractmethod
    def prepare_images(self, images: Sequence[Image.Image]) -> Pixels:
        """(N, 3, H, W) float32 of N RGB pictures. Safe to call from threads."""

    @abstractmethod
    def captions_prepared(
        self, pixels: Pixels, language: str | None = None, *, beams: int = 5, count: int = 1
    ) -> list[list[Caption]]:
        """`count` captions for each of N prepared pictures, the best first; safe to call from
        threads, since the AI service writes two languages at once. Raises as `captions`."""

    def captions(
        self,
        images: Sequence[Image.Image],
        language: str | None = None,
        *,
        beams: int = 5,
        count: int = 1,
        batch_size: int = 32,
    ) -> list[list[Caption]]:
        """Captions for RGB pictures, in order.

        A picture whose pixels cannot be read gets an empty list, with a `UserWarning` that counts
        them; the others get theirs.

        Args:
            language: ISO code; None is the first of `languages`.
            beams: sentences that the search keeps at a time; 1 takes the likeliest word each time.
            count: captions a picture, 1 to `beams`.

        Raises:
            LanguageError: it does not write this language.
            SettingsError: `count` is not from 1 to `beams`.

        Example:
            >>> load_captioner("captioner").captions([picture])[0][0].text
            'a brown dog in a meadow'
        """
        self.check(language, beams, count)
        pixels: list[Pixels | None] = []
        for image in images:
            try:
                pixels.append(self.prepare_images([image]))
            except (OSError, ValueError, SyntaxError):  # what Pillow raises for damaged files
                pixels.append(None)
        readable = [number for number, one in enumerate(pixels) if one is not None]
        if len(readable) < len(pixels):
            warnings.warn(
                f"{len(pixels) - len(readable)} of {len(pixels)} pictures cannot be read and get "
                "no caption.",
                stacklevel=2,
            )
        written: list[list[Caption]] = [[] for _ in pixels]
        for start in range(0, len(readable), batch_size):
            rows = readable[start : start + batch_size]
            batch = np.concatenate([one for row in rows if (one := pixels[row]) is not None])
            found = self.captions_prepared(batch, language, beams=beams, count=count)
            for row, captions in zip(rows, found, strict=True):
                written[row] = captions
        return written

    def attention(
        self, image: Image.Image, text: str, language: str | None = None
    ) -> Attention | None:
        """Where it looks while it writes `text` about an RGB picture; None where it does not say.

        Raises:
            LanguageError: it does not write this language.
        """
        return None

    def check(self, language: str | None, beams: int, count: int) -> str:
        """The language to write in.

        Raises:
            LanguageError, SettingsError: as `captions`.
        """
        if not 1 <= count <= beams:
            raise SettingsError(
                f"{count} captions a picture were asked for with {beams} beams; 1 to {beams} can "
                "be given. Raise the beams, or ask for fewer."
            )
        chosen = language or self.languages[0]
        if chosen not in self.languages:
            raise LanguageError(
                f"The captioner {self.name} writes {' and '.join(self.languages)}, not {chosen!r}. "
                "Choose one of these, or another captioner."
            )
        return chosen
