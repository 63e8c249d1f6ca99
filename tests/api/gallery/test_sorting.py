"""Pictures of the gallery sorted by labels over HTTP, and the tags that are kept of it."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.vectors.store.tags import TAGS, Tags


def build(place: Path) -> SearchEngine:
    build_dictionary(place / "pictures", PixelEncoder(), place / "out", progress=False)
    return SearchEngine(PixelEncoder(), VectorDictionary.open(place / "out"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    make_pictures(tmp_path / "pictures" / "trip", 5)
    make_pictures(tmp_path / "pictures" / "home", 3, seed=1)
    with TestClient(create_app(build(tmp_path)), base_url="http://127.0.0.1:8001") as client:
        yield client


def classify(client: TestClient, status: int = 200, **wanted: object) -> dict:
    answer = client.post("/api/gallery/classify", json={"labels": ["cat", "dog"], **wanted})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_pictures_come_in_pages_with_their_labels(client: TestClient) -> None:
    first = classify(client, limit=5)
    assert first["labels"] == ["cat", "dog", "none of these"] and first["none"] == "none of these"
    assert (first["total"], first["next"]) == (8, 5)
    second = classify(client, limit=5, offset=5)
    assert second["next"] is None
    images = first["images"] + second["images"]
    assert len({image["id"] for image in images}) == 8
    for image in images:
        assert sum(image["probabilities"]) == pytest.approx(1, abs=1e-3)
        best = first["labels"][image["probabilities"].index(max(image["probabilities"]))]
        assert (image["label"], image["probability"]) == (best, max(image["probabilities"]))
    assert classify(client, folder="trip")["total"] == 5
    ids = [image["id"] for image in images[:3]]
    chosen = classify(client, ids=ids, none=False)
    assert [image["id"] for image in chosen["images"]] == ids and chosen["none"] is None
    assert classify(client, ids=[])["images"] == []


def test_a_shipped_set_of_labels(client: TestClient) -> None:
    found = classify(client, labels=[], set="styles", language="vi", limit=1)
    assert "tranh sơn dầu" in found["labels"]
    assert "styles" in classify(client, 422, labels=[], set="nothing")["detail"]


def test_shipped_labels_have_english_words_for_an_english_encoder(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vietnamese templates stood around translated words: “đây là a watercolour painting”."""
    read: list[str] = []
    encode = PixelEncoder.encode_texts

    def recorded(self: PixelEncoder, texts: Sequence[str], **options: Any) -> Any:
        read.extend(texts)
        return encode(self, texts, **options)

    monkeypatch.setattr(PixelEncoder, "encode_texts", recorded)
    found = classify(client, labels=[], set="styles", language="vi", limit=1)
    assert "tranh màu nước" in found["labels"]
    assert "this is a watercolour painting." in read
    assert not [text for text in read if "tranh" in text or "đây" in text]


def test_pictures_that_were_deleted_meanwhile_hold_up_no_others(client: TestClient) -> None:
    ids = [image["id"] for image in classify(client)["images"]]
    some = classify(client, ids=["gone", *ids[:2], "gone too", ids[2]], limit=3)
    assert [image["id"] for image in some["images"]] == ids[:2] and some["next"] == 3
    body = {"among": ["cat"], "pictures": {"gone": ["cat"], ids[0]: ["cat"]}}
    assert client.post("/api/tags", json=body).json()["changed"] == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"labels": []}, "bad-query"),
        ({"labels": ["cat", "cat"]}, "bad-query"),
        ({"labels": ["cat", "\ud83d"]}, "bad-query"),
        ({"labels": [f"label {n}" for n in range(1001)]}, "too-many-labels"),
        ({"labels": ["word " * 500]}, "text-too-long"),
        ({"ids": ["nothing"]}, "unknown-picture"),
        ({"folder": "nowhere"}, "unknown-folder"),
        ({"limit": 0}, "invalid-request"),
    ],
)
def test_what_cannot_be_sorted(client: TestClient, wanted: dict, code: str) -> None:
    body = json.dumps({"labels": ["cat"], **wanted})  # httpx sends no half letters
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/gallery/classify", content=body, headers=headers)
    assert answer.status_code in (404, 422) and answer.json()["code"] == code, answer.text


