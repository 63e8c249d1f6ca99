"""Put the numbers of `results/` into the READMEs and the pages on recipes and posts, between marks.

python benchmarks/readme.py
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
RECIPES, POSTS = "docs/recipe.md", "docs/posts.md"
LOOP = "the report's loop"
MARKED = re.compile(r"(<!-- numbers -->\n).*?(<!-- /numbers -->)", re.S)

WORDS = {
    "README.md": {
        "head": ("what", "measured on", "number, 95 % interval"),
        "t2i": "text → image, R@1 · R@10",
        "i2t": "image → text, R@1 · R@10",
        "photos": "real photos: Flickr8k, dev split, gallery of {gallery}; two small pretrained "
        "towers joined and trained {minutes} minutes on {cores} CPU cores",
        "demo": "demo checkpoint, text → image, R@5 in English · in Vietnamese",
        "drawn": "{gallery} drawn pictures of an unused seed",
        "train": "training, recipe `strong` against the report's loop",
        "same": "same towers and photos, {cores} CPU cores",
        "times": "{ratio} times the pictures per second",
        "search": "one query, exact, against the report's loop over a dict",
        "vectors": "{count} vectors of {dim}, {cores} CPU cores",
        "faster": "{ms} ms, {ratio} times as fast",
        "two": "one query, the same answers from eight-bit codes, against numpy",
        "lists": "one query, {recall} % of the ten nearest on real text vectors, against numpy",
        "encode": "pictures to vectors, ViT-B/32, fastest runtime that agrees with torch to 0.9999",
        "pace": "{pace} pictures/s, {ratio} times torch in float32",
        "cores": "{cores} CPU cores",
        "api": "64 clients at the API, against the report's",
        "requests": "{ratio} times the requests per second",
    },
    "README.vi.md": {
        "head": ("đo gì", "đo trên", "kết quả, khoảng tin cậy 95 %"),
        "t2i": "văn bản → ảnh, R@1 · R@10",
        "i2t": "ảnh → văn bản, R@1 · R@10",
        "photos": "ảnh chụp thật: Flickr8k, tập dev, {gallery} ảnh; ghép hai tháp nhỏ đã huấn "
        "luyện sẵn rồi huấn luyện {minutes} phút trên {cores} nhân CPU",
        "demo": "mô hình mẫu, văn bản → ảnh, R@5 tiếng Anh · tiếng Việt",
        "drawn": "{gallery} ảnh vẽ từ một hạt giống chưa dùng",
        "train": "huấn luyện, công thức `strong` so với vòng lặp của báo cáo gốc",
        "same": "cùng hai tháp và cùng bộ ảnh, {cores} nhân CPU",
        "times": "gấp {ratio} lần số ảnh mỗi giây",
        "search": "một câu hỏi, tìm chính xác, so với vòng lặp qua dict của báo cáo gốc",
        "vectors": "{count} vector {dim} chiều, {cores} nhân CPU",
        "faster": "{ms} ms, nhanh gấp {ratio} lần",
        "two": "một câu hỏi, cùng kết quả từ mã tám bit, so với numpy",
        "lists": "một câu hỏi, đúng {recall} % trong mười ảnh gần nhất với vector văn bản thật, "
        "so với numpy",
        "encode": "ảnh thành vector, ViT-B/32, cách chạy nhanh nhất còn khớp với torch tới 0.9999",
        "pace": "{pace} ảnh/giây, gấp {ratio} lần torch float32",
        "cores": "{cores} nhân CPU",
        "api": "64 máy khách cùng gọi API, so với API của báo cáo gốc",
        "requests": "gấp {ratio} lần số yêu cầu mỗi giây",
    },
}

PAGES = (*WORDS, RECIPES, POSTS)
# What each way of `benchmarks/posts.py` is, in the order of the table.
WAYS = {
    "similar, ours: graph": ("like a picture", "`similar_images`"),
    "similar, usual: CROSS JOIN by <=>": ("", "`CROSS JOIN … ORDER BY a <=> b`"),
    "similar, usual index, vector looked up first": (
        "",
        "`<=>` a vector that was looked up, `ivfflat` made before any row",
    ),
    "words, ours: exact over halfvec": ("by words", "`search_images`"),
    "words, usual: <->": ("", "`ORDER BY embedding <-> …`"),
    "words, usual index by <=>": ("", "`<=>` with that `ivfflat`"),
    "words in texts and pictures, merged, ours": ("by words and texts", "`search_posts`"),
}


def numbers(page: str) -> str:
    """What stands between the marks of one of `PAGES`."""
    return memory() if page == RECIPES else posts() if page == POSTS else table(page)


def table(page: str) -> str:
    """The Markdown table of one README, from the files in `results/`."""
    words: dict[str, Any] = WORDS[page]
    vietnamese = page.endswith(".vi.md")
    names = ("real_photos", "demo_model", "train", "search", "api")
    photos, demo, train, search, api = map(load, names)

    def say(key: str, **values: Any) -> str:
        return str(words[key]).format(**values)

    real = photos["evaluate"]
    place = say(
        "photos",
        gallery=count(real["gallery"], vietnamese),
        minutes=round(photos["seconds"]["train"] / 60),
        cores=photos["machine"]["cores"],
    )
    drawn = demo["recall"]
    ms = search["sizes"][0]["ms"]
    rows = [
        *(
            (words[way], place, " · ".join(recall(real[way], k) for k in (1, 10)))
            for way in ("t2i", "i2t")
        ),
        (
            words["demo"],
            say("drawn", gallery=drawn["en"]["gallery"]),
            " · ".join(recall(drawn[language]["t2i"], 5) for language in ("en", "vi")),
        ),
        (
            words["train"],
            say("same", cores=train["machine"]["cores"]),
            say("times", ratio=f"{train['ratio_of_medians']:.1f}"),
        ),
        (
            words["search"],
            say(
                "vectors",
                count=count(search["sizes"][0]["count"], vietnamese),
                dim=search["dim"],
                cores=search["machine"]["cores"],
            ),
            say(
                "faster",
                ms=f"{ms['timanh, every vector']:.2f}",
                ratio=f"{ms[LOOP] / ms['timanh, every vector']:.0f}",
            ),
        ),
        *many(search, say, vietnamese),
        speed(say),
        (
            words["api"],
            say("cores", cores=api["machine"]["cores"]),
            say("requests", ratio=f"{api['ratio_at_64']:.0f}"),
        ),
    ]
    lines = [words["head"], ("---",) * 3, *rows]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    # Vietnamese writes a comma before decimals.
    return re.sub(r"(\d)\.(\d)", r"\1,\2", text) if vietnamese else text


def many(search: dict[str, Any], say: Any, vietnamese: bool) -> list[tuple[str, str, str]]:
    """A million vectors: the same answers as numpy, and nearly the same much faster."""
    ann = load("ann_1000000")
    ms = next(entry["ms"] for entry in search["sizes"] if entry["count"] == ann["count"])
    two, numpy = ms["timanh, two steps, proven"], ms["numpy, product and partition"]
    lists = next(way for way in ann["ways"] if way["kind"] == "ivf")
    place = say(
        "vectors",
        count=count(ann["count"], vietnamese),
        dim=search["dim"],
        cores=ann["machine"]["cores"],
    )
    return [
        (say("two"), place, say("faster", ms=f"{two:.1f}", ratio=f"{numpy / two:.1f}")),
        (
            say("lists", recall=f"{100 * lists['recall']:.1f}"),
            place,
            say("faster", ms=f"{lists['ms']:.1f}", ratio=f"{lists['times_numpy']:.0f}"),
        ),
    ]


def speed(say: Any) -> tuple[str, str, str]:
    """Pictures per second of the runtime that is chosen by itself."""
    document = load("encode")
    fast, torch = (document["encode"][name]["images_per_s"] for name in ("auto", "torch"))
    return (
        say("encode"),
        say("cores", cores=document["machine"]["cores"]),
        say("pace", pace=f"{fast:.0f}", ratio=f"{fast / torch:.1f}"),
    )


def memory() -> str:
    """The table of `docs/recipe.md`: what a training step of each model needs."""
    rows = [
        ("model", "parameters", "state", "per pair", "batch of 256", "micro-batch of 32", "T4"),
        ("---",) * 7,
    ]
    for each in load("memory")["models"]:
        rows.append(
            (
                f"`{each['model']}`",
                f"{each['parameters_millions']:.0f} M",
                f"{each['state_gb']:.1f} GB",
                f"{each['activations_mb_per_pair']:.0f} MB",
                f"{each['gb_at_batch_256']:.1f} GB",
                f"{each['gb_at_micro_batch_32']:.1f} GB",
                f"{each['t4_minutes']:.1f} min",
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def posts() -> str:
    """The table of `docs/posts.md`: time and recall of each query, ours and the usual ones."""
    document = load("posts")
    found = {each["way"]: each for each in document["ways"]}
    rows = [(f"{count(document['count'], False)} pictures", "query", "median", "of the true ten")]
    rows.append(("---",) * 4)
    for way, names in WAYS.items():
        ms, right = found[way]["p50_ms"], found[way]["recall"]
        rows.append((*names, f"{ms:.1f} ms", "" if right is None else f"{100 * right:.0f} %"))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def recall(direction: dict[str, Any], k: int) -> str:
    """ "21.9 [20.6, 23.2]"; semicolons, because Vietnamese decimals have commas."""
    low, high = direction["ci95"][f"R@{k}"]
    return f"{direction[f'R@{k}']:.1f} [{low:.1f}; {high:.1f}]"


def count(number: int, vietnamese: bool) -> str:
    """Thousands as the language groups them, kept apart from decimals by a thin space."""
    return f"{number:,}".replace(",", "\u202f" if vietnamese else ",")


def load(name: str) -> dict[str, Any]:
    """One file of `results/`."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf8"))
    return found


def main() -> None:
    """Rewrite what stands between the marks."""
    for page in PAGES:
        file = ROOT / page
        text = file.read_text(encoding="utf8")
        new = MARKED.sub(lambda found, page=page: f"{found[1]}{numbers(page)}{found[2]}", text)
        file.write_text(new, encoding="utf8")


if __name__ == "__main__":
    main()
