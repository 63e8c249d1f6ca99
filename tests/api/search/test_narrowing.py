"""Pages, folding and filters over HTTP."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import create_app
from timanh.search import SearchEngine
from timanh.search.lookup import MOST_FOLDED, fold_doubles
from timanh.vectors import Item, VectorDictionary, build_dictionary, item_id
from timanh.vectors.store.columns import count_folders
from timanh.vectors.store.items import write_lines
from timanh.vectors.store.table import ItemTable

NOON = datetime(2026, 1, 31, 12).timestamp()
COUNT = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures a day apart, half of them in a folder, two exact doubles, a large one."""
    folder = tmp_path_factory.mktemp("pages")
    pictures = make_pictures(folder / "gallery" / "images", COUNT)
    (pictures / "biển").mkdir()
    lines = ["image,caption"]
    for number in range(COUNT):
        path = f"{number:04d}.png" if number < 6 else f"biển/{number:04d}.png"
        (pictures / f"{number:04d}.png").rename(pictures / path)
        os.utime(pictures / path, (NOON + 86_400 * number,) * 2)
        lines.append(f"{path},{'con chó' if number % 2 else 'một con mèo'} số {number}")
    for number in (1, 2):
        double = (pictures / "0000.png").read_bytes()
        (pictures / f"again {number}.png").write_bytes(double)
    Image.new("RGB", (300, 200), (9, 90, 200)).save(pictures / "large.png")
    (folder / "gallery" / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    build_dictionary(folder / "gallery", PixelEncoder(), folder / "index", progress=False)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> SearchEngine:
    return SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "index"))


@pytest.fixture(scope="module")
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        yield client


def ask(client: TestClient, **form: object) -> Response:
    return client.post("/api/search", data={"query": "con", "k": "100", **form})  # type: ignore[arg-type]


def paths(client: TestClient, **form: object) -> list[str]:
    answer = ask(client, **form)
    assert answer.status_code == 200, answer.text
    return [result["path"] for result in answer.json()["results"]]


