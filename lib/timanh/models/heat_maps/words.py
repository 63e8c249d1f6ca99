"""Which words of a text a picture may show, each to be looked for by itself."""

import re
import unicodedata

from timanh.data.vietnamese.language import detect_language
from timanh.data.vietnamese.language import words_of as words_in
from timanh.errors import QueryError

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# What no picture shows.
UNSEEN = {
    "en": words_in(
        """
        a an the this that these those some any one and or but of in on at by to for from with
        near beside under over above below behind into onto next is are was were be being been it
        its his her their there who which as than then very photo photos picture pictures image
        images drawing show shows showing find has have having while during
        """
    ),
    "vi": words_in(
        """
        một những các cái con chiếc chú ngôi căn quả trái đoàn cánh đóa tấm bức ảnh hình tranh
        và với cùng có là của ở trên dưới trong ngoài bên cạnh giữa trước sau gần vào lúc khi đang
        màu mầu này kia đó thì mà được bị cho rất về chụp tìm thấy cảnh
        """
    ),
}
# Vietnamese words of several syllables that photos often show; the longest first.
JOINED = tuple(
    sorted(
        (
            "ô tô", "xe hơi", "xe máy", "xe đạp", "xe buýt", "xe tải", "xe lửa", "tàu hỏa",
            "máy bay", "trực thăng", "khinh khí cầu", "xe mô tô", "tàu thuyền", "thuyền buồm",
            "đàn ông", "phụ nữ", "em bé", "cậu bé", "cô bé", "bé trai", "bé gái", "đứa trẻ",
            "trẻ em", "trẻ con", "cô gái", "chàng trai", "ông già", "bà cụ", "gia đình", "cô dâu",
            "chú rể", "đám cưới", "đám đông", "học sinh", "áo dài", "áo sơ mi", "váy cưới",
            "bóng bay", "bong bóng", "bóng đá", "gấu bông", "hộp quà", "gói quà", "máy tính",
            "điện thoại", "cà phê", "trái cây", "hoa quả", "bánh mì", "bánh sinh nhật", "bãi biển",
            "bãi cát", "bờ biển", "dưới nước", "đồng cỏ", "cánh đồng", "ruộng lúa", "sa mạc",
            "nông trại", "trang trại", "công viên", "thành phố", "đường phố", "tòa nhà", "cao tầng",
            "ngôi nhà", "nhà thờ", "nhà bếp", "phòng khách", "cầu vồng", "bầu trời", "mặt trời",
            "mặt trăng", "hoàng hôn", "bình minh", "ban đêm", "ban ngày", "buổi tối", "trời mưa",
            "trời nắng", "sương mù", "tuyết rơi", "con người", "thú cưng", "sư tử", "vận động viên",
            "nhạc sĩ", "đàn ghi ta", "kính râm", "cánh rừng", "khu rừng", "dòng sông", "hồ nước",
            "ngọn núi", "pháo hoa", "tượng đài", "cửa hàng", "khu chợ", "da cam", "xanh lá cây",
            "xanh lá", "xanh dương", "xanh da trời", "xanh lam", "xanh lục", "đọc sách", "vẫy tay",
            "gặm cỏ", "ăn cỏ", "thả diều", "chơi bóng",
        ),
        key=len,
        reverse=True,
    )
)  # fmt: skip
_JOINED = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, JOINED))})(?!\w)", re.IGNORECASE)


def words_of(text: str) -> list[str]:
    """The words of a text that a picture may show, as they are written there, each once.

    Frequent Vietnamese words of several syllables stay together.

        >>> words_of("a red car on the beach")
        ['red', 'car', 'beach']
        >>> words_of("hai chiếc ô tô màu đỏ")
        ['hai', 'ô tô', 'đỏ']
    """
    language = detect_language(text)
    composed = unicodedata.normalize("NFC", text)
    pattern = re.compile(f"{_JOINED.pattern}|{WORD.pattern}", re.IGNORECASE)
    found = (pattern if language == "vi" else WORD).findall(composed)
    return [word for word in dict.fromkeys(found) if word.lower() not in UNSEEN[language]]


def without(text: str, word: str) -> str:
    """The text with each occurrence of a word taken out.

    Raises:
        QueryError: the word is not in the text.
    """
    composed, wanted = (unicodedata.normalize("NFC", each) for each in (text, word))
    pattern = rf"(?<!\w){re.escape(wanted.strip())}(?!\w)"
    rest, count = re.subn(pattern, " ", composed, flags=re.IGNORECASE)
    if not wanted.strip() or not count:
        raise QueryError(f"The word “{word}” is not in “{text}”. Name one of its words.")
    return " ".join(rest.split())
