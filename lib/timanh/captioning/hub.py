"""Captioners of the Hugging Face hub: BLIP, GIT and Florence-2, as transformers has them."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from timanh.captioning.captioner import Caption, Captioner, Pixels
from timanh.errors import ModelFormatError
from timanh.models.fingerprints import fingerprint
from timanh.models.packages import needed_packages

HUB_MODELS = {"blip": "BLIP", "git": "GIT", "florence2": "Florence-2"}
CLASSES = {
    "blip": "BlipForConditionalGeneration",
    "git": "GitForCausalLM",
    "florence2": "Florence2ForConditionalGeneration",
}
# What Florence-2 is asked for; the others need no words to begin.
TASKS = {"florence2": "<CAPTION>"}
MOST_TOKENS = 30


class HubCaptioner(Captioner):
    """A model of transformers with its own preparation of pictures and its own `generate()`."""

    languages = ("en",)

    def __init__(self, model: Any, processor: Any, *, kind: str, name: str, device: str) -> None:
        self.model = model.to(device).eval()
        self.processor = processor
        self.kind = kind
        self.name = name
        self.device = device

    @cached_property
    def fingerprint(self) -> str:  # type: ignore[override]
        return fingerprint(self.model, self.kind)

    @classmethod
    def load(cls, folder: Path, *, name: str, device: str) -> "HubCaptioner":
        """Read a folder in the form of the hub.

        Raises:
            ModelFormatError: files or weights are missing, or they are of another model.
        """
        import transformers
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        kind = str(transformers.AutoConfig.from_pretrained(folder).model_type)
        try:
            with needed_packages(name):
                reader: Any = transformers.AutoProcessor
                processor = reader.from_pretrained(folder)
                made: Any = getattr(transformers, CLASSES[kind])
                model, report = made.from_pretrained(
                    folder, dtype=torch.float32, output_loading_info=True
                )
        except (OSError, ValueError, KeyError, AttributeError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelFormatError(
                f"{name} cannot be read as a captioner ({first}). Its folder must hold config, "
                "weights, tokenizer and preprocessor_config.json."
            ) from error
        missing = sorted(report["missing_keys"])
        if missing:
            raise ModelFormatError(
                f"{name} lacks {len(missing)} of its weights, {missing[0]} among them; with random "
                "ones in their place it would write nonsense. Name a whole checkpoint."
            )
        return cls(model, processor, kind=kind, name=name, device=device)

    def prepare_images(self, images: Sequence[Image.Image]) -> Pixels:
        if not images:
            return np.zeros((0, 3, 1, 1), np.float32)
        prepared = self.processor.image_processor(images=list(images), return_tensors="np")
        return np.asarray(prepared["pixel_values"], np.float32)

    def captions_prepared(
        self, pixels: Pixels, language: str | None = None, *, beams: int = 5, count: int = 1
    ) -> list[list[Caption]]:
        chosen = self.check(language, beams, count)
        if not len(pixels):
            return []
        inputs = {
            "pixel_values": torch.from_numpy(pixels).to(self.device),
            **self._prompt_tokens(pixels),
        }
        with torch.inference_mode():
            found = self.model.generate(
                **inputs,
                num_beams=beams,
                num_return_sequences=count,
                max_new_tokens=MOST_TOKENS,
                do_sample=False,
                return_dict_in_generate=True,
                output_scores=True,
            )
        texts = self.processor.batch_decode(found.sequences, skip_special_tokens=True)
        chances = self._chances(found)
        captions = [
            Caption(" ".join(text.split()), chosen, chance)
            for text, chance in zip(texts, chances, strict=True)
        ]
        return [captions[start : start + count] for start in range(0, len(captions), count)]

    def _prompt_tokens(self, pixels: Pixels) -> dict[str, Any]:
        """The words that a caption is asked for with, where the model wants any."""
        if self.kind not in TASKS:
            return {}
        blank = Image.new("RGB", (8, 8))
        words = self.processor(text=TASKS[self.kind], images=blank, return_tensors="pt")
        return {
            name: words[name].repeat(len(pixels), 1).to(self.device)
            for name in ("input_ids", "attention_mask")
        }

    def _chances(self, found: Any) -> list[float]:
        """The mean log-probability of a token, with the end."""
        steps = self.model if self.kind != "blip" else self.model.text_decoder
        logits = steps.compute_transition_scores(
            found.sequences,
            found.scores,
            getattr(found, "beam_indices", None),
            normalize_logits=getattr(found, "beam_indices", None) is None,
        )
        counted = torch.isfinite(logits) & (logits < 0)
        kept = logits.masked_fill(~counted, 0)
        return [min(0.0, each) for each in (kept.sum(1) / counted.sum(1).clamp(min=1)).tolist()]
