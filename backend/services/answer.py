"""The sentence above the pictures, in Markdown, in the language of the page."""

import re
from typing import Any

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
TRANSLATED = {"vi": "Đã dịch thành “{words}”.", "en": "Translated to “{words}”."}
WORDS = {
    "vi": {
        "none": "Bộ sưu tập này chưa có ảnh nào.",
        "filtered": "Không có ảnh nào hợp với bộ lọc.",
        "end": "Không còn ảnh nào nữa.",
        "text": "Tìm thấy **{count} ảnh** cho “{query}”.",
        "image": "Đây là **{count} ảnh** giống ảnh của bạn nhất.",
        "both": "Đây là **{count} ảnh** vừa giống ảnh của bạn vừa hợp với “{query}”.",
        "best": "Ảnh gần nhất có độ tương đồng **{score}**.",
        "narrowed": "Bộ lọc giữ lại **{considered}** trong số {gallery} ảnh.",
        "weak": "Không có ảnh nào thật gần với yêu cầu này; ảnh gần nhất chỉ đạt **{score}**.",
    },
    "en": {
        "none": "This gallery has no pictures yet.",
        "filtered": "No picture passes the filter.",
        "end": "There are no more pictures.",
        "text": "Found **{count} {pictures}** for “{query}”.",
        "image": "Found **{count} {pictures}** most like yours.",
        "both": "Found **{count} {pictures}** like yours that also fit “{query}”.",
        "best": "The closest one has a similarity of **{score}**.",
        "narrowed": "The filter left **{considered}** of {gallery} pictures.",
        "weak": "Nothing here is really close to that; the closest one reaches only **{score}**.",
    },
}
# Why the words were not translated, by `notice_code`.
NOTICES = {
    "no-translator": {
        "vi": "Mô hình không biết tiếng Việt và không có bộ dịch; đã tìm với từ nguyên gốc.",
        "en": "The model knows no Vietnamese and there is no translator; searched as written.",
    },
    "translator-slow": {
        "vi": "Bộ dịch không phản hồi kịp; đã tìm với từ nguyên gốc.",
        "en": "The translator did not answer in time; searched as written.",
    },
    "translator-failed": {
        "vi": "Bộ dịch gặp lỗi; đã tìm với từ nguyên gốc.",
        "en": "The translator failed; searched as written.",
    },
    "translator-resting": {
        "vi": "Bộ dịch vừa lỗi nhiều lần nên được tạm nghỉ một lúc; đã tìm với từ nguyên gốc.",
        "en": "The translator failed several times just now and is left alone for a while; "
        "searched as written.",
    },
    "translator-odd": {
        "vi": "Bộ dịch trả về nội dung không phải bản dịch; đã tìm với từ nguyên gốc.",
        "en": "The translator answered something that is not a translation; searched as written.",
    },
    "translation-too-long": {
        "vi": "Văn bản quá dài để dịch; đã tìm với từ nguyên gốc.",
        "en": "The text is too long to translate; searched as written.",
    },
}


def sentence(
    answer: dict[str, Any], language: str, pictures: int = 0, *, streamed: bool = False
) -> str:
    """Markdown for an answer of `/api/search`; what the user wrote is escaped.

    Args:
        pictures: in the query, where the answer itself does not say.
        streamed: other events carry the translation, notices and a weak match.
    """
    language = "vi" if language == "vi" else "en"
    words = WORDS[language]
    query, results = answer["query"], answer["results"]
    if not results:
        return words[_empty_reason(answer)]
    text = query.get("text")
    pictures = query.get("images", pictures)
    kind = "both" if text and pictures else "text" if text else "image"
    count = len(results)
    plural = "picture" if count == 1 else "pictures"
    parts = [words[kind].format(count=count, pictures=plural, query=escape(text or ""))]
    best = words["weak" if query.get("weak") and not streamed else "best"]
    parts.append(best.format(score=_number(results[0]["score"], language, ".2f")))
    considered, gallery = answer.get("considered", 0), answer.get("gallery", 0)
    if considered < gallery:
        counts = {"considered": considered, "gallery": gallery}
        counted = {name: _number(count, language, ",") for name, count in counts.items()}
        parts.append(words["narrowed"].format(**counted))
    if streamed:
        return " ".join(parts)
    if query.get("translated"):
        parts.append(TRANSLATED[language].format(words=escape(query["translated"])))
    notice = NOTICES.get(query.get("notice_code") or "", {}).get(language, query.get("notice"))
    if notice:
        parts.append(f"\n\n> {escape(notice)}")
    return " ".join(parts)


def _number(value: float, language: str, form: str) -> str:
    """As the language writes it: Vietnamese has point and comma the other way round."""
    written = format(value, form)
    return written.translate(str.maketrans(",.", ".,")) if language == "vi" else written


def _empty_reason(answer: dict[str, Any]) -> str:
    if not answer.get("gallery"):
        return "none"
    return "end" if answer.get("considered") else "filtered"


def choose_language(chosen: str, accept_language: str) -> str:
    """ "vi" or "en": what the page says, else what the browser prefers."""
    if chosen in WORDS:
        return chosen
    return "vi" if accept_language.lower().startswith("vi") else "en"


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))
