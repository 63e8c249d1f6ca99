"""Vietnamese, Vietnamese without its marks, and English, side by side."""

from pathlib import Path

import numpy as np
import pytest
from command_line import Printed
from vietnamese_data import KINDS, picture

from timanh.cli import run
from timanh.evaluation.by_language import format_languages, recall_by_language
from timanh.evaluation.evaluate import Measured
from timanh.evaluation.verdicts import ExpectedQuery, format_verdicts, verdicts
from timanh.models import load_encoder
from timanh.models.encoder import Encoder


class Words:
    """Gives each text the vector that its first word names; without marks it knows none."""

    reads_unmarked = True

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        known = {"chó": 0, "mèo": 1}
        return np.eye(3, dtype=np.float32)[[known.get(text.split()[0], 2) for text in texts]]


def test_marks_that_are_lost_are_measured_apart() -> None:
    captions = ["chó chạy", "a dog runs", "mèo ngủ", "a cat sleeps", "chó đen", "a black dog"]
    owner = np.array([0, 0, 1, 1, 0, 0])
    measured = Measured(
        {}, ("0", "1", "2"), owner, np.arange(6), np.array([1, 2, 1, 3, 1, 7]), np.ones(3, int),
        np.eye(3, dtype=np.float32),
    )  # fmt: skip
    encoder: Encoder = Words()  # type: ignore[assignment]
    found = recall_by_language(encoder, measured, captions)
    assert [row["captions"] for row in found.values()] == [3, 3, 3]
    assert found["Vietnamese"]["R@1"] == 100 and found["English"]["R@1"] == 0
    assert found["English"]["R@5"] == pytest.approx(66.6667)
    assert found["without marks"]["R@1"] == 0 and found["without marks"]["R@5"] == 100
    encoder.reads_unmarked = False
    restored = recall_by_language(encoder, measured, captions)
    assert restored["without marks"]["R@1"] == 100
    lines = format_languages(found, "words").splitlines()
    assert lines[1].split() == ["Vietnamese", "without", "marks", "English"]
    assert recall_by_language(encoder, measured, ["a dog runs"] * 6) == {}


def test_evaluate_prints_them_where_captions_of_both_are_there(
    tmp_path: Path, capsys: Printed
) -> None:
    lines, vietnamese = ["image,caption"], ["image,caption"]
    for number in range(12):
        colour, shape = KINDS[number % len(KINDS)]
        picture(tmp_path / "images" / f"{number}.jpg", number)
        lines.append(f"{number}.jpg,the {shape != 'tròn'} thing number {number}")
        vietnamese.append(f"{number}.jpg,một hình {shape} màu {colour}")
    (tmp_path / "captions.txt").write_text("\n".join(lines), "utf8")
    (tmp_path / "captions.vi.txt").write_text("\n".join(vietnamese), "utf8")
    common = ["evaluate", "--model", "demo", "--data", str(tmp_path), "--split", "all"]
    assert run([*common, "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "text → image by language · demo" in out and "without marks" in out
    both = ["--captions", str(tmp_path / "captions.txt"), "--device", "cpu"]
    assert run([*common, *both]) == 0
    assert "by language" not in capsys.readouterr().out

    from timanh.data import open_data

    folder = open_data(tmp_path, tmp_path / "captions.vi.txt")
    encoder = load_encoder("demo", device="cpu")
    queries = [
        ExpectedQuery("một hình tròn màu đỏ", ("tròn", "đỏ|xanh")),
        ExpectedQuery("con voi", ("voi",)),
    ]
    found = verdicts(encoder, folder, folder.names, queries)
    assert found[0].among == 4 and found[0].right == (KINDS[int(found[0].found[:-4]) % 6] in [
        ("đỏ", "tròn"), ("xanh", "tròn")
    ])  # fmt: skip
    table = format_verdicts(found)
    assert table.startswith("| query | expected | found | verdict |")
    assert "none in the gallery" in table and "đỏ or xanh (4 pictures)" in table