def test_tags_are_kept_narrow_a_search_and_survive_a_rename(
    client: TestClient, tmp_path: Path
) -> None:
    images = classify(client)["images"]
    ids = [image["id"] for image in images]
    body = {"among": ["cat", "dog"], "pictures": {ids[0]: ["cat"], ids[1]: ["dog"]}}
    kept = client.post("/api/tags", json=body).json()
    assert kept == {
        "tags": [{"tag": "cat", "count": 1}, {"tag": "dog", "count": 1}], "changed": 2,
    }  # fmt: skip
    assert client.get(f"/api/images/{ids[0]}/info").json()["tags"] == ["cat"]
    found = client.post("/api/search", data={"query": "x", "tag": "cat", "k": 8}).json()
    assert [hit["id"] for hit in found["results"]] == [ids[0]] and found["considered"] == 1
    # Sorted again: one of the same labels goes, tags of other sortings stay.
    client.post("/api/tags", json={"among": ["red"], "pictures": {ids[0]: ["red"]}})
    client.post("/api/tags", json={"among": ["cat", "dog"], "pictures": {ids[0]: ["dog"]}})
    assert client.get(f"/api/images/{ids[0]}/info").json()["tags"] == ["red", "dog"]
    assert client.post("/api/search", data={"query": "x", "tag": "cat"}).json()["results"] == []
    again = client.post("/api/tags", json={"among": ["dog"], "pictures": {ids[0]: ["dog"]}})
    assert again.json()["changed"] == 0
    before = next(image for image in images if image["id"] == ids[0])
    file = tmp_path / "pictures" / before["path"]
    file.rename(file.with_name("renamed.png"))
    with TestClient(create_app(build(tmp_path)), base_url="http://127.0.0.1:8001") as later:
        found = later.post("/api/search", data={"query": "x", "tag": "red"}).json()["results"]
    assert [hit["path"] for hit in found] == [f"{before['folder']}/renamed.png"]
    assert not list((tmp_path / "pictures").rglob("*.jsonl"))


def test_a_tag_narrows_the_gallery_and_what_is_sorted(client: TestClient) -> None:
    ids = [image["id"] for image in classify(client)["images"]]
    spelled = unicodedata.normalize("NFD", "mèo")
    given = {ids[0]: [spelled], ids[3]: [spelled]}
    client.post("/api/tags", json={"among": [spelled], "pictures": given})

    def tagged(**more: object) -> dict:
        wanted = {"order": "newest", "tag": "mèo", **more}
        return client.get("/api/gallery", params=wanted).json()

    page = tagged(limit=1)
    assert (page["total"], [each["id"] for each in page["images"]]) == (2, [ids[0]])
    page = tagged(limit=1, cursor=page["next"])
    assert ([each["id"] for each in page["images"]], page["next"]) == ([ids[3]], None)
    assert tagged(around=ids[3])["around_offset"] == 1
    assert tagged(around=ids[1])["code"] == "invalid-request"
    assert tagged(tag="dog")["total"] == 0
    assert [each["id"] for each in classify(client, tag="mèo")["images"]] == [ids[0], ids[3]]
    client.post("/api/tags", json={"among": ["mèo"], "pictures": {ids[0]: []}})
    assert tagged()["total"] == 1


def test_tags_that_cannot_be_kept(client: TestClient, tmp_path: Path) -> None:
    for body, code in (
        ({"among": [" "], "pictures": {}}, "invalid-request"),
        ({"among": ["x" * 201], "pictures": {}}, "text-too-long"),
        ({"among": ["x"], "pictures": {"nothing": ["x"]}}, "unknown-picture"),
    ):
        assert client.post("/api/tags", json=body).json()["code"] == code
    engine = build(tmp_path)
    app = create_app(engine, ApiConfig(read_only=True))
    with TestClient(app, base_url="http://127.0.0.1:8001") as closed:
        answer = closed.post("/api/tags", json={"among": ["x"], "pictures": {}})
    assert (answer.status_code, answer.json()["code"]) == (403, "read-only")


def test_a_torn_line_of_tags_is_passed_over(tmp_path: Path) -> None:
    tags = Tags(tmp_path)
    assert tags.put({"a": ["x"], "b": ["x", "other"]}, ["x"]) == 2
    with (tmp_path / TAGS).open("ab") as stream:
        stream.write(b'{"hash": "a", "tags": [')
    assert (tags.of("a"), tags.tagged("x")) == (("x",), ["a", "b"])
    assert tags.put({"a": []}, ["x"]) == 1
    assert tags.of("a") == () and Tags(tmp_path).all() == {"x": ["b"]}
    lines = [line for line in (tmp_path / TAGS).read_text().splitlines() if line.endswith("}")]
    assert all(json.loads(line)["when"] for line in lines)
