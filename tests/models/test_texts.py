"""Texts before they are tokenized, and the fingerprints that say how."""

import json
from pathlib import Path

import pytest
from hub_answers import lowest, read_all

from timanh.models import load_encoder, small_encoder
from timanh.models.fingerprints import fingerprint
from timanh.models.texts import repaired
from timanh.models.torch_encoder import TorchEncoder

PAIRS = [
    ("a dog’s ball", "a dog's ball"),
    ("the “best” cat", 'the "best" cat'),
    ("Tom &amp; Jerry", "Tom & Jerry"),
    ("Tom &amp;amp; Jerry", "Tom & Jerry"),
    ("&quot;stop&quot; &#39;now&#39;", "\"stop\" 'now'"),
    ("a cafÃ© in Paris", "a café in Paris"),
    ("he didnâ€™t run", "he didn't run"),
    ("con mèo của tôi’", "con mèo của tôi'"),
    ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
    ("ﬁve ﬂowers", "five flowers"),
]


@pytest.mark.parametrize("name", ["clip", "metaclip2", "demo"])
def test_typed_and_printed_signs_are_the_same_words(name: str, hub: dict[str, Path]) -> None:
    encoder = load_encoder(hub.get(name, name), device="cpu")
    written, plain = zip(*PAIRS, strict=True)
    assert [repaired(text) for text in written] == list(plain)
    assert lowest(encoder.encode_texts(written), encoder.encode_texts(plain)) >= 0.99999
    assert encoder.texts.token_ids(written) == encoder.texts.token_ids(plain), "in training too"


def test_vietnamese_is_left_as_it_is() -> None:
    lines = [
        "Đã ăn tối ở Đà Nẵng", "CÀ PHÊ SỮA ĐÁ", "LÂU ĐÀI NHÀ THỜ ĐỨC BÀ", "Người phụ nữ mặc áo dài",
        "Ở Ừ Ẫ Ỗ Ữ Ỵ ỷ ỹ ẵ ặ", "Hai con mèo – một đen, một trắng…", "ĐÃ ĂN QUẢ DỪA", "Ờ Ạ Ã Õ Ĩ Ũ",
    ]  # fmt: skip
    assert [repaired(line) for line in lines] == lines


def test_models_that_never_saw_them_repaired_keep_their_signs(hub: dict[str, Path]) -> None:
    """Held against transformers above; SigLIP was trained on texts as they came."""
    encoder = load_encoder(hub["siglip2"], device="cpu")
    assert encoder.texts.clean(" Dog’s ") == "dog’s"


def test_dictionaries_of_before_are_opened(
    hub: dict[str, Path], tiny_encoder: TorchEncoder
) -> None:
    """What a fingerprint of pictures is made of, written out: it must not change."""
    for encoder in (load_encoder(hub["siglip2"], device="cpu"), tiny_encoder):
        kept = encoder.preparation
        described = json.dumps(
            {
                "height": kept.height, "width": kept.width, "resize": kept.resize,
                "resize_to": kept.resize_to, "resample": kept.resample, "mean": kept.mean,
                "std": kept.std, "square_padding": kept.square_padding,
            },
            sort_keys=True,
        )  # fmt: skip
        before = fingerprint(encoder.network, described, encoder.texts.max_length)
        assert encoder.fingerprint == before


def test_the_tokenizer_is_in_the_fingerprint_of_texts_alone() -> None:
    size = {"widths": (8, 16), "text_width": 16, "dim": 12, "side": 32, "device": "cpu"}
    first = small_encoder(["abc abd", "cba"], **size)  # type: ignore[arg-type]
    second = small_encoder(["abe abf", "eba"], **size)  # type: ignore[arg-type]
    assert len(first.texts.tokenizer) == len(second.texts.tokenizer)
    assert first.fingerprint == second.fingerprint
    assert first.text_fingerprint != second.text_fingerprint
    read_all(first, ["abc " * 90])
    before = first.text_fingerprint
    first.forget_fingerprint()
    assert first.text_fingerprint == before, "a call leaves nothing behind"
