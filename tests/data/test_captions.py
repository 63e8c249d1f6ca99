"""Captions as data sets, spreadsheets and pandas write them."""

import json
from pathlib import Path
from typing import Any

import pytest
from galleries import make_gallery

from timanh.data import CaptionSet, caption_notes, open_data, read_captions, split_note
from timanh.errors import CaptionFormatError, DataError


def read(folder: Path, content: str | bytes, name: str = "captions.txt") -> CaptionSet:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_captions(file)


def read_json(folder: Path, content: Any) -> CaptionSet:
    return read(folder, json.dumps(content), "captions.json")


BOTH = {"a.jpg": ("A dog , a cat", "Two dogs"), "b.jpg": ("A bird",)}


@pytest.mark.parametrize(
    "content",
    [
        "image_name| comment_number| comment\n"
        "a.jpg| 0| A dog , a cat\na.jpg| 1| Two dogs\nb.jpg| 0| A bird\n",
        "image\tcaption\na.jpg\tA dog , a cat\na.jpg\tTwo dogs\nb.jpg\tA bird\n",
        "image;caption\na.jpg;A dog , a cat\na.jpg;Two dogs\nb.jpg;A bird\n",
        ',image,caption\n0,a.jpg,"A dog , a cat"\n1,a.jpg,Two dogs\n2,b.jpg,A bird\n',
        ",image,caption\n0,a.jpg,A dog , a cat\n1,a.jpg,Two dogs\n2,b.jpg,A bird\n",
        "caption,image\nA dog , a cat,a.jpg\nTwo dogs,a.jpg\nA bird,b.jpg\n",
        'image,caption,split\na.jpg,A dog , a cat,train\na.jpg,"Two dogs",test\nb.jpg,A bird,x\n',
        "\ufeffimage,caption\r\na.jpg,A dog , a cat\r\na.jpg,Two dogs\r\nb.jpg,A bird\r\n",
        '"image","caption"\n"a.jpg","A dog , a cat"\n"a.jpg","Two\ndogs"\n"b.jpg","A bird"\n',
        'caption;image\n"A dog ,\na cat";a.jpg\nTwo dogs;a.jpg\nA bird;b.jpg\n',
        "a.jpg\tA dog , a cat\na.jpg\tTwo dogs\nb.jpg\tA bird\n",
        "a.jpg#0\tA dog , a cat\na.jpg#1\tTwo dogs\nb.jpg#0\tA bird\n",
        "Image Name, Comment Number, Comment\n"
        "a.jpg,0,A dog , a cat\na.jpg,1,Two dogs\nb.jpg,0,A bird",
    ],
)  # fmt: skip
def test_tables_of_every_form_say_the_same(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content)
    assert found.captions == BOTH
    assert found.problem_count == 0
    wide = read(tmp_path, content.removeprefix("\ufeff").encode("utf-16"))
    assert wide.captions == BOTH, "as Excel saves Unicode text"


def test_a_quote_that_is_not_closed_takes_in_no_other_row(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "image,caption\n"
        'a.jpg,"A dog\n'
        'b.jpg,A man says , " hello\n'
        'c.jpg,"Stop" says the sign\n'
        'd.jpg,"A cat\n'
        'e.jpg,A sign with the word "stop"\n'
        'f.jpg,"A house\nwith two, perhaps ""three"" doors"\n',
    )
    assert found.problem_count == 0
    assert found.captions == {
        "a.jpg": ('"A dog',),
        "b.jpg": ('A man says , " hello',),
        "c.jpg": ('"Stop" says the sign',),
        "d.jpg": ('"A cat',),
        "e.jpg": ('A sign with the word "stop"',),
        "f.jpg": ('A house with two, perhaps "three" doors',),
    }


