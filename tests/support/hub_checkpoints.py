"""Tiny checkpoints with the files, classes and settings with which the hub ships each family.

Weights are random and far apart, so that another token or another pixel shows in the vectors.
"""

import json
import string
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import torch
from torch import nn

SIDE, DIM = 32, 24
TOWER = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
}  # fmt: skip
VISION = {**TOWER, "image_size": SIDE, "patch_size": 8}
CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
LETTERS = (
    string.ascii_letters + string.digits + "'.,!?-\"’ăâđêôơưàáảãạầấậèéẹềếệìíịòóọồốộờớợùúụừứựỳý"
)


def clip(folder: Path, *, fast: bool = True) -> None:
    """As openai/clip-vit-base-patch32: 49,408 tokens, and the end of a text misnumbered as 2."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    vocabulary, merges = clip_vocabulary()
    text = {**TOWER, "vocab_size": len(vocabulary), "max_position_embeddings": 77}
    ends = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    config = CLIPConfig(text_config=text, vision_config=VISION, projection_dim=DIM)
    save(CLIPModel(config), folder)
    _amend(folder / "config.json", {"text_config": ends})
    if fast:
        CLIPTokenizer(vocab=vocabulary, merges=merges).save_pretrained(folder)
    write(folder / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True}
    special = {
        name: {"content": content, **token, "__type": "AddedToken"}
        for name, content in (
            ("unk_token", "<|endoftext|>"), ("bos_token", "<|startoftext|>"),
            ("eos_token", "<|endoftext|>"),
        )
    }  # fmt: skip
    write(
        folder / "tokenizer_config.json",
        {
            **special, "pad_token": "<|endoftext|>", "add_prefix_space": False,
            "errors": "replace", "do_lower_case": True, "model_max_length": 77,
            "tokenizer_class": "CLIPTokenizer",
        },
    )  # fmt: skip
    write(
        folder / "preprocessor_config.json",
        {
            "crop_size": SIDE, "do_center_crop": True, "do_normalize": True, "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": CLIP_MEAN,
            "image_std": CLIP_STD, "resample": 3, "size": SIDE,
        },
    )  # fmt: skip


def clip_slow(folder: Path) -> None:
    """The same without tokenizer.json, as older copies of it are."""
    clip(folder, fast=False)


def siglip(folder: Path) -> None:
    """As google/siglip-base-patch16-224: a SentencePiece model, which strips punctuation."""
    import sentencepiece
    from transformers import SiglipConfig, SiglipModel

    folder.mkdir(parents=True, exist_ok=True)
    # Words from everywhere in the alphabet, so that each letter has its place.
    words = [f"{a}{b} {b}{a} the {a}" for a, b in product(LETTERS, "aeiou")]
    with (folder / "spiece.model").open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(words), model_writer=file, vocab_size=400, pad_id=0, eos_id=1,
            unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2, num_threads=1,
        )  # fmt: skip
    text = {
        **TOWER, "vocab_size": 400, "max_position_embeddings": 64, "projection_size": 32,
        "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
    }  # fmt: skip
    save(SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)), folder)
    write(
        folder / "tokenizer_config.json",
        {
            "additional_special_tokens": [], "clean_up_tokenization_spaces": True,
            "do_lower_case": True, "eos_token": "</s>", "model_input_names": ["input_ids"],
            "model_max_length": 64, "pad_token": "</s>", "processor_class": "SiglipProcessor",
            "sp_model_kwargs": {}, "tokenizer_class": "SiglipTokenizer", "unk_token": "<unk>",
        },
    )  # fmt: skip
    _siglip_pictures(folder, resample=3)


def siglip2(folder: Path) -> None:
    """As google/siglip2-base-patch16-224: of type siglip, with Gemma's tokenizer, which leaves
    capitals as they are although the model never saw one."""
    from transformers import GemmaTokenizer, SiglipConfig, SiglipModel

    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pieces += [f"<0x{byte:02X}>" for byte in range(256)]
    pieces += ["▁", *dict.fromkeys(LETTERS + string.punctuation), "th", "the", "▁the", "▁a"]
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("▁", "a")]
    GemmaTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=merges,
        add_bos_token=False, add_eos_token=True, padding_side="right",
        model_input_names=["input_ids"],
    ).save_pretrained(folder)  # fmt: skip
    text = {
        **TOWER, "vocab_size": len(pieces), "max_position_embeddings": 64, "projection_size": 32,
    }  # fmt: skip
    save(SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)), folder)
    write(
        folder / "tokenizer_config.json",
        {
            "add_bos_token": False, "add_eos_token": True, "bos_token": "<bos>",
            "clean_up_tokenization_spaces": False, "eos_token": "<eos>", "mask_token": "<mask>",
            "model_input_names": ["input_ids"], "model_max_length": 10**30,
            "pad_token": "<pad>", "padding_side": "right", "processor_class": "SiglipProcessor",
            "sp_model_kwargs": {}, "spaces_between_special_tokens": False,
            "tokenizer_class": "GemmaTokenizer", "unk_token": "<unk>",
            "use_default_system_prompt": False,
        },
    )  # fmt: skip
    _siglip_pictures(folder, resample=2)


def metaclip2(folder: Path) -> None:
    """As facebook/metaclip-2-worldwide-huge-quickgelu: XLM-V's tokenizer, cut at 77."""
    from transformers import MetaClip2Config, MetaClip2Model

    size = xlm_tokenizer(folder, model_max_length=77)
    text = {
        **TOWER, "vocab_size": size, "max_position_embeddings": 77, "eos_token_id": 2,
        "bos_token_id": 0, "pad_token_id": 1, "hidden_act": "quick_gelu",
    }  # fmt: skip
    config = MetaClip2Config(text_config=text, vision_config=VISION, projection_dim=DIM)
    save(MetaClip2Model(config), folder)
    write(
        folder / "preprocessor_config.json",
        {
            "crop_size": {"height": SIDE, "width": SIDE}, "do_center_crop": True,
            "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
            "image_mean": CLIP_MEAN, "image_std": CLIP_STD, "resample": 3,
            "image_processor_type": "CLIPImageProcessor", "processor_class": "CLIPProcessor",
            "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": SIDE},
        },
    )  # fmt: skip


