"""Vietnamese words joined as PhoBERT learnt them, by the program itself."""

import importlib.metadata
import unicodedata
import warnings

import pytest

from timanh.errors import ModelFormatError, SettingsError
from timanh.models.text.segmentation import open_segmenter
from timanh.models.text.tone_placement import place_tones


@pytest.fixture(scope="module")
def join() -> object:
    return open_segmenter("underthesea", "vi-clip")


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("Một vận động viên tennis đang chuẩn bị phát bóng",
         "Một vận_động_viên tennis đang chuẩn_bị phát_bóng"),
        ("Cầu thủ bóng chày đang thực hiện cú ném bóng",
         "Cầu_thủ bóng_chày đang thực_hiện cú ném bóng"),
        ("Bóng chày là gì", "Bóng_chày là gì"),
        ("Một vận_động_viên đánh bóng_chày ngoài sân", None),  # comes joined, as KTVIC's
        ("A man and an old woman play football", None),
        ("The café of São Paulo is open", None),
        ("nguoi dan ong da bong", None),  # it knows no words without their marks
        ("", None),
    ],
)  # fmt: skip
def test_words_are_joined_once_and_only_in_vietnamese(
    join: object, text: str, joined: str | None
) -> None:
    assert callable(join)
    assert join(text) == (text if joined is None else joined)


def test_nearly_every_bong_chay_is_joined(join: object) -> None:
    """42 % are without the list of fixed words."""
    assert callable(join)
    before = ("Một cầu thủ", "Cậu bé chơi", "Trọng tài trận", "Hai đội", "Người đàn ông xem")
    after = ("đang vung gậy", "trên sân cỏ", "ở giữa sân", "vào buổi tối", ".")
    read = [join(f"{one} bóng chày {other}") for one in before for other in after]
    assert sum("bóng_chày" in text for text in read) == len(read)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Tòa nhà, hòa bình, khỏe, thủy thủ, ủy ban", "Toà nhà, hoà bình, khoẻ, thuỷ thủ, uỷ ban"),
        ("TÒA ÚY Tòa Úy", "TOÀ UÝ Toà Uý"),
        ("quý qúy quả", "quý qúy quả"),
        ("hoàn toàn, khoẻ, uỷ, của, mùa, múi", "hoàn toàn, khoẻ, uỷ, của, mùa, múi"),
        ("the boat", "the boat"),
    ],
)
def test_tones_stand_where_phobert_learnt_them(written: str, wanted: str) -> None:
    assert place_tones(written) == wanted
    assert unicodedata.is_normalized("NFC", place_tones(written))


def test_without_its_segmenter_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("timanh.models.text.segmentation.version", absent)
    wanted = r"vi-clip .* underthesea 9\.5\.0, which is not installed: pip install underthesea==9"
    with pytest.raises(ModelFormatError, match=wanted):
        open_segmenter("underthesea", "vi-clip", "9.5.0")
    assert open_segmenter("none", "vi-clip")("con mèo đen") == "con mèo đen"


def test_another_version_is_said_and_used() -> None:
    with pytest.warns(UserWarning, match=r"trained .* underthesea 1\.3\.1, and underthesea \d"):
        open_segmenter("underthesea", "vi-clip", "1.3.1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_segmenter("underthesea", "vi-clip", importlib.metadata.version("underthesea"))


def test_unknown_segmenters_are_refused() -> None:
    with pytest.raises(SettingsError, match="none, underthesea, pyvi"):
        open_segmenter("vncorenlp", "vi-clip")
