"""Text towers of the hub, joined: what each needs is guessed, kept, and gives its own answers."""

import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tower_checkpoints import e5, mbert, phobert, resnet, vit, xlmr

from timanh.errors import ModelFormatError, SettingsError
from timanh.models import join_towers, load_encoder
from timanh.models.two_tower import TwoTowerEncoder

SENTENCES = ["Một người đàn ông chơi bóng chày", "con mèo đen", "the dog", "Tòa nhà đỏ trên sân cỏ"]
JOINED = ["Một người đàn_ông chơi bóng_chày", "con mèo đen", "the dog", "Toà nhà đỏ trên sân_cỏ"]


@pytest.fixture(scope="session")
def towers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("towers")
    makers: dict[str, Callable[[Path], None]] = {
        "phobert-base-v2": phobert, "xlm-roberta-base": xlmr, "multilingual-e5-small": e5,
        "bert-base-multilingual-cased": mbert, "resnet-50": resnet, "vit-base": vit,
    }  # fmt: skip
    for name, make in makers.items():
        make(root / name)
    return root


def join(towers: Path, text: str, **settings: Any) -> TwoTowerEncoder:
    return join_towers(towers / "resnet-50", towers / text, dim=12, device="cpu", **settings)


def by_transformers(folder: Path, texts: list[str], pooling: str, limit: int) -> torch.Tensor:
    """(N, width) of the text model alone, each text by itself."""
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pooled = []
    with torch.no_grad():
        for text in texts:
            tokens = tokenizer([text], truncation=True, max_length=limit, return_tensors="pt")
            tokens.pop("token_type_ids", None)
            output = model(**tokens)
            hidden = output.last_hidden_state
            own = {"mean": hidden.mean(1), "cls": hidden[:, 0]}.get(pooling)
            pooled.append(output.pooler_output if own is None else own)
    return torch.cat(pooled)


def pooled_by(encoder: TwoTowerEncoder, texts: list[str]) -> torch.Tensor:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokens = encoder.texts(texts)
        return encoder.network.text_features(tokens["input_ids"], tokens["attention_mask"])


@pytest.mark.parametrize(
    ("text", "pooling", "prefix", "segmentation", "limit"),
    [
        ("phobert-base-v2", "cls", "", "underthesea", 256),
        ("xlm-roberta-base", "mean", "", "none", 512),
        ("multilingual-e5-small", "mean", "query: ", "none", 512),
        ("bert-base-multilingual-cased", "mean", "", "none", 512),
    ],
)
def test_known_towers_are_read_as_transformers_reads_them(
    towers: Path, tmp_path: Path, text: str, pooling: str, prefix: str, segmentation: str,
    limit: int,
) -> None:  # fmt: skip
    encoder = join(towers, text)
    tower = encoder.texts.tower
    assert (tower.pooling, tower.prefix, tower.segmentation) == (pooling, prefix, segmentation)
    assert encoder.texts.max_length == limit
    plain = JOINED if segmentation != "none" else SENTENCES
    plain = [*plain, "mèo " * 600]
    if segmentation != "none":
        assert encoder.texts.segmenter("mèo " * 600).split() == ["mèo"] * 600
    wanted = by_transformers(
        towers / text, [prefix + each.strip() for each in plain], pooling, limit
    )
    found = pooled_by(encoder, [*SENTENCES, "mèo " * 600])
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)

    encoder.save_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = load_encoder(tmp_path, device="cpu")
    assert again.texts.tower == tower and again.text_fingerprint == encoder.text_fingerprint
    np.testing.assert_allclose(
        again.encode_texts(SENTENCES), encoder.encode_texts(SENTENCES), atol=1e-6
    )


