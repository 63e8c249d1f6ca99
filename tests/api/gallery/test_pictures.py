"""Adding, deleting, similar pictures, vectors, steering, and the pages about the API itself."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.errors import DictionaryDamagedError
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    encoder = PixelEncoder()
    build_dictionary(make_pictures(tmp_path / "g", 12), encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with local(engine) as client:
        yield client


def local(engine: SearchEngine, config: ApiConfig | None = None) -> TestClient:
    return TestClient(create_app(engine, config), base_url="http://127.0.0.1:8001")


def picture(seed: int = 99, kind: str = "PNG") -> bytes:
    out = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(pixels).resize((60, 60)).save(out, kind)
    return out.getvalue()


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


# --- what may not be


def test_a_gallery_served_read_only_stays_as_it_is(engine: SearchEngine) -> None:
    id = engine.dictionary.item(0).id
    with local(engine, ApiConfig(read_only=True)) as client:
        for answer in (
            client.post("/api/images", files={"file": ("x.png", picture())}),
            client.delete(f"/api/images/{id}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "read-only")
        assert client.get("/health").json()["read_only"] is True
    assert len(engine.dictionary) == 12


def test_one_bad_picture_among_good_ones_is_named_and_leaves_nothing_behind(
    client: TestClient, engine: SearchEngine
) -> None:
    before = files_in(engine.dictionary.gallery)
    files = [("file", ("a.png", picture())), ("file", ("b.png", picture(1)[:60]))]
    answer = client.post("/api/images", files=files)
    assert answer.status_code == 201 and answer.json()["added"] == 1
    assert [one["name"] for one in answer.json()["skipped"]] == ["b.png"]
    assert (
        files_in(engine.dictionary.gallery) == before | {"a.png"} and len(engine.dictionary) == 13
    )


def test_an_encoder_that_fails_leaves_nothing_behind(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pixels: object) -> None:
        raise RuntimeError("out of memory")

    before = files_in(engine.dictionary.gallery)
    monkeypatch.setattr(engine.encoder, "encode_prepared", broken)
    answer = client.post("/api/images", files={"file": ("a.png", picture())})
    assert answer.status_code == 500
    assert files_in(engine.dictionary.gallery) == before


def test_what_is_wrong_on_the_server_names_no_folder(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise DictionaryDamagedError("/srv/photos/vectors/manifest.json is cut short.")

    monkeypatch.setattr(engine.dictionary, "search", damaged)
    answers = [client.post(f"/api/search{way}", data={"query": "a"}) for way in ("", "/stream")]
    assert all("dictionary-damaged" in one.text for one in answers)
    assert not any("/srv/photos" in one.text for one in answers)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_unknown_ids_are_404(client: TestClient, method: str) -> None:
    path = "/api/images/nope" + ("/similar" if method == "get" else "")
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-picture")


def test_a_program_that_only_claims_to_be_a_picture_is_refused(client: TestClient) -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    answer = client.post("/api/search", files={"file": ("x.jpg", eps)})
    assert (answer.status_code, answer.json()["code"]) == (415, "unreadable-picture")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}],
)
def test_without_a_key_no_web_page_may_use_it(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/search", data={"query": "a"}, headers=headers)
    assert answer.status_code == 403 and answer.json()["code"].startswith("foreign-")


# --- what is done


def test_an_added_picture_is_found_at_once_and_gone_when_deleted(
    client: TestClient, engine: SearchEngine
) -> None:
    content = picture()
    added = client.post("/api/images", files={"file": ("../../evil.sh", content)})
    assert added.status_code == 201
    body = added.json()
    assert (body["added"], body["known"], body["total"]) == (1, 0, 13)
    [item] = body["images"]
    assert item["added"] and item["path"].startswith("added/") and item["path"].endswith(".png")
    assert client.get(item["url"]).content == content
    found = client.post("/api/search", files={"file": ("x", content)}, data={"k": "1"}).json()
    assert found["results"][0]["id"] == item["id"] and found["results"][0]["score"] > 0.999
    again = client.post("/api/images", files={"file": ("other.png", content)}).json()
    assert (again["added"], again["known"], again["total"]) == (0, 1, 13)
    deleted = client.delete(item["url"]).json()
    assert deleted == {"id": item["id"], "total": 12, "undo_s": 600}
    assert client.get(item["url"]).status_code == 404
    assert not files_in(engine.dictionary.gallery / "added")
    # It is on disk, too: opening it again shows the same.
    assert len(VectorDictionary.open(engine.dictionary.folder)) == 12


def test_a_deleted_picture_of_the_gallery_keeps_its_file(
    client: TestClient, engine: SearchEngine
) -> None:
    item = engine.dictionary.item(3)
    assert client.delete(f"/api/images/{item.id}").json()["total"] == 11
    assert (engine.dictionary.gallery / item.path).is_file()


def test_a_known_picture_of_the_gallery_is_not_added_twice(
    client: TestClient, engine: SearchEngine
) -> None:
    item = engine.dictionary.item(5)
    content = (engine.dictionary.gallery / item.path).read_bytes()
    body = client.post("/api/images", files={"file": ("copy.png", content)}).json()
    assert (body["known"], body["total"], body["images"][0]["id"]) == (1, 12, item.id)


def test_similar_pictures_are_the_nearest_without_itself(
    client: TestClient, engine: SearchEngine
) -> None:
    vectors = np.asarray(engine.dictionary.vectors)
    wanted = [row for row in np.argsort(-(vectors @ vectors[4]), kind="stable") if row != 4][:5]
    body = client.get(f"/api/images/{engine.dictionary.item(4).id}/similar?k=5").json()
    assert body["picture"]["id"] == engine.dictionary.item(4).id
    assert [hit["id"] for hit in body["results"]] == [engine.dictionary.item(r).id for r in wanted]
    everything = client.get(f"/api/images/{engine.dictionary.item(4).id}/similar?k=100").json()
    assert len(everything["results"]) == 11


def test_vectors_come_out_as_the_encoder_makes_them(
    client: TestClient, engine: SearchEngine
) -> None:
    body = client.post(
        "/api/embed", data={"query": "a dog"}, files={"file": ("x.png", picture())}
    ).json()
    assert (body["dim"], body["fingerprint"]) == (24, engine.encoder.fingerprint)
    assert body["text_fingerprint"] == engine.encoder.text_fingerprint
    np.testing.assert_allclose(body["text"], engine.encoder.encode_texts(["a dog"])[0], atol=1e-6)
    assert np.linalg.norm(body["images"][0]) == pytest.approx(1, abs=1e-5)
    assert client.post("/api/embed").json()["code"] == "empty-query"


def test_liked_pictures_pull_and_disliked_ones_push(
    client: TestClient, engine: SearchEngine
) -> None:
    ids = [engine.dictionary.item(row).id for row in range(12)]
    liked = client.post("/api/search", data={"like": ids[7], "k": "12"}).json()["results"]
    assert liked[0]["id"] == ids[7] and liked[0]["score"] == pytest.approx(1, abs=1e-5)

    def score(form: dict[str, str], id: str) -> float:
        answer = client.post("/api/search", data={"query": "dog", "k": "12", **form}).json()
        return next(hit["score"] for hit in answer["results"] if hit["id"] == id)

    assert score({"like": ids[2]}, ids[2]) > score({}, ids[2]) > score({"unlike": ids[2]}, ids[2])
    text = client.post("/api/search", data={"query": "dog", "without": "dog"})
    assert text.status_code == 200
    unknown = client.post("/api/search", data={"query": "dog", "like": "nope"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-picture")


def test_hits_have_a_class_once_the_gallery_was_measured(tmp_path: Path) -> None:
    import time

    encoder = PixelEncoder()
    gallery = make_pictures(tmp_path / "g", 40)
    build_dictionary(gallery, encoder, tmp_path / "i", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    own = (gallery / engine.dictionary.item(0).path).read_bytes()
    with TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001") as client:
        until = time.monotonic() + 20
        while engine.calibration.get(engine.dictionary) is None and time.monotonic() < until:
            time.sleep(0.01)
        strong = client.post("/api/search", files={"file": ("x", own)}).json()
        assert strong["query"]["weak"] is False
        assert strong["results"][0]["closeness"] == "very"
        events = client.post("/api/search/stream", data={"query": "dog"}).text
        assert '"closeness":"' in events and '"weak":' in events


def test_the_page_about_the_api_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert "/api/search/stream" in page.text and "without" in page.text
    assert "<script" not in page.text and "//" not in page.text.replace("<!doctype", "")
    assert client.get("/redoc").status_code == 404


def test_metrics_name_stages_and_routes(client: TestClient) -> None:
    client.post("/api/search", data={"query": "dog"})
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert 'timanh_stage_seconds_count{stage="encode"} 1.0' in text
    assert 'timanh_requests_total{method="POST",route="/api/search",status="200"} 1.0' in text
    assert "nowhere" not in text  # names that strangers choose would fill the memory
    assert "timanh_pictures 12.0" in text