def test_what_is_no_caption_is_counted_and_shown(tmp_path: Path) -> None:
    rows = ["nan", "None", "NaN", "null", "3.0", "17", "['A dog', 'Two dogs']", "[]", ""]
    rows += [
        "NA",
        "#N/A",
        "#VALUE!",
        "inf",
        "('A dog', 'Two dogs')",
        "('A dog',)",
        "[nan]",
        "[1, 2]",
    ]
    rows += [
        "[None]",
        '[["A dog"]]',
        "array(['A dog'])",
        "b'A dog'",
        "-",
        "...",
        "50%",
        "12:30",
        "1/2",
    ]
    rows += ["\u200b", "\0", "1 234"]
    kept = ("3 dogs run", "(old) dog [sic]", "[a dog]", '("Stop" on a sign)', "🐕", "犬", "Na Uy")
    table = "image,caption\n" + "".join(f"a.jpg,{row}\n" for row in (*rows, *kept))
    found = read(tmp_path, table)
    assert found.captions == {"a.jpg": kept}
    assert (found.problem_count, found.problems[0]) == (len(rows), "line 2: a.jpg,nan")
    values = [None, 3, 2.5, float("nan"), True, ["A dog"], {"en": "A dog"}, "nan", "None", "7"]
    coco = read_json(
        tmp_path,
        {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "annotations": [{"image_id": 1, "caption": value} for value in [*values, "A dog"]],
        },
    )
    assert coco.captions == {"a.jpg": ("A dog",)}
    assert coco.problem_count == len(values)
    sentences = [{"raw": ["A dog"]}, {"raw": "A dog"}, {"raw": None}]
    karpathy = read_json(tmp_path, {"images": [{"filename": "a.jpg", "sentences": sentences}]})
    assert (karpathy.captions, karpathy.problem_count) == ({"a.jpg": ("A dog",)}, 2)


def test_the_broken_row_of_flickr30k_is_counted(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "image_name| comment_number| comment\n"
        "a.jpg| 0| A dog runs\n"
        "b.jpg| 4   A dog runs across the grass .\n",
    )
    assert found.form == "flickr30k"
    assert found.captions == {"a.jpg": ("A dog runs",)}
    assert found.problems == ("line 3: b.jpg| 4 A dog runs across the grass .",)


def test_ktvic_and_uit_viic(tmp_path: Path) -> None:
    images = [{"id": 1, "filename": "00000000001.jpg"}, {"id": 2, "filename": "00000000002.jpg"}]
    annotations = [
        {"id": 5, "image_id": 1, "caption": "Người đàn ông đang chạy",
         "segment_caption": "Người đàn_ông đang chạy"},
        {"id": 6, "image_id": 2, "segment_caption": "Hai chiếc xe_máy"},
    ]  # fmt: skip
    found = read_json(tmp_path, {"images": images, "annotations": annotations})
    assert found.captions == {
        "00000000001.jpg": ("Người đàn ông đang chạy",),
        "00000000002.jpg": ("Hai chiếc xe máy",),
    }
    # pandas turns ids into 7.0 as soon as one is missing
    coco = {"images": [{"id": 7, "file_name": "a.jpg"}, {"id": "8", "file_name": "b.jpg"}]}
    coco["annotations"] = [
        {"image_id": 7.0, "caption": "A dog"}, {"image_id": "8.0", "caption": "A cat"},
    ]  # fmt: skip
    assert read_json(tmp_path, coco).captions == {"a.jpg": ("A dog",), "b.jpg": ("A cat",)}


def test_a_file_without_one_caption_says_which_row_it_could_not_read(tmp_path: Path) -> None:
    with pytest.raises(CaptionFormatError, match=r"none of its 1 entries .*line 2: a.jpg,nan"):
        read(tmp_path, "image,caption\na.jpg,nan\n")


# --- captions and pictures


