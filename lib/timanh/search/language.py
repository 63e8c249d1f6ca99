"""Vietnamese or English, by the letters and a few words."""

import re
import unicodedata

MARKED = re.compile(r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]")
# Words common in queries typed without diacritics, none of which is an English word.
BARE = frozenset(
    {
        *("nguoi", "dang", "mau", "chiec", "mot", "trong", "khong", "voi", "nhung", "ngoi"),
        *("dung", "chay", "canh", "nuoc", "duoi", "tren", "xanh", "vang", "trang", "bai"),
        *("bien", "thuyen", "xe", "nha", "hoa", "cua", "va", "o"),
    }
)
LOANS = frozenset({"café", "cafés", "résumé", "naïve", "façade", "fiancé", "fiancée", "pâté"})
WORD = re.compile(r"[^\W\d_]+")


def detect_language(text: str) -> str:
    """ "vi" if the text has Vietnamese letters or mostly words known from Vietnamese, else "en"."""
    words = WORD.findall(unicodedata.normalize("NFC", text).lower())
    if any(MARKED.search(word) for word in words if word not in LOANS):
        return "vi"
    known = sum(word in BARE for word in words)
    return "vi" if known >= 2 and 2 * known >= len(words) else "en"