# --- what is refused


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offset", "-1"), ("offset", "10001"), ("offset", "two"), ("offset", "1e99"),
        ("fold", "1.5"), ("fold", "nan"), ("fold", "-0.1"), ("after", "yesterday"),
        ("before", "31.1.2026"), ("after", "2026-02-30"), ("min_side", "-5"),
        ("min_side", "9" * 400), ("min_bytes", "9" * 30), ("max_bytes", "many"),
    ],
)  # fmt: skip
def test_wrong_values_name_their_field(client: TestClient, field: str, value: str) -> None:
    answer = ask(client, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert field in answer.json()["detail"]


@pytest.mark.parametrize("field", ["folder", "words"])
def test_long_texts_are_refused(client: TestClient, field: str) -> None:
    answer = ask(client, **{field: "x" * 1001})
    assert (answer.status_code, answer.json()["code"]) == (422, "text-too-long")


@pytest.mark.parametrize(
    ("field", "day"),
    [("after", "0001-01-01"), ("before", "9999-12-31"), ("after", "1969-12-31")],
)
def test_days_at_the_ends_of_the_calendar(client: TestClient, field: str, day: str) -> None:
    assert len(paths(client, **{field: day})) == COUNT + 3
    other = {"after": "before", "before": "after"}[field]
    assert paths(client, **{other: day}) == []


@pytest.mark.parametrize("place", ["../..", "/etc", "biển/../..", "\x00", '"', "%", "\ud800"])
def test_a_folder_is_compared_and_never_opened(client: TestClient, place: str) -> None:
    answer = ask(client, folder=place.encode("utf8", "replace").decode())
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-folder")


# --- pages


def test_pages_are_the_long_answer_in_pieces(client: TestClient) -> None:
    everything = ask(client).json()
    pages = [ask(client, k="4", offset=str(start)).json() for start in range(0, 20, 4)]
    assert [one for page in pages for one in page["results"]] == everything["results"]
    assert [len(page["results"]) for page in pages] == [4, 4, 4, 3, 0]
    assert {page["considered"] for page in pages} == {COUNT + 3} == {pages[0]["gallery"]}
    assert pages[1]["query"]["weak"] is None
    assert paths(client, offset="10000") == []


def test_ranks_go_on_in_a_streamed_page(client: TestClient) -> None:
    text = client.post(
        "/api/search/stream", data={"query": "con", "k": "3", "offset": "4"}
    ).text  # fmt: skip
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    reply = [(name[7:], json.loads(data[6:])) for name, data in blocks]
    assert [data["rank"] for name, data in reply if name == "hit"] == [5, 6, 7]
    assert reply[-1][1].items() >= {"count": 3, "considered": 15, "gallery": 15}.items()


def test_many_at_once_each_get_their_own_page_and_filter(client: TestClient) -> None:
    forms = [
        {"offset": "3", "k": "2"}, {"words": "chó"}, {"k": "1"}, {"folder": "biển", "k": "3"},
        {"fold": "0.999"}, {"offset": "9", "k": "5"},
    ]  # fmt: skip
    alone = [paths(client, **form) for form in forms]
    together: dict[int, list[str]] = {}
    threads = [
        threading.Thread(target=lambda n=n: together.update({n: paths(client, **forms[n % 6])}))
        for n in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == {n: alone[n % 6] for n in range(30)}


# --- filters


def test_filters_hold_together(client: TestClient, folder: Path) -> None:
    def numbers(**form: object) -> list[int]:
        return sorted(int(Path(path).stem) for path in paths(client, **form))

    assert numbers(folder="biển") == [6, 7, 8, 9, 10, 11]
    assert numbers(words="CHÓ") == [1, 3, 5, 7, 9, 11]
    assert numbers(after="2026-02-02", before="2026-02-04") == [2, 3, 4]
    assert numbers(folder="biển/", words="chó", before="2026-02-08") == [7]
    assert paths(client, min_side="200") == ["large.png"]
    size = str((folder / "gallery" / "images" / "large.png").stat().st_size)
    assert "large.png" in paths(client, min_bytes=size, max_bytes=size)
    assert paths(client, min_bytes="1000000") == []
    # An empty field is none.
    assert len(paths(client, folder="", after="", fold="", min_side="")) == COUNT + 3


def test_an_answer_says_how_many_the_filter_let_through(client: TestClient) -> None:
    answer = ask(client, folder="biển", k="2").json()
    assert (len(answer["results"]), answer["considered"], answer["gallery"]) == (2, 6, 15)
    nothing = ask(client, folder="biển", words="núi").json()
    assert (nothing["results"], nothing["considered"], nothing["gallery"]) == ([], 0, 15)


def test_a_slow_filter_does_not_hold_up_others(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, began = threading.Event(), threading.Event()
    prepare = engine.prepare_filter

    def slow(query: object) -> None:
        began.set()
        assert go.wait(10)
        prepare(query)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "prepare_filter", slow)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(len(paths(client, words="mèo"))))
    waiting.start()
    assert began.wait(10)
    assert len(paths(client)) == COUNT + 3
    assert not answers
    go.set()
    waiting.join(10)
    assert answers == [6]


# --- folding


def test_doubles_are_folded_into_the_best(client: TestClient) -> None:
    plain = paths(client)
    results = ask(client, fold="0.999").json()["results"]
    same = {"0000.png", "again 1.png", "again 2.png"}
    assert len(results) == len(plain) - 2
    (with_doubles,) = (result for result in results if result["doubles"])
    assert with_doubles["path"] in same and len(with_doubles["doubles"]) == 2
    assert all(result["doubles"] == [] for result in ask(client).json()["results"])


def test_folding_all_into_one_stays_small() -> None:
    """As many as may be folded, all alike and all different, against the plain rule."""
    random = np.random.default_rng(3)
    vectors = random.standard_normal((300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores, rows = np.linspace(1, 0, 300, dtype=np.float32), np.arange(300) * 7
    for nearness in (-1.0, 0.5, 0.9, 1.1):
        kept: dict[int, list[int]] = {}
        for place in range(300):
            near = [one for one in kept if vectors[one] @ vectors[place] >= nearness]
            if near:
                kept[near[0]].append(int(rows[place]))
            else:
                kept[place] = []
        found = fold_doubles(scores, rows, vectors, nearness)
        assert [one.row for one in found] == [int(rows[one]) for one in kept]
        assert [list(one.doubles) for one in found] == list(kept.values())
    assert MOST_FOLDED**2 * 4 <= 2**24  # bytes that one request may take for it


def test_folders_are_counted_with_those_within_them(client: TestClient) -> None:
    assert client.get("/api/folders").json() == {"folders": [{"path": "biển", "count": 6}]}


def test_a_folder_s_name_may_be_anything() -> None:
    paths = ["a.jpg", "b/c.jpg", 'b/"q\\/d.jpg', 'b/"q\\/e.jpg', "chó/mèo/f.jpg", "chó/g.jpg"]
    items = [Item(item_id(p), p, ('"path":"x/y.jpg"',), 1, 1, 1, 1.0, "") for p in paths]
    counted = count_folders(ItemTable([write_lines(items)]))
    assert counted == {"b": 3, 'b/"q\\': 2, "chó": 2, "chó/mèo": 1}
