"""The sentence above the pictures, in Markdown, in the language of the page."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
# Marks that Vietnamese puts on its letters, once letters and marks are apart; and đ.
VIETNAMESE = re.compile("[\u0300-\u0303\u0306\u0309\u031b\u0323đ]", re.IGNORECASE)
TRANSLATED = {"vi": "Đã dịch thành “{words}”.", "en": "Translated to “{words}”."}
WORDS = {
    "vi": {
        "none": "Bộ sưu tập này chưa có ảnh nào.",
        "filtered": "Không có ảnh nào hợp với bộ lọc.",
        "end": "Không còn ảnh nào nữa.",
        "text": "**{count} ảnh gần nhất** với “{query}”.",
        "image": "**{count} ảnh** giống {picture} nhất.",
        "both": "**{count} ảnh gần nhất** với “{query}” và {picture}.",
        "weak": "Không có ảnh nào thật sự khớp với “{query}”. Đây là **{count} ảnh gần nhất**.",
        "weak_image": "Không có ảnh nào thật sự giống. Đây là **{count} ảnh gần nhất**.",
        "narrowed": "Bộ lọc giữ lại **{considered}** trong số {gallery} ảnh.",
        "yours": "ảnh của bạn",
    },
    "en": {
        "none": "This gallery has no pictures yet.",
        "filtered": "No picture passes the filter.",
        "end": "There are no more pictures.",
        "text": "The **{count} nearest** to “{query}”.",
        "image": "The **{count} pictures** most like {picture}.",
        "both": "The **{count} nearest** to “{query}” and {picture}.",
        "weak": "Nothing here is close to “{query}”. These **{count}** come nearest.",
        "weak_image": "Nothing here is really alike. These **{count}** come nearest.",
        "text_one": "The **nearest picture** to “{query}”.",
        "image_one": "The **picture** most like {picture}.",
        "both_one": "The **nearest picture** to “{query}” and {picture}.",
        "weak_one": "Nothing here is close to “{query}”. This one comes nearest.",
        "weak_image_one": "Nothing here is really alike. This one comes nearest.",
        "narrowed": "The filter left **{considered}** of {gallery} pictures.",
        "yours": "your picture",
    },
}
# Why the words were not translated, by `notice_code`.
NOTICES = {
    "no-translator": {
        "vi": "Mô hình không biết tiếng Việt và không có bộ dịch; đã tìm theo nguyên văn.",
        "en": "The model knows no Vietnamese and there is no translator; searched word for word.",
    },
    "translator-slow": {
        "vi": "Bộ dịch không phản hồi kịp; đã tìm theo nguyên văn.",
        "en": "The translator did not answer in time; searched word for word.",
    },
    "translator-failed": {
        "vi": "Bộ dịch gặp lỗi; đã tìm theo nguyên văn.",
        "en": "The translator failed; searched word for word.",
    },
    "translator-resting": {
        "vi": "Bộ dịch vừa lỗi nhiều lần nên được tạm nghỉ một lúc; đã tìm theo nguyên văn.",
        "en": "The translator failed several times just now and is left alone for a while; "
        "searched word for word.",
    },
    "translator-odd": {
        "vi": "Bộ dịch trả về nội dung không phải bản dịch; đã tìm theo nguyên văn.",
        "en": "The translator answered something that is not a translation; "
        "searched word for word.",
    },
    "translation-too-long": {
        "vi": "Văn bản quá dài để dịch; đã tìm theo nguyên văn.",
        "en": "The text is too long to translate; searched word for word.",
    },
}


def sentence(
    answer: dict[str, Any], language: str, pictures: int = 0, *, streamed: bool = False
) -> str:
    """Markdown for an answer of `/api/search`; what the user wrote is escaped.

    Args:
        pictures: in the query, where the answer itself does not say.
        streamed: other events carry the translation and notices.
    """
    language = "vi" if language == "vi" else "en"
    words = WORDS[language]
    query, results = answer["query"], answer["results"]
    if not results:
        return words[_empty_reason(answer)]
    text = query.get("text")
    pictures = query.get("images", pictures)
    kind = "both" if text and pictures else "text" if text else "image"
    if query.get("weak"):
        kind = "weak" if text else "weak_image"
    count = len(results)
    form = words.get(f"{kind}_one" if count == 1 else kind, words[kind])
    picture = _named(query.get("pictures") or (), pictures, language) or words["yours"]
    parts = [form.format(count=count, query=escape(text or ""), picture=picture)]
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


def _named(shown: Sequence[dict[str, Any]], pictures: int, language: str) -> str:
    """The one picture that a query consists of, by its caption, in this language where it has one,
    or by its file name; else nothing."""
    if len(shown) != 1 or pictures != 1:
        return ""
    machines = [each["text"] for each in shown[0].get("machine_captions") or ()]
    captions = [*(shown[0].get("captions") or ()), *machines]
    own = [each for each in captions if _language_of(each) == language]
    name = [*own, *captions, PurePosixPath(shown[0]["path"]).name][0]
    return f"“{escape(name.rstrip(' .'))}”"


def _language_of(caption: str) -> str:
    """ "vi" or "en", by the letters, as the page finds it."""
    return "vi" if VIETNAMESE.search(unicodedata.normalize("NFD", caption)) else "en"


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
