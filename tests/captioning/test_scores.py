"""Scores of captions equal those of pycocoevalcap 1.2, and what stands beside them is right.

`scores.json` holds 100 small corpora of random words and what pycocoevalcap's Bleu(4), Cider and
Rouge gave for them.
"""

import json
from pathlib import Path

import pytest

from timanh.captioning.words import plain_words, report_words
from timanh.evaluation.caption_report import constant_caption, format_captions, score_captions
from timanh.evaluation.caption_scores import caption_scores

CASES = json.loads((Path(__file__).parent / "scores.json").read_text(encoding="utf8"))


def test_scores_are_those_of_pycocoevalcap() -> None:
    assert len(CASES) == 100
    without_match = 0
    for case in CASES:
        found = caption_scores(case["candidates"], case["references"])
        assert found["CIDEr"] == pytest.approx(case["cider"], abs=1e-9)
        assert found["ROUGE-L"] == pytest.approx(case["rouge"], abs=1e-9)
        for order, wanted in enumerate(case["bleu"], 1):
            bleu = found[f"BLEU-{order}"]
            # Where no run of this length fits, pycocoevalcap's is a small number and not 0.
            without_match += bleu == 0
            assert bleu == pytest.approx(wanted, abs=1e-9) or (bleu == 0 and wanted < 0.1)
    assert without_match < 100


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert plain_words("A dog's T-shirt, is “red”.") == ["a", "dog's", "t-shirt", "is", "red"]
    assert plain_words("Chơi bóng_chày.") == ["chơi", "bóng", "chày"]
    assert report_words("A dog's T-shirt!") == ["a", "dogs", "tshirt"]
    assert caption_scores(["A dog runs."], [["a dog, runs"]])["BLEU-3"] == pytest.approx(1)
    assert caption_scores([""], [["a dog"]])["BLEU-1"] == 0.0


def test_a_constant_and_a_person_stand_beside_it() -> None:
    sentence = "a man in a red shirt is standing there"
    references = [
        [f"a man in a red shirt is standing there near {place}", f"{sentence} alone"]
        for place in ("a tree", "a car", "the sea", "a house")
    ]
    found = score_captions(["a dog", "a dog", "a dog", "a cat"], references, references)
    assert found["constant"].startswith(sentence)
    assert found["distinct_per_1000"] == 500
    assert found["most_frequent"] == {"text": "a dog", "share": 0.75}
    assert found["copied"] == 0
    human = caption_scores([each[0] for each in references], [each[1:] for each in references])
    other = caption_scores([each[1] for each in references], [each[:1] for each in references])
    assert found["rows"]["human"]["BLEU-4"] == pytest.approx(
        (human["BLEU-4"] + other["BLEU-4"]) / 2
    )
    for row in found["rows"].values():
        for score, (low, high) in row["ci95"].items():
            assert low <= row[score] <= high
    table = format_captions(
        {"captioner": "mine", "split": "dev", "language": "en", "beams": 5, "skipped": {}, **found}
    )
    assert "a person" in table and "500 distinct captions a thousand" in table
    assert score_captions(["a"], [["b"]])["rows"]["human"] is None
    assert constant_caption([["short"]]) == "short"


def test_the_constant_is_not_chosen_by_the_accidents_of_a_small_sample() -> None:
    man, dog = "a man in a red shirt is standing there", "a black dog runs over the green grass"
    train = [[dog if number % 12 == 0 else man] for number in range(3000)]
    assert constant_caption(train) == man
