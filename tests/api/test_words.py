"""Every code that a failure can have has a sentence in both languages: docs/api.md, the page."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RAISED = re.compile(
    r"(?:RequestError|BackendError|CallError|AwayError|PictureFailedError|PictureRefusedError)"
    r'\(\s*(?:\d{3},\s*)?"([a-z0-9-]+)"'
)
OF_LIBRARY = re.compile(r'^    code = "([a-z-]+)"', re.MULTILINE)
# Of training, serving and files, which no request meets.
NOT_OVER_HTTP = {
    "training-failed", "training-diverged", "cannot-resume", "serving-failed", "port-taken",
    "runtime-refused", "tunnel-failed", "unknown-caption-format", "model-not-found",
    "model-format", "unsafe-file",
}  # fmt: skip


def codes_in_code() -> set[str]:
    found: set[str] = set()
    for folder in ("lib/timanh/api", "lib/timanh/search", "backend"):
        for file in (ROOT / folder).rglob("*.py"):
            found |= set(RAISED.findall(file.read_text(encoding="utf8")))
    errors = (ROOT / "lib/timanh/errors.py").read_text(encoding="utf8")
    found |= set(OF_LIBRARY.findall(errors)) - NOT_OVER_HTTP
    failures = (ROOT / "backend/services/failures.py").read_text(encoding="utf8")
    forms = (ROOT / "backend/routes/post_forms.py").read_text(encoding="utf8")
    found |= set(re.findall(r'"([a-z]+-too-long)"', forms))
    return found | set(re.findall(r'"(ngrok-[a-z0-9]+)"', failures))


def rows_in_docs() -> dict[str, list[str]]:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf8")
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {code: row[-2:] for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row[0])}


def test_each_code_has_both_sentences() -> None:
    codes, rows = codes_in_code(), rows_in_docs()
    assert len(codes) > 35
    assert not codes - rows.keys()
    for code in codes:
        english, vietnamese = rows[code]
        assert english.endswith(".") and vietnamese.endswith("."), code
        assert re.search("[àáảãạăâđêôơưèéẻẽẹìíỉĩịòóỏõọùúủũụỳýỷỹỵ]", vietnamese), code


def test_the_page_says_the_documented_sentences() -> None:
    rows = rows_in_docs()
    en, vi = (
        json.loads((ROOT / "frontend" / "i18n" / f"{name}.json").read_text(encoding="utf8"))
        for name in ("en", "vi")
    )
    for code in codes_in_code() | {"upstream-error"}:
        key = f"error.{code}" if f"notice.{code}" not in en else f"notice.{code}"
        assert [en[key], vi[key]] == rows[code], code


def test_the_backend_says_the_documented_sentences() -> None:
    import sys

    sys.path.insert(0, str(ROOT / "backend"))
    try:
        from services.answer import NOTICES
    finally:
        sys.path.pop(0)
    rows = rows_in_docs()
    for code, sentences in NOTICES.items():
        assert [sentences["en"], sentences["vi"]] == rows[code]
