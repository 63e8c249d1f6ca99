"""BLIP, GIT and Florence-2 in the hub's form: their captions are those of their own generate()."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from timanh.captioning import load_captioner
from timanh.captioning.hub import MOST_TOKENS
from timanh.errors import LanguageError, ModelFormatError

LETTERS = [chr(code) for code in range(97, 123)]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]",
         *LETTERS, *(f"##{x}" for x in LETTERS), "dog", "cat", "grass"]  # fmt: skip
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
         "num_attention_heads": 2}  # fmt: skip


def bert_tokenizer() -> Any:
    from transformers import BertTokenizerFast

    tokenizer = BertTokenizerFast(vocab={word: number for number, word in enumerate(WORDS)})
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    return tokenizer


def make_blip(folder: Path) -> None:
    """As Salesforce/blip-image-captioning-base, tiny, with weights far apart."""
    from transformers import (
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    text = {**TOWER, "vocab_size": len(WORDS), "encoder_hidden_size": 32, "bos_token_id": 5,
            "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0,
            "max_position_embeddings": 64}  # fmt: skip
    vision = {**TOWER, "image_size": 32, "patch_size": 8}
    torch.manual_seed(0)
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision))
    for name, parameter in model.named_parameters():
        if "norm" not in name.lower():
            parameter.data *= 12 if "crossattention" in name or "vision" in name else 4
    model.save_pretrained(folder)
    processor = BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}),
                              bert_tokenizer())  # fmt: skip
    processor.save_pretrained(folder)


def make_git(folder: Path) -> None:
    """As microsoft/git-base-coco, tiny, with weights far apart."""
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor

    config = GitConfig(
        vision_config={**TOWER, "image_size": 32, "patch_size": 8}, vocab_size=len(WORDS),
        bos_token_id=2, eos_token_id=3, pad_token_id=0, max_position_embeddings=64, **TOWER,
    )  # fmt: skip
    torch.manual_seed(0)
    model = GitForCausalLM(config)
    for parameter in model.parameters():
        parameter.data *= 6
    model.save_pretrained(folder)
    size = {"shortest_edge": 32}
    crop = {"height": 32, "width": 32}
    GitProcessor(CLIPImageProcessor(size=size, crop_size=crop), bert_tokenizer()).save_pretrained(
        folder
    )


def make_florence(folder: Path) -> None:
    """As florence-community/Florence-2-base, tiny, with weights far apart."""
    from transformers import (
        BartConfig,
        BartTokenizerFast,
        CLIPImageProcessor,
        Florence2Config,
        Florence2ForConditionalGeneration,
        Florence2Processor,
        Florence2VisionConfig,
    )

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<image>", "Ġ", "W", "?"]
    pieces = [*marks, *LETTERS, *(f"Ġ{letter}" for letter in LETTERS)]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    tokenizer: Any = BartTokenizerFast(
        vocab=numbers, merges=[], extra_special_tokens={"image_token": "<image>"}
    )
    text = BartConfig(
        vocab_size=len(pieces), d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=64, bos_token_id=0, pad_token_id=1,
        eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2,
    )  # fmt: skip
    vision = Florence2VisionConfig(
        depths=(1, 1, 1, 1), embed_dim=(8, 8, 16, 16), num_heads=(2, 2, 2, 2),
        num_groups=(2, 2, 2, 2), window_size=4, projection_dim=32,
    )  # fmt: skip
    torch.manual_seed(0)
    config = Florence2Config(
        text_config=text.to_dict(), vision_config=vision.to_dict(),
        image_token_id=numbers["<image>"], bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model: Any = Florence2ForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        if "norm" not in name.lower():
            parameter.data *= 6
    model.save_pretrained(folder)
    # 64 pixels become 2 × 2 places and one for the whole.
    size = {"height": 64, "width": 64}
    images: Any = CLIPImageProcessor(size=size, do_center_crop=False, image_seq_length=5)
    Florence2Processor(images, tokenizer).save_pretrained(folder)


@pytest.mark.parametrize("make", [make_blip, make_git, make_florence])
def test_captions_are_those_of_its_own_generate(make: Any, tmp_path: Path) -> None:
    import transformers

    make(tmp_path / "model")
    captioner = load_captioner(tmp_path / "model", device="cpu")
    random = np.random.default_rng(0)
    pictures = [Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)) for _ in range(4)]
    processor = transformers.AutoProcessor.from_pretrained(tmp_path / "model")
    kind, words = {
        "make_blip": ("BlipForConditionalGeneration", {}),
        "make_git": ("GitForCausalLM", {}),
        "make_florence": ("Florence2ForConditionalGeneration", {"text": "<CAPTION>"}),
    }[make.__name__]
    model = getattr(transformers, kind).from_pretrained(tmp_path / "model").eval()
    for beams, count in ((1, 1), (3, 2)):
        found = captioner.captions(pictures, beams=beams, count=count)
        for picture, captions in zip(pictures, found, strict=True):
            inputs = processor(images=picture, return_tensors="pt", **words)
            if not words:
                inputs = {"pixel_values": inputs["pixel_values"]}
            with torch.no_grad():
                tokens = model.generate(
                    **inputs, num_beams=beams, num_return_sequences=count,
                    max_new_tokens=MOST_TOKENS,
                )  # fmt: skip
            own = processor.batch_decode(tokens, skip_special_tokens=True)
            assert [each.text for each in captions] == [" ".join(text.split()) for text in own]
            assert all(each.log_probability <= 0 for each in captions)
    assert len({each[0].log_probability for each in found}) > 1  # the pictures matter
    broken = Image.open(_cut(tmp_path))
    with pytest.warns(UserWarning, match="1 of 3"):
        mixed = captioner.captions([pictures[0], broken, pictures[1]], beams=1)
    alone = captioner.captions(pictures[:2], beams=1)
    assert [each[0].text for each in (mixed[0], mixed[2])] == [each[0].text for each in alone]
    assert mixed[1] == []
    with pytest.raises(LanguageError):
        captioner.captions(pictures, "vi")


def _cut(folder: Path) -> Path:
    Image.new("RGB", (64, 64), "red").save(folder / "whole.jpg")
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:630])
    return folder / "cut.jpg"


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    make_blip(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "text_decoder" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelFormatError, match="lacks .* of its weights"):
        load_captioner(tmp_path)


@pytest.mark.parametrize("make", [make_blip, make_git, make_florence])
def test_two_threads_write_what_one_writes(make: Any, tmp_path: Path) -> None:
    make(tmp_path)
    captioner = load_captioner(tmp_path, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 255, (12, 40, 40, 3), np.uint8)
    pictures = [Image.fromarray(each) for each in pixels]

    def written(start: int) -> list[str]:
        return [one[0].text for one in captioner.captions(pictures[start : start + 6])]

    wanted = {start: written(start) for start in (0, 6)}
    with ThreadPoolExecutor(2) as threads:
        for start, found in zip([0, 6] * 8, threads.map(written, [0, 6] * 8), strict=True):
            assert found == wanted[start]
