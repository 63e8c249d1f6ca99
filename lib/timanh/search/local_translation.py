"""A translation model on this machine: OPUS-MT through transformers, the extra `translate`.

J. Tiedemann, S. Thottingal: OPUS-MT, Building open translation services for the World, EAMT 2020.
"""

import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

MODEL = "Helsinki-NLP/opus-mt-vi-en"
TO_VIETNAMESE = "Helsinki-NLP/opus-mt-en-vi"
LONGEST = 256


def find_local_translator(model: str | Path = MODEL) -> Callable[[str], str] | None:
    """A function from one language into another, Vietnamese → English with the usual model; None
    where the extra or the model is not on this machine.

    Nothing is downloaded: fetch the model once with `hf download Helsinki-NLP/opus-mt-vi-en`.
    """
    if find_spec("sentencepiece") is None:
        return None
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
        network = AutoModelForSeq2SeqLM.from_pretrained(model, local_files_only=True).eval()
    except (OSError, ValueError):
        return None
    lock = threading.Lock()  # neither the tokenizer nor the network may be used by two threads

    def translate(text: str) -> str:
        import torch

        with lock, torch.inference_mode():
            tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=LONGEST)
            written = network.generate(**tokens, max_new_tokens=LONGEST, num_beams=1)
        return str(tokenizer.decode(written[0], skip_special_tokens=True))

    return translate
