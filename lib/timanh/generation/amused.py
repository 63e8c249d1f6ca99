"""aMUSEd: a published transformer that fills in codes after words (Patil et al. 2024).

It is a small reproduction of Muse. Where DALL·E's transformer writes one code after the other, this
one begins with all of them hidden and uncovers those first of which it is surest, in 12 rounds.
"""

from pathlib import Path
from typing import Any

import torch
from PIL import Image

from timanh.errors import EmptyQueryError, ModelFormatError, ModelNotFoundError, SettingsError
from timanh.generation.loading import PART, fetch, require_diffusers, variant_of
from timanh.generation.vqgan import Vqgan
from timanh.generation.writer import MOST_CANDIDATES, Candidate
from timanh.models.encoder import Encoder
from timanh.models.loading import choose_device

PUBLISHED = "amused/amused-256"
KIND = "AmusedPipeline"


class MaskedWriter:
    """diffusers' `AmusedPipeline`, whose codes its own VQGAN paints.

    Attributes:
        vqgan: paints the codes, and may be guided by an encoder as well.
        rounds: in which the codes are uncovered.
        guidance: how far beyond the captioned prediction (classifier-free guidance).
    """

    def __init__(self, pipeline: Any, *, name: str, device: str) -> None:
        self.pipeline = pipeline.to(device)
        self.pipeline.set_progress_bar_config(disable=True)
        self.name = name
        self.rounds, self.guidance = 12, 10.0
        self.vqgan = Vqgan(pipeline.vqvae.float(), name=name, device=device)

    def write(self, text: str, count: int = 4, *, seed: int = 0) -> list[Image.Image]:
        """`count` RGB pictures of what the English text says.

        Raises:
            EmptyQueryError: no words.
            SettingsError: the count is out of range.
        """
        if not text.strip():
            raise EmptyQueryError("There is nothing to paint: no words were given. Write some.")
        if not 1 <= count <= MOST_CANDIDATES:
            raise SettingsError(f"candidates must be from 1 to {MOST_CANDIDATES}; got {count}.")
        codes = self.pipeline(
            text, num_images_per_prompt=count, num_inference_steps=self.rounds,
            guidance_scale=self.guidance, generator=torch.Generator().manual_seed(seed),
            output_type="latent",
        ).images  # fmt: skip
        return self.vqgan.paint(codes)

    def best(
        self, text: str, encoder: Encoder, count: int = 4, *, seed: int = 0
    ) -> list[Candidate]:
        """The same, ranked: those first that `encoder` finds nearest to the text."""
        pictures = self.write(text, count, seed=seed)
        scores = encoder.encode_images(pictures) @ encoder.encode_texts([text])[0]
        return [Candidate(pictures[row], float(scores[row])) for row in (-scores).argsort()]


def load_amused(name_or_folder: str | Path = PUBLISHED, *, device: str = "auto") -> MaskedWriter:
    """The writer by its hub id (1.7 GB, in half precision) or folder; float32 on a CPU.

    Raises:
        ModelNotFoundError: no such folder, no such id, no network, or diffusers is missing.
        ModelFormatError: it is there but is something else.
    """
    require_diffusers()
    chosen, name = choose_device(device), str(name_or_folder)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name.count("/") != 1 or name.startswith((".", "~", "/")):
            raise ModelNotFoundError(f"There is no folder {name}. Check the path.")
        folder = fetch(name)
    return MaskedWriter(_read(folder, name, chosen), name=name, device=chosen)


def _read(folder: Path, name: str, device: str) -> Any:
    from diffusers import AmusedPipeline

    try:
        kind = AmusedPipeline.load_config(folder)["_class_name"]
        if kind != KIND:
            raise ModelFormatError(
                f"{name} is a pipeline of type {kind!r}. Choose an {KIND} such as {PUBLISHED}."
            )
        dtype = torch.float16 if device == "cuda" else torch.float32
        variant = variant_of(folder / PART)
        return AmusedPipeline.from_pretrained(folder, variant=variant, torch_dtype=dtype)
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelFormatError(f"{name} cannot be read as an {KIND} ({first}).") from error
