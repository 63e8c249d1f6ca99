"""Labels that are shipped, each with the words that an encoder compares pictures with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelSet:
    """Labels in each language.

    Attributes:
        about: what they say of a picture.
        names: language → labels.
        words: language → what is encoded for each, in the same order.
        templates: language → texts with {} in the place of the words.
    """

    about: str
    names: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    templates: dict[str, tuple[str, ...]]


# English label, English words, Vietnamese label, Vietnamese words.
STYLES = (
    ("photo", "a colour photo", "ảnh màu", "một bức ảnh màu"),
    ("black and white photo", "a black and white photo", "ảnh đen trắng",
     "một bức ảnh đen trắng"),
    ("old photo", "an old faded photo", "ảnh cũ", "một bức ảnh cũ đã phai màu"),
    ("night photo", "a photo at night", "ảnh ban đêm", "một bức ảnh chụp ban đêm"),
    ("watercolour", "a watercolour painting", "tranh màu nước", "một bức tranh màu nước"),
    ("oil painting", "an oil painting", "tranh sơn dầu", "một bức tranh sơn dầu"),
    ("lacquer painting", "a lacquer painting", "tranh sơn mài", "một bức tranh sơn mài"),
    ("silk painting", "a painting on silk", "tranh lụa", "một bức tranh lụa"),
    ("woodblock print", "a woodblock print", "tranh khắc gỗ", "một bức tranh khắc gỗ"),
    ("pencil drawing", "a pencil sketch", "tranh bút chì", "một bức phác thảo bằng bút chì"),
    ("ink drawing", "a drawing in ink", "tranh mực", "một bức vẽ bằng mực"),
    ("engraving", "an old engraving", "tranh khắc", "một bức tranh khắc cổ"),
    ("comic", "a page of a comic book", "truyện tranh", "một trang truyện tranh"),
    ("cartoon", "a cartoon", "hoạt hình", "một hình hoạt hình"),
    ("anime", "an anime drawing", "anime", "một hình vẽ anime"),
    ("flat illustration", "a flat vector illustration", "hình minh họa phẳng",
     "một hình minh họa phẳng"),
    ("3D render", "a 3D render", "hình 3D", "một hình dựng 3D"),
    ("pixel art", "pixel art", "tranh pixel", "một hình vẽ bằng pixel"),
    ("poster", "a poster with large letters", "áp phích", "một tấm áp phích có chữ lớn"),
    ("screenshot", "a screenshot of a computer program", "ảnh chụp màn hình",
     "một ảnh chụp màn hình"),
    ("document", "a scanned page of text", "văn bản", "một trang văn bản được quét"),
    ("chart", "a chart or a diagram", "biểu đồ", "một biểu đồ hoặc sơ đồ"),
)  # fmt: skip

LABEL_SETS = {
    "styles": LabelSet(
        "how a picture was made",
        {"en": tuple(row[0] for row in STYLES), "vi": tuple(row[2] for row in STYLES)},
        {"en": tuple(row[1] for row in STYLES), "vi": tuple(row[3] for row in STYLES)},
        {
            "en": ("{}", "{}.", "this is {}.", "{} of something"),
            "vi": ("{}", "đây là {}", "{} về một thứ gì đó"),
        },
    ),
}
