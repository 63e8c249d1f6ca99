"""The page's files: same words in both languages, small modules, nothing from elsewhere."""

import json
import re
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


def test_both_languages_have_the_same_words() -> None:
    vi, en = (json.loads((FRONTEND / "i18n" / f"{x}.json").read_text("utf8")) for x in ("vi", "en"))
    assert vi.keys() == en.keys()
    for key in vi:
        assert set(re.findall(r"\{\w+\}", vi[key])) == set(re.findall(r"\{\w+\}", en[key])), key


def test_every_word_that_is_said_exists() -> None:
    words = json.loads((FRONTEND / "i18n" / "en.json").read_text("utf8"))
    scripts = "".join(file.read_text("utf8") for file in (FRONTEND / "js").glob("*.js"))
    scripts += (FRONTEND / "script.js").read_text("utf8")
    page = (FRONTEND / "index.html").read_text("utf8")
    said = set(re.findall(r'say\("([^"]+)"', scripts))
    said |= set(re.findall(r'data-i18n="([^"]+)"', page))
    assert said and said <= words.keys()


def test_modules_are_small_and_only_api_fetches() -> None:
    for file in [*(FRONTEND / "js").glob("*.js"), FRONTEND / "script.js"]:
        text = file.read_text("utf8")
        assert text.count("\n") <= 150, file.name
        assert "innerHTML" not in text, file.name
        assert file.name == "api.js" or "fetch(" not in text, file.name
        assert "http://" not in text and "https://" not in text, file.name
