"""Pictures written code by code after their caption, and ranked by an encoder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from timanh.errors import (
    EmptyQueryError,
    LanguageError,
    ModelFormatError,
    ModelNotFoundError,
    SettingsError,
)
from timanh.generation.loading import load_vqgan
from timanh.generation.offered import CONFIG, DEMO_WRITER
from timanh.generation.prompts import as_read
from timanh.generation.transformer import CaptionToCodes, TransformerSize
from timanh.generation.vqgan import Vqgan
from timanh.models.encoder import Encoder, Vectors
from timanh.models.loading import choose_device
from timanh.models.text.typed import with_marks
from timanh.workspace import require_whole

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
MODEL_TYPE = "timanh-picture-writer"
MOST_CANDIDATES = 64
UNKNOWN = "[UNK]"  # in place of what the tokenizer has no pieces for


@dataclass(frozen=True)
class Sampling:
    """How codes are chosen.

    Attributes:
        temperature: of the probabilities; lower is safer and duller.
        likeliest: only so many codes are chosen among.
        guidance: how far beyond the captioned prediction, away from the one without a caption
            (classifier-free guidance); 1 is the captioned one.
        seed: of the choice.
    """

    temperature: float = 0.9
    likeliest: int = 128
    guidance: float = 3.0
    seed: int = 0


@dataclass(frozen=True)
class Candidate:
    """A written picture; `score` is its cosine to the words, −1..1, where an encoder ranked."""

    picture: Image.Image
    score: float | None = None


class PictureWriter:
    """The transformer with its tokenizer and the VQGAN whose codes it writes.

    Attributes:
        languages: ISO codes of the captions that it was trained on.
    """

    def __init__(
        self,
        network: CaptionToCodes,
        tokenizer: Any,
        vqgan: Vqgan,
        *,
        name: str,
        languages: tuple[str, ...],
        device: str,
    ) -> None:
        self.network = network.to(device).eval()
        self.tokenizer = tokenizer
        self.vqgan = vqgan
        self.name = name
        self.languages = languages
        self.device = device

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Captions (N, L) and where they are no padding (N, L); of too long ones the beginning."""
        longest = self.network.size.longest
        rows = [self.tokenizer.encode(text).ids for text in texts]
        rows = [row if len(row) <= longest else [*row[: longest - 1], row[-1]] for row in rows]
        longest = max(map(len, rows))
        captions = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        there = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in rows])
        return captions.to(self.device), there.to(self.device)

    def write(
        self,
        text: str,
        count: int = 8,
        sampling: Sampling | None = None,
        *,
        seen: Callable[[int, int], None] = lambda done, all_: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[Image.Image]:
        """Pictures of what the text says; none where it was stopped.

        Args:
            seen: called after each code with how many of how many are written.

        Raises:
            EmptyQueryError: no words.
            LanguageError: none of them is in the writer's languages.
            SettingsError: a number out of range.
        """
        chosen = sampling or Sampling()
        _check(text, count, chosen)
        # It learned to write after captions, and those have their marks.
        text, _ = with_marks(text, restore="vi" in self.languages)
        self._require_known(text)
        codes = self._write(text, count, chosen, seen, stopped)
        return [] if codes is None else self.vqgan.paint(codes.to(self.vqgan.device))

    def best(
        self,
        text: str,
        encoder: Encoder,
        count: int = 16,
        sampling: Sampling | None = None,
        *,
        words: Callable[[Sequence[str]], Vectors] | None = None,
        **watching: Any,
    ) -> list[Candidate]:
        """The same, ranked: those first that `encoder` finds nearest to the text.

        Args:
            words: in place of the encoder's `encode_texts`, where others use it too.
        """
        pictures = self.write(text, count, sampling, **watching)
        if not pictures:
            return []
        encode = words or encoder.encode_texts
        scores = encoder.encode_images(pictures) @ encode([as_read(text, encoder)])[0]
        ranked = sorted(zip(scores.tolist(), range(count), strict=True), reverse=True)
        return [Candidate(pictures[row], score) for score, row in ranked]

    def _require_known(self, text: str) -> None:
        unknown = self.tokenizer.token_to_id(UNKNOWN)
        words = self.tokenizer.encode(text, add_special_tokens=False).ids
        if all(word == unknown for word in words):
            raise LanguageError(
                f"The writer {self.name} knows no word of “{text[:80]}”. It learned captions in "
                f"{' and '.join(self.languages)}."
            )

    def _write(
        self,
        text: str,
        count: int,
        chosen: Sampling,
        seen: Callable[[int, int], None],
        stopped: Callable[[], bool],
    ) -> Tensor | None:
        """(count, grid, grid) codes."""
        network, cells = self.network, self.network.size.grid**2
        guided = chosen.guidance != 1
        random = torch.Generator().manual_seed(chosen.seed)
        captions, there = self.tokens([text, ""] if guided else [text])
        repeats = torch.arange(len(captions), device=self.device).repeat_interleave(count)
        written = torch.zeros(count, cells, dtype=torch.int64)
        with torch.inference_mode():
            past = _read(network, captions[repeats], there[repeats])
            bias = _bias(there[repeats])
            before = network.begin.expand(len(repeats), 1, -1)
            for cell in range(cells):
                if stopped():
                    return None
                hidden = before + network.place(torch.tensor([[cell]], device=self.device))
                bias = torch.cat([bias, bias.new_zeros(len(bias), 1, 1, 1)], -1)
                for number, block in enumerate(network.blocks):
                    hidden, past[number] = block(hidden, bias, past[number])
                logits = network.head(network.norm(hidden[:, 0])).float().cpu()
                if guided:
                    plain = logits[count:]
                    logits = plain + chosen.guidance * (logits[:count] - plain)
                written[:, cell] = _choose(logits, chosen, random)
                both = written[:, cell].repeat(len(captions)).to(self.device)
                before = network.codes(both)[:, None]
                seen(cell + 1, cells)
        return written.view(count, network.size.grid, network.size.grid)

    def save(self, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
        """Write config, weights and tokenizer; the VQGAN has a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "model_type": MODEL_TYPE,
            "languages": list(self.languages),
            "codebook": self.vqgan.codebook_digest,
            "size": self.network.size.to_config(),
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
        (folder / TOKENIZER).write_text(self.tokenizer.to_str() + "\n", encoding="utf8")
        weights = {n: v.to(dtype).contiguous() for n, v in self.network.state_dict().items()}
        save_file(weights, folder / WEIGHTS)


def load_writer(
    name_or_folder: str | Path = "demo", *, vqgan: Vqgan | None = None, device: str = "auto"
) -> PictureWriter:
    """A writer by name.

    Args:
        name_or_folder: `demo`, or a folder that `PictureWriter.save` wrote.
        vqgan: whose codes it writes; the demo's where None.

    Raises:
        ModelNotFoundError: no such folder.
        ModelFormatError: it holds something else, or codes of another VQGAN.
    """
    from tokenizers import Tokenizer

    name = str(name_or_folder)
    folder = DEMO_WRITER if name == "demo" else Path(name).expanduser()
    if not (folder / CONFIG).is_file():
        if name == "demo":
            raise ModelNotFoundError(
                "This installation holds no demo writer of pictures.",
                cli="Make it with: python run.py demo-models; or take --way guided.",
                notebook='Take WAY = "guided".',
            )
        raise ModelNotFoundError(f"There is no writer of pictures in {folder}. Check the path.")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf8"))
        kind = config.get("model_type")
        if kind != MODEL_TYPE:
            raise ModelFormatError(
                f"{folder} holds a model of type {kind!r}, which writes no pictures. Name the "
                "folder of a picture writer, or demo."
            )
        network = CaptionToCodes(TransformerSize(**config["size"]))
        weights = load_file(folder / WEIGHTS)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        languages, codebook = tuple(config["languages"]), config.get("codebook")
    except ModelFormatError:
        raise
    except Exception as error:  # damaged files raise whatever they are taken for
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelFormatError(f"{folder} cannot be read as a picture writer ({first}).") from error
    chosen = choose_device(device)
    painted = vqgan or load_vqgan("demo", device=chosen)
    # Folders of before its codebook was noted have the number of its codes only.
    other = codebook not in (None, painted.codebook_digest)
    if other or len(painted.codebook) != network.size.codes:
        raise ModelFormatError(
            f"The writer in {folder} writes the codes of another VQGAN than {painted.name}. Take "
            "the one that it was trained with, or train the writer again.",
            cli="The demo's is trained again with: python run.py demo-writer",
        )
    return PictureWriter(network, tokenizer, painted, name=name, languages=languages, device=chosen)


def _check(text: str, count: int, chosen: Sampling) -> None:
    if not require_whole(text).strip():
        raise EmptyQueryError(
            "There is nothing to paint: no words were given. Write what the picture is to show, "
            "such as “a red car in the snow”."
        )
    if not 1 <= count <= MOST_CANDIDATES:
        raise SettingsError(f"candidates must be from 1 to {MOST_CANDIDATES}; got {count}.")
    if not 0 < chosen.temperature <= 5 or chosen.likeliest < 1 or not 0 <= chosen.guidance <= 20:
        raise SettingsError(
            f"The temperature is {chosen.temperature:g}, the choice among {chosen.likeliest} "
            f"codes, the guidance {chosen.guidance:g}; more than 0 up to 5, at least 1, and 0 to "
            "20 were wanted."
        )


def _bias(there: Tensor) -> Tensor:
    """(N, L) to what is added to the attention of a later place, (N, 1, 1, L)."""
    return torch.zeros(there.shape, device=there.device).masked_fill_(~there, -1e4)[:, None, None]


def _read(network: CaptionToCodes, captions: Tensor, there: Tensor) -> list[Any]:
    """Keys and values of the words, one pair a block."""
    length = captions.shape[1]
    seen = torch.ones(length, length, dtype=torch.bool, device=captions.device).tril()
    mask = (seen[None] & there[:, None]) | torch.eye(length, dtype=torch.bool, device=seen.device)
    bias = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, -1e4)[:, None]
    hidden, past = network.embed_captions(captions), []
    for block in network.blocks:
        hidden, kept = block(hidden, bias)
        past.append(kept)
    return past


def _choose(logits: Tensor, chosen: Sampling, random: torch.Generator) -> Tensor:
    """(N, codes) to (N,), by chance among the likeliest."""
    values, numbers = logits.topk(min(chosen.likeliest, logits.shape[1]))
    drawn = torch.multinomial((values / chosen.temperature).softmax(-1), 1, generator=random)
    return numbers.gather(1, drawn)[:, 0]
