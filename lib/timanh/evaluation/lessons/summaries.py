"""Results of the other stages as a notebook shows them: tables, and lines in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from timanh.data.folder import DataFolder
from timanh.evaluation.layers import layer_rows
from timanh.evaluation.lessons.tables import Table
from timanh.evaluation.verdicts import Verdict
from timanh.models.two_tower import TwoTower
from timanh.search.query import SearchResult
from timanh.training.recipe import Recipe
from timanh.vectors.check import CheckReport

# Setting → what it does, in English and Vietnamese.
SETTINGS: dict[str, tuple[str, str]] = {
    "epochs": ("times each picture is seen", "số lần xem mỗi ảnh"),
    "batch_size": ("pictures that are compared with each other at a step",
                   "số ảnh được so sánh với nhau trong một bước"),
    "micro_batch": ("how many of them are computed at a time", "số ảnh tính cùng một lúc"),
    "learning_rate": ("how far a step goes, at most", "độ dài lớn nhất của một bước học"),
    "loss": ("infonce chooses one of the batch, sigmoid judges each pair",
             "infonce chọn một trong cả lô, sigmoid xét từng cặp"),
    "distinct_pictures": ("no picture twice in a batch", "không ảnh nào lặp lại trong một lô"),
    "captions_per_picture": ("captions that come with a picture", "số chú thích đi kèm mỗi ảnh"),
    "shared_captions": ("a caption true of several pictures is right for all of them",
                        "chú thích đúng với nhiều ảnh thì tính là đúng cho tất cả"),
    "warmup": ("share of the steps over which the rate rises", "phần đầu tăng dần tốc độ học"),
    "cosine": ("then it falls to 0 along a cosine", "sau đó giảm dần về 0 theo đường cosin"),
    "crop": ("smallest share of a picture that a random crop keeps",
             "phần ảnh nhỏ nhất được giữ khi cắt ngẫu nhiên"),
    "flip": ("mirrored at random, unless the caption says left or right",
             "lật ảnh ngẫu nhiên, trừ khi câu có trái/phải"),
    "drop_words": ("chance for a word to be left out", "xác suất bỏ bớt một từ"),
    "vietnamese": ("chance for an English caption to be shown word by word in Vietnamese",
                   "xác suất chuyển từng từ của chú thích tiếng Anh sang tiếng Việt"),
    "drop_marks": ("chance for a caption to lose its diacritics", "xác suất bỏ dấu tiếng Việt"),
}  # fmt: skip
ALWAYS = ("epochs", "batch_size", "learning_rate", "loss", "distinct_pictures")
ROWS = ("R@1", "R@5", "R@10", "median_rank", "MRR")


def data_table(folder: DataFolder) -> Table:
    """Pictures and captions of each split."""
    rows = []
    for which in ("train", "dev", "test"):
        names = folder.split(which)
        rows.append((which, len(names), sum(len(folder.captions_of(name)) for name in names)))
    title = f"{len(folder.names):,} pictures · {len(folder.names):,} ảnh"
    return Table(("split · tập", "pictures · ảnh", "captions · chú thích"), rows, title)


def recipe_table(recipe: Recipe) -> Table:
    """The settings that matter, with what they do; those that are off are left out."""
    rows = [
        (name, getattr(recipe, name), f"{english} · {vietnamese}")
        for name, (english, vietnamese) in SETTINGS.items()
        if name in ALWAYS or _is_on(name, getattr(recipe, name))
    ]
    return Table(("setting", "value", "what it does · ý nghĩa"), rows, f"recipe {recipe.name}")


def understood(found: SearchResult) -> str:
    """What was searched and how long it took, in both languages."""
    query = found.query
    words = f"“{query.text}” ({query.language})" if query.text else ""
    changed = query.words if query.words and query.words != query.text else ""
    pictures = f"{query.images} picture(s)" if query.images else ""
    anh = f"{query.images} ảnh" if query.images else ""
    weight = f"alpha {query.alpha:g}" if words and pictures else ""
    numbers = f"{len(found.hits)} / {found.considered:,}", f"{found.took_ms['total']:.0f} ms"
    asked = (words, f"encoded as “{changed}”" if changed else "", pictures, weight)
    hoi = (words, f"mã hóa dưới dạng “{changed}”" if changed else "", anh, weight)
    english = " · ".join(filter(None, (*asked, f"{numbers[0]} pictures in {numbers[1]}")))
    vietnamese = " · ".join(filter(None, (*hoi, f"{numbers[0]} ảnh trong {numbers[1]}")))
    return "\n".join(filter(None, (english, vietnamese, query.notice)))


def check_table(check: CheckReport) -> Table:
    """What `check_dictionary` found, one question a row."""
    score = check.neighbour_score
    rows = [
        ("vectors · số vector", f"{check.count:,}"),
        ("numbers each · số chiều", f"{check.dim:,}"),
        ("problems · lỗi", "; ".join(check.problems) or "none · không"),
        ("pictures without file · ảnh mất tệp", f"{check.missing_pictures:,}"),
        ("a picture finds itself, cosine · ảnh tìm ra chính nó",
         "—" if score is None else f"{score:.4f}"),
    ]  # fmt: skip
    return Table(("question · câu hỏi", "answer · trả lời"), rows)


def recall_table(*documents: dict[str, Any]) -> Table:
    """Recall of several models beside each other, with 95 % intervals.

    Args:
        documents: of `measure(…).document`.
    """
    rows = []
    for way, label in (("t2i", "text → image · chữ → ảnh"), ("i2t", "image → text · ảnh → chữ")):
        for row in ROWS:
            values = [_number(document[way], row) for document in documents]
            if any(values):
                rows.append((label, row.replace("_", " "), *values))
    first = documents[0]
    title = f"{first['gallery']:,} pictures · {first['gallery']:,} ảnh"
    models = [str(document["model"]) for document in documents]
    return Table(("direction · chiều", "measure · thước đo", *models), rows, title)


def training_table(history: Sequence[dict[str, Any]]) -> Table:
    """Loss and dev recall of each epoch."""
    rows: list[tuple[object, ...]] = []
    for entry in history:
        dev = entry.get("dev") or {}
        found = [_plain(dev, way, k) for way in ("t2i", "i2t") for k in ("R@1", "R@10")]
        rows.append((entry["epoch"], round(entry["loss"], 3), *found))
    columns = ("epoch", "loss", "t→i R@1 %", "t→i R@10 %", "i→t R@1 %", "i→t R@10 %")
    return Table(columns, rows, "split dev · tập dev")


def layers_table(network: TwoTower) -> Table:
    """Towers and heads with their sizes."""
    columns = ("part · phần", "layer · lớp", "in · vào", "out · ra", "parameters · tham số")
    rows = [
        (part, layer, str(into), out, count)
        for part, layer, into, out, count in layer_rows(network)
    ]
    return Table(columns, rows)


def verdicts_table(found: Mapping[tuple[str, bool], Sequence[Verdict]]) -> Table:
    """What each model found for each query, with the words of the query joined and not.

    Args:
        found: (model, whether words were joined) → of `verdicts`.
    """
    rows = [
        (
            name, joined, each.wanted.query, each.captions[0] if each.captions else each.found,
            "right · đúng" if each.right else "wrong · sai" if each.among
            else "none in the gallery · không có",
        )
        for (name, joined), verdicts in found.items()
        for each in verdicts
    ]  # fmt: skip
    columns = ("model · mô hình", "joined · tách từ", "query · câu hỏi", "found · tìm thấy", "?")
    return Table(columns, rows)


def _is_on(name: str, value: object) -> bool:
    off = {"crop": 1.0, "captions_per_picture": 1}
    return value not in (None, False, 0, 0.0, off.get(name))


def _number(direction: dict[str, Any], row: str) -> str:
    if row not in direction:
        return ""
    interval = direction.get("ci95", {}).get(row)
    if interval is None:
        return f"{direction[row]:.3g}"
    low, high = interval
    return f"{direction[row]:.1f} % [{low:.1f}, {high:.1f}]"


def _plain(dev: dict[str, Any], way: str, k: str) -> object:
    return round(dev[way][k], 1) if way in dev else "—"
