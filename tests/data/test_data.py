"""Caption files, splits, pictures: what is wrong with them first."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from timanh.data import (
    draw_splits,
    list_pictures,
    open_data,
    open_picture,
    read_captions,
)
from timanh.errors import (
    CaptionFormatError,
    DataError,
    EmptyGalleryError,
    PictureError,
    PictureTooLargeError,
)

# --- captions


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "first line is “”"),
        ("a dog\na cat\n", "first line is “a dog”"),
        ('{"hello": 1}', "it holds hello"),
        ('{"images": [', "not whole JSON"),
    ],
)
def test_unknown_caption_files_say_what_they_hold(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "captions.txt"
    file.write_text(content)
    with pytest.raises(CaptionFormatError, match=said) as raised:
        read_captions(file)
    assert "Flickr8k.token.txt" in str(raised.value)


def test_a_binary_caption_file(tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_bytes(b"\x81\x00\xff")
    with pytest.raises(CaptionFormatError, match="not UTF-8"):
        read_captions(file)


def test_kaggle_form_with_commas_quotes_bom_and_bad_lines(tmp_path: Path) -> None:
    file = tmp_path / "anything.csv"
    file.write_bytes(
        "\ufeffimage,caption\r\n"
        "a.jpg,A dog , a cat , and a bird .\r\n"
        'a.jpg,"Two men, one hat"\r\n'
        'b.jpg,"Stop" says the sign\r\n'
        "no comma here\r\n"
        "\r\n"
        ",a caption of nothing\r\n".encode()
    )
    found = read_captions(file)
    assert found.form == "kaggle"
    assert found.captions == {
        "a.jpg": ("A dog , a cat , and a bird .", "Two men, one hat"),
        "b.jpg": ('"Stop" says the sign',),
    }
    assert found.problem_count == 2
    assert found.problems == ("line 5: no comma here", "line 7: ,a caption of nothing")


def test_token_form(tmp_path: Path) -> None:
    file = tmp_path / "Flickr8k.token.txt"
    file.write_text("x.jpg#0\tA dog .\nx.jpg#1\tOne dog .\nx.jpg\tno number\n")
    found = read_captions(file)
    assert (found.form, found.problem_count) == ("token", 1)
    assert found.captions == {"x.jpg": ("A dog .", "One dog .")}


def test_coco_form_joins_by_id_and_composes_letters(tmp_path: Path) -> None:
    file = tmp_path / "captions.json"
    content = {
        "images": [{"id": 7, "file_name": "bóng.jpg"}],
        "annotations": [
            {"image_id": 7, "caption": " Quả bo\u0301ng \n đỏ "},
            {"image_id": 8, "caption": "of no picture"},
        ],
    }
    file.write_text(json.dumps(content))
    found = read_captions(file)
    assert found.captions == {"bóng.jpg": ("Quả bóng đỏ",)}
    assert found.problem_count == 1


def test_karpathy_form_brings_its_splits(tmp_path: Path) -> None:
    images = [
        {"filename": f"{split}.jpg", "split": split, "sentences": [{"raw": "a"}, {"raw": "b"}]}
        for split in ("train", "val", "test")
    ]
    file = tmp_path / "dataset.json"
    file.write_text(json.dumps({"images": images}))
    found = read_captions(file)
    assert found.splits == {"train": ("train.jpg",), "dev": ("val.jpg",), "test": ("test.jpg",)}


# --- folders and splits


def test_folders_that_are_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        open_data(tmp_path / "nowhere")
    with pytest.raises(EmptyGalleryError, match="holds no picture"):
        open_data(tmp_path)


def test_captions_of_other_pictures_are_noticed(gallery: Path) -> None:
    (gallery / "captions.txt").write_text("image,caption\nelsewhere.jpg,A dog\n")
    with pytest.raises(DataError, match=r"None of the 1 captioned names, such as elsewhere\.jpg"):
        open_data(gallery)


def test_two_languages_are_merged_and_missing_pictures_counted(gallery: Path) -> None:
    (gallery / "captions.vi.txt").write_text(
        "image,caption\nred_circle_0.jpg,một hình tròn đỏ\ngone.jpg,mất rồi\n"
    )
    folder = open_data(gallery)
    assert len(folder.names) == 12
    assert folder.missing == ("gone.jpg",)
    assert folder.captions_of("red_circle_0.jpg")[-1] == "một hình tròn đỏ"
    assert len(open_data(gallery, gallery / "captions.txt").captions_of("red_circle_0.jpg")) == 2


def test_split_files_drop_and_count_what_is_not_there(gallery: Path) -> None:
    (gallery / "Flickr_8k.devImages.txt").write_text("red_circle_0.jpg\ngone.jpg\n\n")
    folder = open_data(gallery)
    assert folder.split("dev") == ("red_circle_0.jpg",)
    assert folder.dropped["dev"] == ("gone.jpg",)
    assert "red_circle_0.jpg" not in folder.split("train")
    (gallery / "mine.txt").write_text("nobody.jpg\n")
    with pytest.raises(DataError, match="None of the 1 names"):
        folder.split("mine", file=gallery / "mine.txt")


@given(st.sets(st.text(min_size=1, max_size=8), max_size=80), st.integers(0, 5))
def test_drawn_splits_never_share_a_picture_and_lose_none(names: set[str], seed: int) -> None:
    splits = draw_splits(sorted(names), seed)
    parts = [set(part) for part in splits.values()]
    assert set.union(*parts) == names
    assert sum(map(len, parts)) == len(names)
    assert draw_splits(sorted(names, reverse=True), seed).keys() == splits.keys()
    backwards = draw_splits(sorted(names, reverse=True), seed)
    assert all(set(backwards[which]) == set(splits[which]) for which in splits)


# --- pictures


def test_pictures_that_cannot_be_opened_are_named(tmp_path: Path, gallery: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("I am not a picture")
    with pytest.raises(PictureError, match=r"text\.jpg is not a picture"):
        open_picture(text)
    whole = (gallery / "images" / "red_circle_0.jpg").read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match=r"cut\.jpg is damaged"):
        open_picture(cut)
    with pytest.raises(PictureError, match="There is no picture"):
        open_picture(tmp_path / "none.jpg")
    with pytest.raises(PictureError, match="that was sent"):
        open_picture(b"")


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    bomb = BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    with pytest.raises(PictureTooLargeError, match="12000 × 12000"):
        open_picture(bomb.getvalue())


def test_every_kind_of_picture_becomes_upright_rgb() -> None:
    def saved(image: Image.Image, form: str, **options: object) -> bytes:
        out = BytesIO()
        image.save(out, form, **options)
        return out.getvalue()

    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    turned = open_picture(saved(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif))
    assert (turned.mode, turned.size) == ("RGB", (20, 40))
    clear = open_picture(saved(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG"))
    assert clear.getpixel((0, 0)) == (255, 255, 255)
    deep = open_picture(saved(Image.new("I;16", (4, 4), 65535 // 2), "PNG"))
    assert 120 <= deep.getpixel((1, 1))[0] <= 135
    print_ = open_picture(saved(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "JPEG"))
    assert print_.getpixel((1, 1))[0] > 200
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    moving = open_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (moving.mode, moving.getpixel((1, 1))) == ("RGB", (255, 0, 0)), "the first frame"


def test_large_jpegs_are_decoded_small_on_request(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    Image.new("RGB", (1600, 1200), "green").save(file)
    assert open_picture(file, longest=300).size == (400, 300)


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    for name in ("b/1.JPG", "a.png", ".hidden.jpg", "__MACOSX/x.jpg", ".thumbs/y.jpg", "no.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_pictures(tmp_path) == ["a.png", "b/1.JPG"]
