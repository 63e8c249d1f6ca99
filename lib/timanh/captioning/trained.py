"""A captioner that `timanh caption train` made: a tower that looks and a decoder that writes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from timanh.captioning.captioner import Attention, Caption, Captioner, LookedAt, Pixels
from timanh.captioning.choosing import (
    BALANCED,
    BEST,
    BY_ENCODER,
    CONSENSUS,
    LIKELIEST,
    consensus_first,
)
from timanh.captioning.decoders import Decoder, Search, make_decoder
from timanh.captioning.pieces import load_vocabulary
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.tower_source import TowerSource
from timanh.captioning.vocabulary import Vocabulary
from timanh.errors import ModelFormatError, SettingsError, first_line
from timanh.models.fingerprints import fingerprint
from timanh.models.picture_tower import PictureTower
from timanh.workspace import fill_folder

FILE, WEIGHTS, TOWER = "captioner.json", "decoder.safetensors", "tower."
VERSION = 1


@dataclass(frozen=True)
class Shapes:
    """What a decoder expects of the tower: places of the grid (0, 0 for none) and widths."""

    rows: int
    columns: int
    grid_width: int
    pooled_width: int

    @classmethod
    def of(cls, tower: PictureTower, *, grid: bool) -> "Shapes":
        """Those of a tower, without its grid where that is not looked at."""
        cells, pooled = tower.shapes
        return cls(*(cells if grid and cells else (0, 0, 0)), pooled)

    def decoder(self, recipe: CaptionRecipe, vocabulary: Vocabulary) -> Decoder:
        """A decoder of these shapes with random weights."""
        return make_decoder(
            recipe,
            vocabulary,
            places=self.rows * self.columns,
            grid_width=self.grid_width,
            pooled_width=self.pooled_width,
        )


class TrainedCaptioner(Captioner):
    """A picture tower, a decoder, and how the sentences are looked for."""

    def __init__(
        self,
        source: TowerSource,
        decoder: Decoder,
        recipe: CaptionRecipe,
        shapes: Shapes,
        *,
        name: str,
    ) -> None:
        self.source = source
        self.tower = source.tower
        self.decoder = decoder.to(self.tower.device).eval()
        self.recipe = recipe
        self.shapes = shapes
        self.name = name
        self.languages = decoder.vocabulary.languages
        self.device = self.tower.device
        self.min_decode_side = self.tower.preparation.min_decode_side
        self.choose = recipe.choose
        self.search = Search(
            beams=recipe.beams,
            length_penalty=recipe.length_penalty,
            repetition_penalty=recipe.repetition_penalty,
            no_repeat=recipe.no_repeat,
            most_words=recipe.most_words,
        )

    @property
    def choose(self) -> str:
        """Which of the sentences that the search found comes first, as in `CaptionRecipe`."""
        return self._choose

    @choose.setter
    def choose(self, how: str) -> None:
        fits = self.source.encoder is not None and not self.recipe.tune_encoder
        if how == BEST:
            how = BALANCED if fits else LIKELIEST
        if how in BY_ENCODER and not fits:
            raise SettingsError(
                f"The captioner {self.name} looks through a vision tower that no text tower fits, "
                f"so none can be chosen that is {how}. Choose the likeliest or the consensus."
            )
        self._choose = how
        self.__dict__.pop("fingerprint", None)

    @cached_property
    def fingerprint(self) -> str:  # type: ignore[override]
        parts = hashlib.blake2b(digest_size=8)
        for part in (
            self.tower.fingerprint,
            fingerprint(self.decoder, self.decoder.vocabulary.tokens),
            json.dumps(asdict(self.search), sort_keys=True),
            "" if self.choose == LIKELIEST else self.choose,
            self.decoder.pretrained,
        ):
            parts.update(part.encode())
        return parts.hexdigest()

    def prepare_images(self, images: Sequence[Image.Image]) -> Pixels:
        return self.tower.preparation(images)

    def captions_prepared(
        self, pixels: Pixels, language: str | None = None, *, beams: int = 5, count: int = 1
    ) -> list[list[Caption]]:
        chosen = self.check(language, beams, count)
        if not len(pixels):
            return []
        grid, pooled = self.tower.features_prepared(pixels)
        written = self.written(flat_grid(grid), pooled, chosen, beams=beams, count=count)
        return [each[:count] for each in self._by_encoder(pixels, written)]

    def written(
        self, grid: Any, pooled: Any, language: str, *, beams: int, count: int
    ) -> list[list[Caption]]:
        """At least `count` captions for each of N pictures, of the tower's features, (N, places,
        width) or None and (N, pooled width); the best first, without what an encoder says."""
        search = replace(self.search, beams=beams, count=count)
        if self.choose != LIKELIEST:
            search = replace(search, count=beams)
        found = write_captions(self.decoder, grid, pooled, language, search)
        if self.choose in (CONSENSUS, BALANCED):
            return [consensus_first(each, search.length_penalty) for each in found]
        return found

    def _by_encoder(self, pixels: Pixels, written: list[list[Caption]]) -> list[list[Caption]]:
        """The captions of each picture in the order that the encoder gives them, where it has a
        say."""
        encoder = self.source.encoder
        if self.choose not in BY_ENCODER or encoder is None:
            return written
        pictures = encoder.encode_prepared(pixels)
        texts = encoder.encode_texts([one.text for each in written for one in each])
        cosines = np.einsum(
            "nd,ncd->nc", pictures, texts.reshape(len(written), -1, pictures.shape[1])
        )
        if self.choose == BALANCED:
            logits = cosines * float(encoder.logit_scale.detach().exp())
            penalty = self.search.length_penalty
            return [
                consensus_first(each, penalty, row)
                for each, row in zip(written, logits, strict=True)
            ]
        order = np.argsort(-cosines, axis=1, kind="stable")
        return [[each[row] for row in rows] for each, rows in zip(written, order, strict=True)]

    def looked_at(self, pixels: Pixels, text: str, language: str | None = None) -> Any:
        """Where the decoder looks while it writes `text` about each picture: (N, words + 1, H, W)
        float32, the last for the end; None where it looks at no grid. What is left to 1 went to
        the picture as a whole."""
        chosen = self.check(language, 1, 1)
        if not self.shapes.rows:
            return None
        vocabulary = self.decoder.vocabulary
        numbers = vocabulary.encode(text, chosen, self.recipe.most_words)
        grid, pooled = self.tower.features_prepared(pixels)
        tokens = torch.tensor([numbers[:-1]] * len(pixels), device=self.device)
        with torch.inference_mode():
            memory = memory_of(self.decoder, flat_grid(grid), pooled)
            seen = self.decoder.looked_at(memory, tokens)
        if seen is None:
            return None
        weights = seen.float().cpu().numpy()
        begun = len(vocabulary.start(chosen)) - 1
        cells = weights[:, begun:, -self.shapes.rows * self.shapes.columns :]
        return cells.reshape(len(pixels), -1, self.shapes.rows, self.shapes.columns)

    def attention(
        self, image: Image.Image, text: str, language: str | None = None
    ) -> Attention | None:
        seen = self.looked_at(self.prepare_images([image]), text, language)
        if seen is None:
            return None
        words = self.decoder.vocabulary.words(text, self.recipe.most_words)
        return Attention(
            tuple(LookedAt(word, cells) for word, cells in zip(words, seen[0], strict=False)),
            self.tower.preparation.seen_area(*image.size),
        )

    def save(self, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
        """Write everything but the tower, of which only the weights that were trained are kept;
        each file is put in the place of the older one, the weights last.

        Args:
            dtype: of the weights in the file; they are read as float32 again.
        """
        tuned = self.source.tuned
        weights = dict(self.decoder.state_dict())
        weights |= {
            TOWER + name: value
            for name, value in self.tower.module.state_dict().items()
            if name in tuned
        }
        content = {
            "version": VERSION,
            "name": self.name,
            "recipe": asdict(self.recipe),
            "shapes": asdict(self.shapes),
            "tower": self.source.describe(),
        }
        with fill_folder(folder, last=WEIGHTS) as place:
            # A copy of each, since words in and words out may share one matrix.
            plain = {
                name: value.detach().cpu().to(dtype).contiguous().clone()
                for name, value in weights.items()
            }
            save_file(plain, place / WEIGHTS, metadata={"format": "pt"})
            self.decoder.vocabulary.save(place)
            text = json.dumps(content, indent=2, ensure_ascii=False)
            (place / FILE).write_text(text + "\n", encoding="utf8")

    @classmethod
    def load(
        cls, folder: Path, *, name: str, device: str, source: TowerSource | None = None
    ) -> "TrainedCaptioner":
        """Read a folder written by a training.

        Args:
            source: a tower that is loaded already; None loads the captioner's.

        Raises:
            ModelFormatError: a file is missing or damaged, or it was trained with another tower.
        """
        try:
            content = json.loads((folder / FILE).read_text(encoding="utf8"))
            recipe = CaptionRecipe(**content["recipe"])
            shapes = Shapes(**content["shapes"])
            described = dict(content["tower"])
            weights = load_file(folder / WEIGHTS)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelFormatError(
                f"{folder} cannot be read as a captioner ({first_line(error)}). Copy the whole "
                "folder that the training wrote."
            ) from error
        found = source or TowerSource.load(described, folder, device)
        found.require(described, name)
        decoder = shapes.decoder(recipe, load_vocabulary(folder))
        _fill(decoder, found.tower, weights, folder)
        return cls(found, decoder, recipe, shapes, name=name)


def flat_grid(grid: Any) -> Any:
    """(N, H, W, width) to (N, H × W, width); None stays."""
    return None if grid is None else grid.reshape(len(grid), -1, grid.shape[-1])


def memory_of(decoder: Decoder, grid: Any, pooled: Any) -> Tensor:
    """What the decoder looks at, of features as arrays: (N, places, width) or None, (N, width)."""
    device = next(decoder.parameters()).device
    cells = None if grid is None else torch.from_numpy(np.asarray(grid, np.float32)).to(device)
    return decoder.memory_of(cells, torch.from_numpy(np.asarray(pooled, np.float32)).to(device))


def write_captions(
    decoder: Decoder, grid: Any, pooled: Any, language: str, search: Search
) -> list[list[Caption]]:
    """`search.count` captions for each of N pictures, the best first, of features as arrays."""
    with torch.inference_mode():
        memory = memory_of(decoder, grid, pooled)
        tokens = decoder.write(memory, language, search)
        each = memory.repeat_interleave(search.count, dim=0)
        chances = decoder.log_probabilities(each, tokens, language)
    vocabulary = decoder.vocabulary
    begun = len(vocabulary.start(language))
    found = [
        Caption(vocabulary.decode(row[begun:]), language, min(0.0, chance))
        for row, chance in zip(tokens.tolist(), chances, strict=True)
    ]
    return [found[start : start + search.count] for start in range(0, len(found), search.count)]


def _fill(decoder: Decoder, tower: PictureTower, weights: dict[str, Tensor], folder: Path) -> None:
    own = {name: value.float() for name, value in weights.items() if not name.startswith(TOWER)}
    tuned = {
        name.removeprefix(TOWER): value for name, value in weights.items() if name.startswith(TOWER)
    }
    try:
        decoder.load_state_dict(own)
        unknown = tower.module.load_state_dict(tuned, strict=False).unexpected_keys
        if unknown:
            raise RuntimeError(f"the tower has no {unknown[0]}")
    except RuntimeError as error:
        raise ModelFormatError(
            f"The weights in {folder} do not fit its {FILE} ({str(error).splitlines()[-1].strip()})"
            ". Copy both from the same captioner."
        ) from error
    tower.__dict__.pop("fingerprint", None)