def test_the_towers_own_head_can_be_taken(towers: Path, tmp_path: Path) -> None:
    name = "bert-base-multilingual-cased"
    encoder = join(towers, name, pooling="pooler")
    wanted = by_transformers(towers / name, SENTENCES, "pooler", 512)
    torch.testing.assert_close(pooled_by(encoder, SENTENCES), wanted, atol=1e-5, rtol=1e-4)
    encoder.save_pretrained(tmp_path)
    again = load_encoder(tmp_path, device="cpu")
    torch.testing.assert_close(pooled_by(again, SENTENCES), wanted, atol=1e-5, rtol=1e-4)
    assert not any("pooler" in name for name in join(towers, name).network.state_dict())
    with pytest.raises(ModelFormatError, match="hold no head over the first token"):
        join(towers, "phobert-base-v2", pooling="pooler")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_texts_padded_on_the_left_have_the_same_vectors(towers: Path, pooling: str) -> None:
    left = join(towers, "xlm-roberta-base", pooling=pooling, padding_side="left")
    assert left.texts.tower.padding_side == ("left" if pooling == "mean" else "right")
    right = join(towers, "xlm-roberta-base", pooling=pooling)
    one_by_one = np.concatenate([left.encode_texts([text]) for text in SENTENCES])
    np.testing.assert_allclose(left.encode_texts(SENTENCES), one_by_one, atol=1e-5)
    np.testing.assert_allclose(one_by_one, right.encode_texts(SENTENCES), atol=1e-5)


def test_a_segmenter_changes_the_vectors_of_texts_alone(towers: Path) -> None:
    joined = join(towers, "phobert-base-v2")
    apart = join(towers, "phobert-base-v2", segmentation="none")
    assert joined.fingerprint == apart.fingerprint
    assert joined.text_fingerprint != apart.text_fingerprint
    both = [each.encode_texts(["người đàn ông chơi bóng chày"]) for each in (joined, apart)]
    assert float(np.sum(both[0] * both[1])) < 0.999


def test_a_checkpoint_is_not_opened_without_its_segmenter(
    towers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.metadata import PackageNotFoundError

    join(towers, "phobert-base-v2").save_pretrained(tmp_path / "vi-clip")
    config = tmp_path / "vi-clip" / "config.json"
    other = config.read_text("utf8").replace('"segmenter_version": "', '"segmenter_version": "0.')
    config.write_text(other, "utf8")
    with pytest.warns(UserWarning, match="may join some words otherwise"):
        load_encoder(tmp_path / "vi-clip", device="cpu")

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("timanh.models.text.segmentation.version", absent)
    with pytest.raises(ModelFormatError, match="reads Vietnamese .* is not installed: pip"):
        load_encoder(tmp_path / "vi-clip", device="cpu")


def test_long_and_decomposed_texts_and_texts_of_nothing_are_read(towers: Path) -> None:
    encoder = join(towers, "phobert-base-v2")
    text = "Một con mèo đen ở trong toà nhà"
    spread = unicodedata.normalize("NFD", text.replace("toà", "tòa"))
    np.testing.assert_allclose(
        encoder.encode_texts([spread]), encoder.encode_texts([text]), atol=1e-6
    )
    with pytest.warns(UserWarning, match="1 of 2 texts had more than 256 tokens and were cut"):
        vectors = encoder.encode_texts(["con mèo đen " * 134, text])
    assert np.isfinite(vectors).all()
    assert np.isfinite(encoder.encode_texts(["", "  ", "…"])).all()
    short = join(towers, "phobert-base-v2", max_tokens=50)
    assert short.texts.max_length == 50
    assert max(map(len, short.texts.token_ids(["con mèo đen " * 134]))) == 50


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pooling": "max"}, "pooling .* mean or cls or pooler"),
        ({"segmentation": "vncorenlp"}, "none or underthesea or pyvi"),
        ({"max_tokens": 2}, "at least 3 tokens"),
    ],
)
def test_settings_that_no_tower_has_are_refused(
    towers: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        join(towers, "xlm-roberta-base", **settings)


def test_pictures_of_another_size_than_a_vit_learnt(towers: Path, tmp_path: Path) -> None:
    text = towers / "xlm-roberta-base"
    encoder = join_towers(towers / "vit-base", text, dim=12, image_size=48, device="cpu")
    picture = Image.effect_noise((80, 60), 90).convert("RGB")
    pixels = torch.from_numpy(encoder.prepare_images([picture]))
    assert pixels.shape == (1, 3, 48, 48)
    with torch.no_grad():
        wanted = encoder.network.vision_model(
            pixel_values=pixels, interpolate_pos_encoding=True
        ).pooler_output
        torch.testing.assert_close(encoder.network.vision_features(pixels), wanted)
    encoder.save_pretrained(tmp_path)
    again = load_encoder(tmp_path, device="cpu")
    np.testing.assert_allclose(
        again.encode_images([picture]), encoder.encode_images([picture]), atol=1e-6
    )
    assert "vision_projection.weight" in load_file(tmp_path / "model.safetensors")
