"""The sentence above the pictures, in Markdown, in the language of the page."""

import re
from typing import Any

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
TRANSLATED = {"vi": "Đã dịch thành “{words}”.", "en": "Translated to “{words}”."}
WORDS = {
    "vi": {
        "none": "Bộ sưu tập này chưa có ảnh nào.",
        "text": "Tìm thấy **{count} ảnh** cho “{query}”.",
        "image": "Đây là **{count} ảnh** giống ảnh của bạn nhất.",
        "both": "Đây là **{count} ảnh** vừa giống ảnh của bạn vừa hợp với “{query}”.",
        "best": "Ảnh gần nhất có độ tương đồng **{score}**.",
    },
    "en": {
        "none": "This gallery has no pictures yet.",
        "text": "Found **{count} {pictures}** for “{query}”.",
        "image": "Here: the **{count} {pictures}** most like yours.",
        "both": "Here: **{count} {pictures}** like yours that also fit “{query}”.",
        "best": "The closest one has a similarity of **{score}**.",
    },
}


def sentence(answer: dict[str, Any], language: str, pictures: int) -> str:
    """Markdown for an answer of `/api/search`; what the user wrote is escaped."""
    words = WORDS["vi" if language == "vi" else "en"]
    query, results = answer["query"], answer["results"]
    if not results:
        return words["none"]
    text = query.get("text")
    kind = "both" if text and pictures else "text" if text else "image"
    count = len(results)
    plural = "picture" if count == 1 else "pictures"
    parts = [words[kind].format(count=count, pictures=plural, query=escape(text or ""))]
    score = f"{results[0]['score']:.2f}"
    parts.append(words["best"].format(score=score.replace(".", ",") if language == "vi" else score))
    if query.get("translated"):
        parts.append(TRANSLATED[language].format(words=escape(query["translated"])))
    if query.get("notice"):
        parts.append(f"\n\n> {escape(query['notice'])}")
    return " ".join(parts)


def choose_language(wanted: str, accept_language: str) -> str:
    """ "vi" or "en": what the page says, else what the browser prefers."""
    if wanted in WORDS:
        return wanted
    return "vi" if accept_language.lower().startswith("vi") else "en"


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))