def test_names_that_differ_from_the_disk_are_matched_one_by_one(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", repeats=1)
    images = gallery / "images"
    (images / "deep").mkdir()
    (images / "red_square_0.jpg").rename(images / "deep" / "red_square_0.jpg")
    (images / "blue_square_0.jpg").rename(images / "000000000139.jpg")
    (gallery / "captions.txt").write_text(
        "image_id,caption\n"
        "red_circle_0.jpg,as it is\n"
        "images/red_circle_0.jpg,with its folder\n"
        "red_square_0.jpg,without its folder\n"
        "green_circle_0,without a suffix\n"
        "139.0,a number\n"
        "gone.jpg,of nothing\n"
    )
    folder = open_data(gallery)
    assert folder.captions_of("red_circle_0.jpg") == ("as it is", "with its folder")
    assert folder.captions_of("deep/red_square_0.jpg") == ("without its folder",)
    assert folder.captions_of("green_circle_0.jpg") == ("without a suffix",)
    assert folder.captions_of("000000000139.jpg") == ("a number",)
    assert folder.missing == ("gone.jpg",)


def test_a_name_that_fits_two_pictures_is_said_to_fit_two(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", repeats=2)
    images = gallery / "images"
    for number, trip in enumerate(("a", "b")):
        (images / trip).mkdir()
        (images / f"red_square_{number}.jpg").rename(images / trip / "x.jpg")
    (gallery / "captions.txt").write_text(
        "image,caption\nred_circle_0.jpg,one\nx.jpg,two\nx,three\ngone.jpg,four\n"
    )
    (gallery / "test.txt").write_text("red_circle_0.jpg\nx.jpg\n")
    notes = caption_notes(folder := open_data(gallery))
    assert [note for note in notes if "captions " in note] == [
        "2 captions were left out, because several pictures fit the name: x.jpg fits 2 pictures, "
        "such as a/x.jpg and b/x.jpg. Name such pictures with their folders.",
        "1 captions name no picture that is there; the first: gone.jpg",
    ]
    note = split_note(folder, ["test"])
    assert "test.txt, x.jpg fits 2 pictures" in note and "not there" not in note
    (gallery / "captions.txt").write_text("image,caption\nx.jpg,two\n")
    with pytest.raises(DataError, match=r"x\.jpg fits 2 pictures, such as a/x\.jpg and b/x\.jpg"):
        open_data(gallery)


@pytest.mark.parametrize("second", ["caption_vi", "Caption 2", "sentence1", "text", "captions"])
def test_no_column_of_captions_is_dropped(tmp_path: Path, second: str) -> None:
    read_in = read(
        tmp_path,
        f"image,caption,{second},caption_id,text_length\n"
        'a.jpg,"A dog, running",Con chó,a1,3\n'
        "b.jpg,A cat,nan,b1,2\n"
        "c.jpg,,Con mèo,c1,2\n"
        "d.jpg,A man, and a dog,Người,d1,2\n",
    )
    assert read_in.captions == {
        "a.jpg": ("A dog, running", "Con chó"), "b.jpg": ("A cat",), "c.jpg": ("Con mèo",),
    }  # fmt: skip
    assert read_in.problem_count == 1, "whose comma it is nobody knows"
    assert read_in.problems[0].startswith("line 5: d.jpg")


# --- splits


def test_a_split_column_is_read(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", repeats=1)
    (gallery / "captions.txt").write_text(
        "image,caption,Split\nred_circle_0.jpg,one,Train\ngreen_circle_0.jpg,two,train\n"
        "blue_circle_0.jpg,three,val\nred_square_0.jpg,four,test\nred_square_0.jpg,five,test\n"
    )
    folder = open_data(gallery)
    assert folder.split("train") == ("red_circle_0.jpg", "green_circle_0.jpg")
    assert folder.split("dev") == ("blue_circle_0.jpg",)
    assert folder.split("test") == ("red_square_0.jpg",)
    assert split_note(folder).count("as the caption files say") == 3
    names = sorted(path.name for path in (gallery / "images").iterdir())
    (gallery / "captions.txt").write_text(
        "split,image,caption\n" + "\n".join(f"train,{name},a" for name in names)
    )
    assert "(drawn at random)" in split_note(open_data(gallery), ["train"]), "one split of all"


def flickr8k(folder: Path) -> tuple[Path, Path]:
    """Pictures and, elsewhere, the texts of Flickr8k as they are unpacked."""
    gallery = make_gallery(folder / "made", repeats=2)
    images, texts = folder / "Flicker8k_Dataset", folder / "Flickr8k_text"
    (gallery / "images").rename(images)
    texts.mkdir()
    names = sorted(path.name for path in images.iterdir())
    (texts / "Flickr8k.token.txt").write_text(
        "".join(f"{name}#{count}\tcaption {count}\n" for name in names for count in (0, 1))
    )
    lists = {"train": names[:8], "dev": names[8:10], "test": [*names[10:], "gone.jpg"]}
    for which, listed in lists.items():
        (texts / f"Flickr_8k.{which}Images.txt").write_text("\n".join(listed) + "\n")
    return images, texts


def test_lists_beside_the_caption_file_are_taken(tmp_path: Path) -> None:
    images, texts = flickr8k(tmp_path)
    names = sorted(path.name for path in images.iterdir())
    for folder in (open_data(images, texts / "Flickr8k.token.txt"), open_data(tmp_path)):
        assert folder.split("train") == tuple(names[:8])
        assert folder.split("dev") == tuple(names[8:10])
        assert folder.split("test") == tuple(names[10:]), "official test pictures stay apart"
        assert folder.dropped["test"] == ("gone.jpg",)


def test_an_official_list_of_pictures_that_are_not_here_is_an_empty_split(tmp_path: Path) -> None:
    images, texts = flickr8k(tmp_path)
    (texts / "Flickr_8k.testImages.txt").write_text("elsewhere.jpg\n")
    folder = open_data(images, texts / "Flickr8k.token.txt")
    assert (len(folder.split("train")), folder.split("test")) == (8, ())
    for which in ("train", "dev"):
        (texts / f"Flickr_8k.{which}Images.txt").unlink()
    with pytest.raises(DataError, match="None of the 1 names"):
        open_data(images, texts / "Flickr8k.token.txt").split("train")


def test_lists_of_ids_without_suffix_as_flickr30k_has(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", repeats=1)
    (gallery / "test.txt").write_text("red_circle_0\nblue_square_0\n")
    folder = open_data(gallery)
    assert folder.split("test") == ("red_circle_0.jpg", "blue_square_0.jpg")
    assert not set(folder.split("test")) & {*folder.split("train"), *folder.split("dev")}


def test_coco_as_it_is_unpacked(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "made", repeats=2)
    coco = tmp_path / "coco"
    (coco / "annotations").mkdir(parents=True)
    names = sorted(path.name for path in (gallery / "images").iterdir())
    for which, part in (("train", names[:8]), ("val", names[8:])):
        (coco / f"{which}2017").mkdir()
        for name in part:
            (gallery / "images" / name).rename(coco / f"{which}2017" / name)
        (coco / "annotations" / f"captions_{which}2017.json").write_text(
            json.dumps(
                {
                    "images": [{"id": at, "file_name": name} for at, name in enumerate(part)],
                    "annotations": [{"image_id": at, "caption": "A shape"} for at in range(4)],
                }
            )
        )
    (coco / "annotations" / "instances_train2017.json").write_text('{"annotations": []}')
    folder = open_data(coco)
    assert folder.captions_of(f"train2017/{names[0]}") == ("A shape",)
    assert folder.missing == ()
    assert folder.split("train") == tuple(f"train2017/{name}" for name in names[:4])
    assert folder.split("dev") == tuple(f"val2017/{name}" for name in names[8:12])
    # The train file alone must still be split to be trained with.
    alone = open_data(coco / "train2017", coco / "annotations" / "captions_train2017.json")
    assert alone.split_lists == {} and len(alone.split("train")) > 0
    bare = open_data(coco / "train2017")
    with pytest.raises(DataError, match="No caption file found in .* Name it with --captions"):
        bare.require_captions()