def altclip(folder: Path) -> None:
    """As BAAI/AltCLIP: XLM-R as text tower, whose positions begin behind the padding id."""
    from transformers import AltCLIPConfig, AltCLIPModel

    size = xlm_tokenizer(folder)
    text = {
        **TOWER, "vocab_size": size, "max_position_embeddings": 40, "project_dim": 20,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
    }  # fmt: skip
    config = AltCLIPConfig(text_config=text, vision_config=VISION, projection_dim=20)
    save(AltCLIPModel(config), folder)
    write(
        folder / "preprocessor_config.json",
        {
            "crop_size": {"height": SIDE, "width": SIDE}, "do_center_crop": True,
            "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": CLIP_MEAN,
            "image_processor_type": "CLIPImageProcessor", "image_std": CLIP_STD, "resample": 3,
            "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": SIDE},
        },
    )  # fmt: skip


def chinese_clip(folder: Path) -> None:
    """As OFA-Sys/chinese-clip-vit-base-patch16: vocab.txt alone, weights as a .bin, pictures
    squeezed."""
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *"一只红色的狗和猫在街上，。"]
    words += [f"##{letter}" for letter in LETTERS if letter.isalnum()]
    words = list(dict.fromkeys(words))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf8")
    text = {**TOWER, "vocab_size": len(words), "max_position_embeddings": 48, "pad_token_id": 0}
    config = ChineseCLIPConfig(text_config=text, vision_config=VISION, projection_dim=DIM)
    save(ChineseCLIPModel(config), folder, binary=True)
    write(
        folder / "preprocessor_config.json",
        {
            "crop_size": {"height": SIDE, "width": SIDE}, "do_center_crop": False,
            "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
            "feature_extractor_type": "ChineseCLIPFeatureExtractor", "image_mean": CLIP_MEAN,
            "image_processor_type": "ChineseCLIPImageProcessor", "image_std": CLIP_STD,
            "resample": 3, "rescale_factor": 0.00392156862745098,
            "size": {"height": SIDE, "width": SIDE},
        },
    )  # fmt: skip


HUB: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (clip, clip_slow, siglip, siglip2, metaclip2, altclip, chinese_clip)
}


def clip_vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """49,408 tokens in CLIP's order: bytes, bytes that end a word, merges, the two ends."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = [chr(byte) for byte in visible] + [chr(256 + n) for n in range(len(hidden))]
    merges = list(islice(_merges(), 48_894))
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += ["".join(pair) for pair in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return {word: number for number, word in enumerate(words)}, merges


def _merges() -> Iterator[tuple[str, str]]:
    """Every two letters, every three, then as many of four as there is room for."""
    small = string.ascii_lowercase
    pairs = ["".join(pair) for pair in product(small, small)]
    for end in ("", "</w>"):
        yield from ((a, b + end) for a, b in product(small, small))
    for end in ("", "</w>"):
        yield from ((pair, letter + end) for pair, letter in product(pairs, small))
    yield from ((one, other + "</w>") for one, other in product(pairs, pairs))


def xlm_tokenizer(folder: Path, **settings: Any) -> int:
    """Files of an XLMRobertaTokenizer; returns the size of its vocabulary."""
    from transformers import XLMRobertaTokenizer

    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *dict.fromkeys(LETTERS), "▁the", "▁a", "▁con"]
    scores = [(piece, -float(number)) for number, piece in enumerate([*pieces, "<mask>"])]
    tokenizer = XLMRobertaTokenizer(vocab=scores)
    tokenizer.save_pretrained(folder)
    write(
        folder / "tokenizer_config.json",
        {
            "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>",
            "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>",
            "clean_up_tokenization_spaces": True, "tokenizer_class": "XLMRobertaTokenizer",
            **settings,
        },
    )  # fmt: skip
    return len(tokenizer)


def _siglip_pictures(folder: Path, *, resample: int) -> None:
    write(
        folder / "preprocessor_config.json",
        {
            "do_convert_rgb": None, "do_normalize": True, "do_rescale": True, "do_resize": True,
            "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "SiglipImageProcessor",
            "image_std": [0.5, 0.5, 0.5], "processor_class": "SiglipProcessor",
            "resample": resample, "rescale_factor": 0.00392156862745098,
            "size": {"height": SIDE, "width": SIDE},
        },
    )  # fmt: skip


def save(network: nn.Module, folder: Path, *, binary: bool = False) -> None:
    random = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim > 1 or name.endswith("class_embedding"):
                parameter.normal_(0, 0.2, generator=random)
    network.save_pretrained(folder)  # type: ignore[operator]
    if binary:
        (folder / "model.safetensors").unlink()
        torch.save(network.state_dict(), folder / "pytorch_model.bin")


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf8")


def _amend(file: Path, changes: dict[str, Any]) -> None:
    content = json.loads(file.read_text(encoding="utf8"))
    for key, value in changes.items():
        content[key].update(value)
    write(file, content)
