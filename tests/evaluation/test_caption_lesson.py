"""What a score of captions is worth, as notebook 07 shows it."""

from pathlib import Path

from pixel_encoder import make_pictures

from timanh.data import open_data
from timanh.evaluation import caption_scores, lessons

SAID = ("a red car stands in the rain", "the car is red and wet", "a car in the street")


def test_one_reference_is_worth_less_than_all(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 4)
    names = sorted(file.name for file in pictures.iterdir())
    lines = "".join(f"{name},{text}\n" for name in names for text in SAID)
    (pictures / "captions.txt").write_text(f"image,caption\n{lines}", "utf8")
    written = [SAID[0], SAID[1], "a red car stands in the street", SAID[2]]
    document = {
        "language": "en",
        "captions": dict(zip(names, written, strict=True)),
        "distinct_per_1000": 1000.0,
        "constant": "a red car stands in the sun",
    }
    table = lessons.references_table({"mine": document}, open_data(pictures), ["en"])
    (mine, constant, person) = table.rows
    one = caption_scores(written, [SAID[:1]] * 4)["BLEU-4"]
    every = caption_scores(written, [SAID] * 4)
    assert mine == ("mine", f"{one:.3f}", f"{every['BLEU-4']:.3f}", f"{every['CIDEr']:.3f}", "1000")
    assert float(mine[1]) < float(mine[2])
    assert constant[0].startswith("constant") and constant[4] == "—"
    alone = caption_scores([SAID[0]] * 4, [SAID[1:]] * 4)["BLEU-4"]
    assert person[0].startswith("a person") and person[2] == f"{alone:.3f}"
