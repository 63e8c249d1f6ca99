"""Tiny vision and text towers with the files, classes and settings of the hub's."""

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from hub_checkpoints import TOWER, save, write, xlm_tokenizer

# As captions of UIT-ViIC and KTVIC have them, joined as PhoBERT learnt them.
_WORDS = """
    một hai ba người đàn_ông phụ_nữ cô bé cậu_bé em bé con mèo chó đen trắng đỏ xanh vàng quả bóng
    quả_bóng bóng_chày bóng_đá cầu_thủ vận_động_viên tennis đang đánh ném chơi đứng chạy cầm vợt
    gậy trên sân cỏ sân_cỏ ở trong phòng bàn toà_nhà hoà_bình khoẻ uỷ_ban , . chuẩn_bị phát_bóng
    hình_tròn hình_vuông tròn vuông màu xe đạp thuý
"""
WORDS = _WORDS.split()


def phobert(folder: Path, *, layers: int = 2, **sizes: int) -> None:
    """As vinai/phobert-base-v2: a masked language model as .bin, vocab.txt and bpe.codes, nothing
    about its tokenizer but the name of the class."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    folder.mkdir(parents=True, exist_ok=True)
    tokens, merges = phobert_vocabulary(WORDS)
    lines = [f"{token} {1000 - place}" for place, token in enumerate(tokens)]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    lines = [f"{one} {other} {1000 - place}" for place, (one, other) in enumerate(merges)]
    (folder / "bpe.codes").write_text("\n".join(lines) + "\n", encoding="utf8")
    config = RobertaConfig(
        **{**TOWER, **sizes, "num_hidden_layers": layers},
        vocab_size=len(tokens) + 5, max_position_embeddings=258, type_vocab_size=1,
        layer_norm_eps=1e-5, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    save(RobertaForMaskedLM(config), folder, binary=True)
    named = json.loads((folder / "config.json").read_text("utf8"))
    write(folder / "config.json", {**named, "tokenizer_class": "PhobertTokenizer"})


def phobert_vocabulary(words: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Tokens in the form of vocab.txt, “x@@” within words, and the merges that make each word."""
    merges: dict[tuple[str, str], None] = {}
    tokens = dict.fromkeys(words)
    letters = dict.fromkeys(letter for word in words for letter in (*word, *word.upper()))
    for word in words:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            merges[parts[0], parts[1]] = None
            parts[:2] = [parts[0] + parts[1]]
    inner = [f"{letter}@@" for letter in letters]
    pieces = [f"{one}{other}@@" for one, other in merges if not other.endswith("</w>")]
    return list(dict.fromkeys([*tokens, *letters, *inner, *pieces])), list(merges)


def resnet(folder: Path, *, side: int = 32, sizes: tuple[int, ...] = (16, 32, 48, 64)) -> None:
    """As microsoft/resnet-50: bottlenecks, a classifier, ConvNeXT's preparation of pictures."""
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(5)
    config = ResNetConfig(
        embedding_size=8, hidden_sizes=list(sizes), depths=[1, 1, 1, 1], layer_type="bottleneck",
        num_labels=10,
    )  # fmt: skip
    ResNetForImageClassification(config).save_pretrained(folder)
    write(
        folder / "preprocessor_config.json",
        {
            "crop_pct": 0.875, "do_normalize": True, "do_resize": True,
            "feature_extractor_type": "ConvNextFeatureExtractor",
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
            "resample": 3, "size": side,
        },
    )  # fmt: skip


def vit(folder: Path, *, side: int = 32) -> None:
    """As google/vit-base-patch16-224-in21k."""
    from transformers import ViTConfig, ViTModel

    save(ViTModel(ViTConfig(**TOWER, image_size=side, patch_size=8)), folder)
    write(
        folder / "preprocessor_config.json",
        {
            "do_normalize": True, "do_resize": True, "image_mean": [0.5] * 3,
            "image_std": [0.5] * 3, "size": side, "image_processor_type": "ViTImageProcessor",
        },
    )  # fmt: skip


def xlmr(folder: Path) -> None:
    """As FacebookAI/xlm-roberta-base: 514 positions, of which 512 are used."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    size = xlm_tokenizer(folder, model_max_length=512)
    config = XLMRobertaConfig(
        **TOWER, vocab_size=size, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1
    )
    save(XLMRobertaModel(config), folder)


def e5(folder: Path) -> None:
    """As intfloat/multilingual-e5-small: a BERT with XLM-R's tokenizer and the files of
    sentence-transformers."""
    from transformers import BertConfig, BertModel

    size = xlm_tokenizer(folder, model_max_length=512)
    config = BertConfig(**TOWER, vocab_size=size, max_position_embeddings=512, pad_token_id=1)
    save(BertModel(config), folder)
    modes = {"word_embedding_dimension": 32, "pooling_mode_cls_token": False}
    write(folder / "1_Pooling" / "config.json", {**modes, "pooling_mode_mean_tokens": True})


def mbert(folder: Path) -> None:
    """As google-bert/bert-base-multilingual-cased: vocab.txt, letters' case kept."""
    from transformers import BertConfig, BertModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = dict.fromkeys("abcdefghijklmnopqrstuvwxyzABCMđĐ.,èéêôơưáàảãạ")
    words += [*letters, *(f"##{letter}" for letter in letters), "một", "con", "dog", "the"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf8")
    config = BertConfig(**TOWER, vocab_size=len(words), max_position_embeddings=512)
    save(BertModel(config), folder)
    settings = {"do_lower_case": False, "model_max_length": 512, "tokenizer_class": "BertTokenizer"}
    write(folder / "tokenizer_config.json", settings)
