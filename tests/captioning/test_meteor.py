"""METEOR by its authors' program: what it is sent, what comes of it, and where it is missing."""

import importlib
import re
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from timanh.evaluation.caption_report import HEAD, format_captions, score_captions
from timanh.evaluation.meteor import JAR, MeteorError, meteor_command, running_meteor

CAPTIONS = ["A dog runs over the lawn.", "a man wearing a shirt of red", "zebra", "..."]
REFERENCES = [
    ["a dog runs on grass", "The brown dog is running!"],
    ["a man in a red shirt", "a person stands"],
    ["a man", "two boats on a river"],
    ["a cat", "a cat sleeps"],
]
# Counts words, words of the best reference, and those in common; scores are their Dice index. It
# knows the lines of METEOR 1.5 with -stdio, answers each, and ends with its stdin.
STAND_IN = """#!{python}
import sys
if sys.argv[-5:] != ["-", "-stdio", "-l", "en", "-norm"] or "-jar" not in sys.argv:
    sys.exit("Usage")
def score(n):
    return 2 * n[2] / (n[0] + n[1]) if n[0] + n[1] else 0.0
for line in sys.stdin:
    what, *fields = [part.strip() for part in line.rstrip("\\n").split("|||")]
    if what == "SCORE":
        *references, own = [set(field.split()) for field in fields]
        best = max(references, key=lambda each: len(each & own))
        print(float(len(own)), float(len(best)), float(len(best & own)), flush=True)
    elif what == "EVAL":
        rows = [[float(number) for number in field.split()] for field in fields]
        for row in rows + [[sum(column) for column in zip(*rows)]]:
            print(score(row), flush=True)
    else:
        sys.exit(f"Error: unknown line {what!r}")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pycocoevalcap with a jar of no bytes, and a `java` that does what the jar would."""
    jar = tmp_path / "site" / "pycocoevalcap" / JAR
    jar.parent.mkdir(parents=True)
    jar.touch()
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(STAND_IN.replace("{python}", sys.executable))
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PATH", str(java.parent))
    importlib.invalidate_caches()
    return tmp_path


def test_counts_are_added_up_over_the_pictures(package: Path) -> None:
    with running_meteor(meteor_command("en")) as meteor:
        counts = meteor.counts(CAPTIONS, REFERENCES)
        assert counts.tolist() == [[6, 5, 3], [6, 5, 4], [1, 2, 0], [0, 2, 0]]
        alone = meteor.scores(counts)
        together = meteor.scores(counts.sum(0)[None])
    assert alone == pytest.approx([6 / 11, 8 / 11, 0, 0]) and together == pytest.approx([14 / 27])


def test_stands_in_the_table_with_its_interval(package: Path) -> None:
    found = score_captions(CAPTIONS, REFERENCES)
    row = found["rows"]["captioner"]
    assert row["METEOR"] == pytest.approx(14 / 27) and found["protocol"] == HEAD
    for each in found["rows"].values():
        low, high = each["ci95"]["METEOR"]
        assert low <= each["METEOR"] <= high and low < high
    people = [[texts[0] for texts in REFERENCES], [texts[1] for texts in REFERENCES]]
    with running_meteor(meteor_command("en")) as meteor:
        both = [
            meteor.scores(meteor.counts(one, [[text] for text in other]).sum(0)[None])[0]
            for one, other in (people, people[::-1])
        ]
    assert found["rows"]["human"]["METEOR"] == pytest.approx(np.mean(both))
    assert re.search(r"\nMETEOR +0\.519  \[", table(found))


def test_the_head_says_why_it_is_missing(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = package / "bin" / "java"

    def head(language: str = "en") -> str:
        found = score_captions(CAPTIONS, REFERENCES, language=language)
        assert "METEOR" not in found["rows"]["captioner"] and "\nMETEOR" not in table(found)
        return table(found).splitlines()[1]

    assert "no METEOR: it compares English captions only; a person" in head("vi")
    java.write_text(f"#!{sys.executable}\nimport sys; sys.exit('Error: no room for the heap')\n")
    assert "no METEOR: its program stopped (Error: no room for the heap)" in head()
    java.write_text(f"#!{sys.executable}\nfor line in open(0): print('usage', flush=True)\n")
    assert "no METEOR: its program answers no numbers" in head()
    java.write_text("#!/nowhere/at/all\n")
    assert f"no METEOR: {java} cannot be started (No such file or directory)" in head()
    java.unlink()
    assert "no METEOR: it needs Java, and there is no java on the PATH" in head()
    monkeypatch.setattr("timanh.evaluation.meteor.find_spec", lambda name: None)
    assert "no METEOR: pip install pycocoevalcap" in head()


def test_its_own_program_scores_as_pycocoevalcap_does() -> None:
    """Scores of pycocoevalcap 1.2's `Meteor` for these captions, in lower case."""
    try:
        command = meteor_command("en")
    except MeteorError as error:
        pytest.skip(str(error))
    with running_meteor(command) as meteor:
        counts = meteor.counts(CAPTIONS, REFERENCES)
        alone, together = meteor.scores(counts), meteor.scores(counts.sum(0)[None])
    assert alone == pytest.approx([0.32542470319345573, 0.3765520884647194, 0, 0])
    assert together == pytest.approx([0.26479589314940577])
    assert shutil.which("java") == command[0]


def table(found: dict[str, object]) -> str:
    return format_captions(
        {"captioner": "mine", "split": "dev", "language": "en", "beams": 5, "skipped": {}, **found}
    )
